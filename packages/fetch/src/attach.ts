import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders } from '@latchkey/core';

/** The headers that the caller gave: those of `init` replace those of a `Request`, as in fetch itself. */
const callersHeaders = (input: RequestInfo | URL, init: RequestInit): CallerHeaders | undefined =>
  (init.headers ?? (input instanceof Request ? input.headers : undefined)) as CallerHeaders | undefined;

/** Whether the caller brings a token of its own for this request. */
export function bringsOwnToken(input: RequestInfo | URL, init: RequestInit): boolean {
  return hasHeader(callersHeaders(input, init), 'authorization');
}

/**
 * What is sent with a token set's headers. Browsers take `Authorization` off when a redirect leads to another origin, and
 * only that: with any other header of ours a redirect is an error, unless the caller chose.
 */
export function attach(
  input: RequestInfo | URL,
  init: RequestInit,
  ours: TokenHeaders,
  isRepeat: boolean,
): RequestInit {
  const headers = mergeHeaders(callersHeaders(input, init), ours);
  const isBearerOnly = Object.keys(ours).every(name => name === 'authorization');
  return {
    ...(!isBearerOnly && { redirect: 'error' }),
    ...init,
    headers,
    ...(isRepeat && { cache: 'no-store' }),
  };
}
