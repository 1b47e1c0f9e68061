import { type GraphQLErrorLike, readBody, readParsedBody } from '@latchkey/core/adapter';
import type { HasContext } from './attach.ts';

type Errors = readonly GraphQLErrorLike[];

/** What is kept of an answer while it is judged. */
export interface Answer {
  data: unknown;
  errors: Errors | undefined;
  body: unknown;
  /** The HTTP response, where it matters. */
  http: Partial<Response> | undefined;
  /** What fetch or a socket has thrown in place of a response. */
  failure: unknown;
}

/** An answer. Servers send anything: no field is certain. */
interface Payload {
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly extensions?: object | null;
  readonly incremental?: unknown;
  readonly completed?: unknown;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * The errors of a multipart transport: Apollo Client keeps them in `extensions`, under a symbol that each of its copies has for
 * itself; version 3 as a list, version 4 as an error that has one.
 */
const transportErrors = (extensions: object): readonly unknown[] =>
  Object.getOwnPropertySymbols(extensions).flatMap(symbol => {
    const kept = (extensions as { readonly [symbol: symbol]: Payload | null })[symbol];
    return list(kept?.errors ?? kept);
  });

/** The errors of a payload, wherever this client keeps them: multipart subscriptions and `@defer` have places of their own. */
function errorsOf({ errors, extensions, incremental, completed }: Payload): Errors | undefined {
  const transport = extensions && transportErrors(extensions);
  if (!transport?.length && !incremental && !completed) return Array.isArray(errors) ? errors : undefined;
  const parts = [...list(incremental), ...list(completed)].flatMap(part => list((part as Payload | null)?.errors));
  return [...list(errors), ...list(transport), ...parts] as Errors;
}

/** An error of a link. Its body is text in Apollo Client 4, and parsed in version 3, if it is JSON. */
interface LinkError {
  readonly response?: Response;
  readonly bodyText?: unknown;
  readonly result?: unknown;
  readonly errors?: Errors;
  readonly graphQLErrors?: Errors;
}

/**
 * Reads an answer that came as a result. Its status matters where it has errors or no data: a 401 may come as
 * `application/graphql-response+json`. `receives`: its headers matter, too.
 */
export function readResult(answer: Answer, operation: HasContext, result: object | null, receives: boolean): void {
  const payload = (result ?? {}) as Payload;
  const errors = errorsOf(payload);
  const hasOddErrors = payload.errors != null && !Array.isArray(payload.errors); // some servers send a string
  const isGood = !errors?.length && !hasOddErrors && payload.data != null;
  answer.data = payload.data;
  answer.errors = errors;
  answer.body = hasOddErrors ? result : undefined;
  answer.failure = undefined;
  answer.http = isGood && !receives ? undefined : operation.getContext().response;
}

/** Reads an answer that came as an error: any status but 2xx, or a body that is not GraphQL. */
export function readError(answer: Answer, error: unknown): void {
  const { response, bodyText, result, errors, graphQLErrors } = (error ?? {}) as LinkError;
  const parsed = result === undefined ? undefined : readParsedBody(result);
  const body = typeof bodyText === 'string' ? readBody(bodyText) : parsed;
  answer.data = body?.data;
  answer.errors = body && 'errors' in body ? body.errors : (errors ?? graphQLErrors);
  answer.body = body?.body;
  answer.http = response;
  answer.failure = response ? undefined : error;
}
