import { type ResponseFacts, readBody, rootFields } from '@latchkey/core';
import { parse } from 'graphql';

type Operation = Pick<ResponseFacts, 'kind' | 'rootFields'>;

interface GraphQLRequest {
  readonly query?: unknown;
  readonly operationName?: string;
}

/** By the type alone: a parameter may say anything, and `application/json-seq` is a stream. */
const isJson = (response: Response) => /^[^;,]*[/+]json\s*(?:[;,]|$)/i.test(response.headers.get('content-type') ?? '');
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A request as it is told from others, read without parsing it. */
export interface Asked {
  readonly method: string;
  readonly body: string;
  /** Method, address and documents. Of variables it has only what is in the address: they may be secret. */
  readonly operation: string;
}

/** A document in a body, or what stands for a persisted one. */
const documents = /"(?:query|sha256Hash|documentId)"\s*:\s*"[^"\\]*(?:\\.[^"\\]*)*"/g;

export async function readRequest(input: RequestInfo | URL, init: RequestInit): Promise<Asked> {
  const request = input instanceof Request ? input : undefined;
  const method = init.method ?? request?.method ?? 'GET';
  const url = request?.url ?? String(input as string | URL);
  const content = init.body ?? (await request?.clone().text());
  const body = typeof content === 'string' ? content : '';
  return { method, body, operation: [method, url, ...(body.match(documents) ?? [])].join(' ') };
}

/** What was asked for, looked at only when it was refused. What is no query for sure may have done something. */
export function readOperation({ method, body }: Asked): Operation {
  if (method === 'GET' || method === 'HEAD') return { kind: 'query' };
  const requests = parsed(body);
  if (!Array.isArray(requests)) return operationOf(requests);
  const isOfQueries = requests.length > 0 && requests.every(one => operationOf(one).kind === 'query');
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
  const { status, headers } = response;
  const facts = { status, challenge: headers.get('www-authenticate'), response: () => response };
  if (!isJson(response)) return facts;
  const { body, ...answer } = readBody(await response.clone().text());
  const mayRefuse = !response.ok || (isObject(body) && 'errors' in body); // some servers send a text for errors
  return { ...facts, ...answer, ...(mayRefuse && { body }) };
}
