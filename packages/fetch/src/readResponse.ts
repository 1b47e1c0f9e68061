import { type ResponseFacts, readBody, rootFields } from '@latchkey/core';
import { parse } from 'graphql';

type Operation = Pick<ResponseFacts, 'kind' | 'operation' | 'rootFields'>;

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

/** The operation of a request, looked at only when it was refused. What is no query for sure may have done something. */
export async function readOperation(input: RequestInfo | URL, init: RequestInit): Promise<Operation> {
  const request = input instanceof Request ? input : undefined;
  const method = init.method ?? request?.method ?? 'GET';
  if (method === 'GET' || method === 'HEAD') return { kind: 'query' };
  const body = init.body ?? (await request?.clone().text());
  const requests = typeof body === 'string' ? parsed(body) : undefined;
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
    const fields = () => rootFields(document, operationName);
    return { kind: operation?.operation ?? 'unknown', operation: query, rootFields: fields };
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
