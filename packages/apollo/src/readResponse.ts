import type { ApolloLink } from '@apollo/client';
import { PROTOCOL_ERRORS_SYMBOL, ServerError, ServerParseError } from '@apollo/client/errors';
import { type GraphQLErrorLike, readBody } from '@latchkey/core/adapter';

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
  readonly extensions?: { readonly [PROTOCOL_ERRORS_SYMBOL]?: { readonly errors?: unknown } | null } | null;
  readonly incremental?: unknown;
  readonly completed?: unknown;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The errors of a payload, wherever this client keeps them: multipart subscriptions and `@defer` have places of their own. */
function errorsOf({ errors, extensions, incremental, completed }: Payload): Errors | undefined {
  const transport = extensions?.[PROTOCOL_ERRORS_SYMBOL]?.errors;
  if (!transport && !incremental && !completed) return Array.isArray(errors) ? errors : undefined;
  const parts = [...list(incremental), ...list(completed)].flatMap(part => list((part as Payload | null)?.errors));
  return [...list(errors), ...list(transport), ...parts] as Errors;
}

type WithResponse = { readonly response?: Response };

/**
 * Reads an answer that came as a result. Its status matters where it has errors or no data: a 401 may come as
 * `application/graphql-response+json`. `receives`: its headers matter, too.
 */
export function readResult(
  answer: Answer,
  operation: ApolloLink.Operation,
  result: ApolloLink.Result,
  receives: boolean,
): void {
  const payload = (result ?? {}) as Payload;
  const errors = errorsOf(payload);
  const hasOddErrors = payload.errors != null && !Array.isArray(payload.errors); // some servers send a string
  const isGood = !errors?.length && !hasOddErrors && payload.data != null;
  answer.data = payload.data;
  answer.errors = errors;
  answer.body = hasOddErrors ? result : undefined;
  answer.failure = undefined;
  answer.http = isGood && !receives ? undefined : (operation.getContext() as WithResponse).response;
}

/** Reads an answer that came as an error: any status but 2xx, or a body that is not GraphQL. */
export function readError(answer: Answer, error: unknown): void {
  const { response, errors } = (error ?? {}) as WithResponse & { readonly errors?: Errors };
  const body = ServerError.is(error) || ServerParseError.is(error) ? readBody(error.bodyText) : undefined;
  answer.data = body?.data;
  answer.errors = body && 'errors' in body ? body.errors : errors;
  answer.body = body?.body;
  answer.http = response;
  answer.failure = response ? undefined : error;
}
