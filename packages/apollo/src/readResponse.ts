import type { ApolloLink } from '@apollo/client';
import { PROTOCOL_ERRORS_SYMBOL, ServerError, ServerParseError } from '@apollo/client/errors';
import { type GraphQLErrorLike, type ResponseFacts, rootFields } from '@latchkey/core';

type Errors = readonly GraphQLErrorLike[];
/** What is known of an attempt before its answer. */
export type Attempt = Pick<ResponseFacts, 'sent' | 'repeated' | 'delivered'>;

/** An answer, as servers send it: nothing about it is sure. */
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

const isAnswer = (body: unknown): body is Payload =>
  typeof body === 'object' && body !== null && ('data' in body || ('errors' in body && Array.isArray(body.errors)));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function factsOf(
  operation: ApolloLink.Operation,
  { sent, repeated, delivered }: Attempt,
  answer: Payload,
): ResponseFacts {
  return {
    sent,
    repeated,
    delivered,
    kind: operation.operationType,
    operation: operation.query,
    rootFields: () => rootFields(operation.query, operation.operationName),
    response: () => operation.getContext().response as Response | undefined,
    data: answer.data,
    errors: errorsOf(answer),
  };
}

/** An answer that came as a result. Its status matters only beside errors: a 401 may come as `application/graphql-response+json`. */
export function readResult(
  operation: ApolloLink.Operation,
  attempt: Attempt,
  result: ApolloLink.Result,
): ResponseFacts {
  const { errors } = result as Payload;
  const facts = factsOf(operation, attempt, result as Payload);
  const isOdd = errors != null && !Array.isArray(errors); // some servers send a text for errors
  if (!facts.errors?.length && !isOdd) return facts;
  const { response } = operation.getContext() as { readonly response?: Response };
  return {
    ...facts,
    ...(isOdd && { body: result }),
    status: response?.status,
    challenge: response?.headers?.get('www-authenticate'),
  };
}

/** An answer that came as an error: any status but 2xx, or a body that is no GraphQL. */
export function readError(operation: ApolloLink.Operation, attempt: Attempt, error: unknown): ResponseFacts {
  const body = ServerError.is(error) || ServerParseError.is(error) ? parse(error.bodyText) : undefined;
  const { response, errors } = (error ?? {}) as { readonly response?: Partial<Response>; readonly errors?: Errors };
  return {
    ...factsOf(operation, attempt, isAnswer(body) ? body : { ...(Array.isArray(errors) && { errors }) }),
    ...(!isAnswer(body) && { body }),
    status: response?.status,
    challenge: response?.headers?.get('www-authenticate'),
  };
}
