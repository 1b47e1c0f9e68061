import { TokenError } from '@latchkey/core';
import type { Adapter, Answer } from './adapter.ts';

/** The code of the `TokenError` with which an operation failed; any other error unchanged. */
export function errorCode(adapter: Adapter, answer: Answer): unknown {
  const error = adapter.tokenErrorOf(answer);
  return TokenError.is(error) ? error.code : error;
}
