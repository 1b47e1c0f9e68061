import { headFacts, type ResponseFacts, readBody, readDocument, readJson } from '@latchkey/core/adapter';
import { parse as parseDocument } from 'graphql';
import { isRequest } from './attach.ts';

type Operation = Pick<ResponseFacts, 'kind' | 'rootFields'>;

interface GraphQLRequest {
  readonly query?: unknown;
  readonly operationName?: string;
}

interface PersistedRequest extends GraphQLRequest {
  readonly documentId?: unknown;
  readonly doc_id?: unknown;
  readonly id?: unknown;
  readonly extensions?: { readonly persistedQuery?: { readonly sha256Hash?: unknown } | null } | null;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** A request, as far as it is read. */
export interface SentRequest {
  readonly method: string;
  /** Its JSON body. */
  readonly body: unknown;
  /** Method, URL and documents. No variables but those in the URL: they may be secret. */
  readonly operation: string;
}

/** The document of a request, or the id of a persisted one. */
function documentOf(request: unknown): unknown {
  const { query, documentId, doc_id, id, extensions } = (isObject(request) ? request : {}) as PersistedRequest;
  return query ?? documentId ?? doc_id ?? id ?? extensions?.persistedQuery?.sha256Hash;
}

/** Types whose body may hold a document; that of a file is not read. */
const isTextType = (type: string | null) => /^text\/|[/+]json\b/i.test(type ?? '');

/** The part of a body that may hold a document, where it can be read synchronously. @see https://github.com/jaydenseric/graphql-multipart-request-spec */
function readNow(body: RequestInit['body']): string {
  if (body instanceof URLSearchParams) return JSON.stringify(Object.fromEntries(body));
  const value = body instanceof FormData ? body.get?.('operations') : body; // React Native's has no get
  return typeof value === 'string' ? value : '';
}

/** A request as far as it can be read synchronously: the body of a `Request` is a stream. */
export function sentRequest(
  input: RequestInfo | URL,
  init: RequestInit,
  content: string = readNow(init.body),
): SentRequest {
  const request = isRequest(input) ? input : undefined;
  const method = (init.method ?? request?.method ?? 'GET').toUpperCase(); // fetch takes `get`, too
  const url = request?.url ?? String(input as string | URL);
  const body = parse(content);
  const documents = (Array.isArray(body) ? body : [body]).map(documentOf);
  return { method, body, operation: [method, url, ...documents].join(' ') };
}

/** A longer one is a file rather than a document. */
const longestDocument = 1_000_000;

/** A `Request` does not show whether its body is a stream: one that takes longer than this is not read. */
const longestReadMs = 1_000;

/** The part of a body that may hold a document, where reading it takes time. */
async function readLater(input: RequestInfo | URL, { body }: RequestInit): Promise<string | undefined> {
  if (body instanceof Blob) return isTextType(body.type) && body.size < longestDocument ? body.text?.() : undefined; // React Native's lacks it
  if (body || !isRequest(input) || !isTextType(input.headers.get('content-type'))) return undefined;
  let timer: unknown;
  const late = new Promise<undefined>(resolve => (timer = setTimeout(resolve, longestReadMs)));
  return Promise.race([input.clone().text(), late]).finally(() => clearTimeout(timer as number));
}

/** The whole of a refused request. Called before the retry, because its body can be sent once. */
export async function readRequest(input: RequestInfo | URL, init: RequestInit): Promise<SentRequest> {
  return sentRequest(input, init, await readLater(input, init));
}

/** The operation of a refused request. Anything but a certain query may have had an effect. */
export function readOperation({ method, body }: SentRequest): Operation {
  if (method === 'GET' || method === 'HEAD') return { kind: 'query' };
  if (!Array.isArray(body)) return operationOf(body);
  const isOfQueries = body.length > 0 && body.every(one => operationOf(one).kind === 'query');
  return { kind: isOfQueries ? 'query' : 'unknown' };
}

function operationOf(request: unknown): Operation {
  const { query, operationName } = (isObject(request) ? request : {}) as GraphQLRequest;
  return typeof query === 'string' ? readDocument(parseDocument, query, operationName) : { kind: 'unknown' };
}

export type Answer = Omit<ResponseFacts, 'sent' | 'kind'>;

/** The answer and its facts. Its body is read where it is JSON, whatever the status; a stream is never read. */
export async function readAnswer(response: Response): Promise<readonly [Response, Answer]> {
  const facts = { ...headFacts(response), response: () => response };
  const [text, given] = await readJson(response);
  if (text === undefined) return [given, facts];
  const { body, ...answer } = readBody(text);
  const mayRefuse = !response.ok || (isObject(body) && 'errors' in body); // some servers send a string
  return [given, { ...facts, ...answer, ...(mayRefuse && { body }) }];
}
