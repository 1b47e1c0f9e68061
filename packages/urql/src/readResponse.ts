import type { BodyFacts, GraphQLErrorLike } from '@latchkey/core/adapter';
import type { CombinedError, OperationResult } from '@urql/core';

type Errors = readonly (GraphQLErrorLike & { readonly originalError?: unknown })[];

/** What is kept of an answer while it is judged. */
export interface Answer {
  data: unknown;
  errors: readonly GraphQLErrorLike[] | undefined;
  http: Response | undefined;
  /** The body of a response that is not good, or without a response what fetch or a socket has thrown. */
  otherAnswer: unknown;
  /** The errors that were delivered before: results of a stream keep them. */
  readonly delivered: boolean;
  readonly deliveredErrors: CombinedError['graphQLErrors'] | undefined;
}

/** The server's error: this client makes one of its own from it, without the fields next to `extensions`. */
function originalOf(error: Errors[number]): GraphQLErrorLike {
  const { message, originalError } = error;
  if (typeof message === 'object' && message) return message; // the server's had none
  const original = originalError as GraphQLErrorLike | undefined;
  return original?.message ? original : error;
}

const hasOriginal = ({ message, originalError }: Errors[number]) =>
  originalError !== undefined || typeof message === 'object';
const without = (errors: Errors, delivered: Errors) => errors.filter(error => !delivered.includes(error));

/** The errors that were not delivered before; the same list where nothing changes, because it may have to wait. */
function newErrors(errors: Errors, delivered: Errors | undefined): readonly GraphQLErrorLike[] {
  const fresh = delivered ? without(errors, delivered) : errors;
  return fresh.some(hasOriginal) ? fresh.map(originalOf) : fresh;
}

/** Reads a result into the facts of the attempt. */
export function readResponse(answer: Answer, { data, error }: OperationResult): void {
  if (error?.response) answer.http = error.response as Response;
  if (!answer.http) answer.otherAnswer = error?.networkError;
  const body = answer.http && (answer.otherAnswer as BodyFacts | undefined);
  answer.data = body ? body.data : data;
  answer.errors = body ? body.errors : error && newErrors(error.graphQLErrors ?? [], answer.deliveredErrors); // an exchange may make any error
}
