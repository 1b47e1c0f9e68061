import { type ResponseFacts, readDocument } from '@latchkey/core/adapter';
import { parse } from 'graphql';
import type { FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import type { AuthSocket } from './authSocket.ts';

export type Result = FormattedExecutionResult<never, never>;

/** An operation on one socket. */
export interface Run {
  readonly socket: AuthSocket;
  leave?: (() => void) | undefined;
}

/** One operation, from its subscription to its end. It runs on one socket after the other. */
export interface Operation {
  readonly payload: SubscribePayload;
  readonly sink: Sink<Result>;
  /** The session that it belongs to; `undefined`: nobody's. */
  session: string | undefined;
  /** `undefined`: it waits for a socket, or is over. */
  run?: Run | undefined;
  /** Data came since it was sent, or sent again after a refusal. */
  hasData?: boolean;
  /** It was refused and sent again, and no data has come since. */
  retried?: boolean;
}

/** What its document states. It is read where that matters, which is seldom. */
export const documentOf = ({ payload: { query, operationName } }: Operation): Pick<ResponseFacts, 'kind'> =>
  readDocument(parse, query, operationName);

/** Whether it goes on until somebody ends it. What has a part of its answer and no document does. */
export function isStream(operation: Operation): boolean {
  const { kind } = documentOf(operation);
  return kind === 'subscription' || (kind === 'unknown' && operation.hasData === true);
}
