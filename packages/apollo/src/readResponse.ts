import type { ApolloLink } from '@apollo/client';
import { PROTOCOL_ERRORS_SYMBOL, ServerError, ServerParseError } from '@apollo/client/errors';
import { type GraphQLErrorLike, headFacts, type ResponseFacts, readBody, rootFields } from '@latchkey/core';

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

type WithResponse = { readonly response?: Response };
const responseOf = (operation: ApolloLink.Operation) => (operation.getContext() as WithResponse).response;

/** What a refusal needs to be known beside its errors. */
function refusalOf(operation: ApolloLink.Operation, response: Partial<Response> | undefined): Partial<ResponseFacts> {
  return {
    rootFields: () => rootFields(operation.query, operation.operationName),
    ...headFacts(response),
  };
}

/**
 * An answer that came as a result. Its status matters where it has errors or no data: a 401 may come as
 * `application/graphql-response+json`. `receives`: its headers are wanted, too.
 */
export function readResult(
  operation: ApolloLink.Operation,
  { sent, repeated, delivered }: Attempt,
  result: ApolloLink.Result,
  receives: boolean,
): ResponseFacts {
  const payload = result as Payload;
  const errors = errorsOf(payload);
  const isOdd = payload.errors != null && !Array.isArray(payload.errors); // some servers send a text for errors
  const facts: ResponseFacts = {
    sent,
    repeated,
    delivered,
    kind: operation.operationType,
    operation: operation.query,
    data: payload.data,
    errors,
    response: receives ? () => responseOf(operation) : undefined,
  };
  if (!errors?.length && !isOdd && payload.data != null) return facts;
  return { ...facts, ...refusalOf(operation, responseOf(operation)), ...(isOdd && { body: result }) };
}

/** An answer that came as an error: any status but 2xx, or a body that is no GraphQL. */
export function readError(
  operation: ApolloLink.Operation,
  { sent, repeated, delivered }: Attempt,
  error: unknown,
): ResponseFacts {
  const isOfServer = ServerError.is(error) || ServerParseError.is(error);
  const { response, errors } = (error ?? {}) as { readonly response?: Response; readonly errors?: Errors };
  return {
    sent,
    repeated,
    delivered,
    kind: operation.operationType,
    operation: operation.query,
    errors,
    response: response && (() => response),
    ...refusalOf(operation, response),
    ...(isOfServer && readBody(error.bodyText)),
  };
}
