import { headFacts, type ResponseFacts, readBody, rootFields } from '@latchkey/core';
import { parse } from 'graphql';
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

/** By the type alone: a parameter may say anything, and `application/json-seq` is a stream. */
const isJson = ({ headers }: Request | Response) =>
  /^[^;,]*[/+]json\s*(?:[;,]|$)/i.test(headers.get('content-type') ?? '');
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A request as it is told from others. */
export interface Asked {
  readonly method: string;
  /** Its JSON body. */
  readonly body: unknown;
  /** Method, address and documents. Of variables it has only what is in the address: they may be secret. */
  readonly operation: string;
}

/** The document of a request, or what stands for a persisted one. */
function documentOf(request: unknown): unknown {
  const { query, documentId, doc_id, id, extensions } = (isObject(request) ? request : {}) as PersistedRequest;
  return query ?? documentId ?? doc_id ?? id ?? extensions?.persistedQuery?.sha256Hash;
}

/** Types whose body may be a document; a file's, say, is not read. */
const isTextType = (type: string | null) => /^text\/|[/+]json\b/i.test(type ?? '');

/** What of a body is a document, where it is at hand. @see https://github.com/jaydenseric/graphql-multipart-request-spec */
function textAtHand(body: RequestInit['body']): string {
  if (body instanceof URLSearchParams) return JSON.stringify(Object.fromEntries(body));
  const text = body instanceof FormData ? body.get?.('operations') : body; // React Native's has no get
  return typeof text === 'string' ? text : '';
}

/** A request as far as it is at hand: the body of a `Request` is a stream. */
export function requestIn(input: RequestInfo | URL, init: RequestInit, text: string = textAtHand(init.body)): Asked {
  const request = isRequest(input) ? input : undefined;
  const method = init.method ?? request?.method ?? 'GET';
  const url = request?.url ?? String(input as string | URL);
  const body = parsed(text);
  const documents = (Array.isArray(body) ? body : [body]).map(documentOf);
  return { method, body, operation: [method, url, ...documents].join(' ') };
}

/** A longer one is a file rather than a document. */
const longestDocument = 1_000_000;

/** What of a body is a document that takes time to be read. */
async function laterText(input: RequestInfo | URL, { body }: RequestInit): Promise<string | undefined> {
  if (body instanceof Blob) return isTextType(body.type) && body.size < longestDocument ? body.text?.() : undefined; // React Native's has no text
  if (body || !isRequest(input)) return undefined;
  return isTextType(input.headers.get('content-type')) ? input.clone().text() : undefined;
}

/** The whole of a refused request; to be called before the repeat, because its body is sent once. */
export async function readRequest(input: RequestInfo | URL, init: RequestInit): Promise<Asked> {
  return requestIn(input, init, await laterText(input, init));
}

/** What was asked for, looked at only when it was refused. What is no query for sure may have done something. */
export function readOperation({ method, body }: Asked): Operation {
  if (method === 'GET' || method === 'HEAD') return { kind: 'query' };
  if (!Array.isArray(body)) return operationOf(body);
  const isOfQueries = body.length > 0 && body.every(one => operationOf(one).kind === 'query');
  return { kind: isOfQueries ? 'query' : 'unknown' };
}

function operationOf(request: unknown): Operation {
  const { query, operationName } = (isObject(request) ? request : {}) as GraphQLRequest;
  if (typeof query !== 'string') return { kind: 'unknown' };
  try {
    const document = parse(query, { noLocation: true });
    const operations = document.definitions.filter(definition => definition.kind === 'OperationDefinition');
    const operation = operationName ? operations.find(({ name }) => name?.value === operationName) : operations[0];
    return { kind: operation?.operation ?? 'unknown', rootFields: () => rootFields(document, operationName) };
  } catch {
    return { kind: 'unknown' };
  }
}

/** What the answer says. Its body is read where it is JSON, whatever the status; a stream's never is. */
export async function readAnswer(response: Response): Promise<Omit<ResponseFacts, 'sent' | 'kind'>> {
  const facts = { ...headFacts(response), response: () => response };
  if (!isJson(response)) return facts;
  const { body, ...answer } = readBody(await response.clone().text());
  const mayRefuse = !response.ok || (isObject(body) && 'errors' in body); // some servers send a text for errors
  return { ...facts, ...answer, ...(mayRefuse && { body }) };
}
