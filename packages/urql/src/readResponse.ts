import { type GraphQLErrorLike, headFacts, type ResponseFacts, rootFields } from '@latchkey/core';
import type { CombinedError, Operation, OperationResult } from '@urql/core';

/** What is known of an attempt before its answer. */
export interface Attempt extends Pick<ResponseFacts, 'sent' | 'repeated' | 'delivered' | 'response'> {
  /** The errors that were delivered: the results of a stream keep them, and they are not judged again. */
  readonly told?: CombinedError['graphQLErrors'] | undefined;
}

/** This client makes an error of its own from each of the server's; fields beside `extensions` are only on the original. */
function original(error: GraphQLErrorLike & { readonly originalError?: unknown }): GraphQLErrorLike {
  const given = error.originalError as GraphQLErrorLike | undefined;
  return given?.message ? given : error;
}

export function readResponse(operation: Operation, attempt: Attempt, { data, error }: OperationResult): ResponseFacts {
  const { sent, repeated, delivered, response, told } = attempt;
  const { kind, query } = operation as Operation & { readonly kind: ResponseFacts['kind'] };
  const facts: ResponseFacts = { sent, repeated, delivered, response, kind, operation: query, data };
  if (!error) return facts;
  return {
    ...facts,
    rootFields: () => rootFields(query),
    errors: error.graphQLErrors.filter(one => !told?.includes(one)).map(original),
    ...headFacts(error.response as Response | undefined),
  };
}
