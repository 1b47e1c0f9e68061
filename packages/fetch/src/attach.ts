import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';

/** The headers that the caller gave: those of `init` replace those of a `Request`, as in fetch itself. */
const callersHeaders = (input: RequestInfo | URL, init: RequestInit): CallerHeaders | undefined =>
  (init.headers ?? (input instanceof Request ? input.headers : undefined)) as CallerHeaders | undefined;

/** Whether the caller brings a token of its own for this request. */
export function bringsOwnToken(input: RequestInfo | URL, init: RequestInit): boolean {
  return hasHeader(callersHeaders(input, init), 'authorization');
}

/**
 * What is sent with a token set's headers, or with `null` without. A repeat passes the HTTP cache by: it may have kept the
 * refusal of a GET.
 */
export function attach(
  input: RequestInfo | URL,
  init: RequestInit,
  ours: TokenHeaders | null,
  isRepeat: boolean,
): RequestInit {
  if (!ours && !init.headers) return init; // a Request with any init loses its referrer policy
  const own = callersHeaders(input, init);
  return {
    ...(ours && wouldLeak(ours) && { redirect: 'error' }),
    ...init,
    headers: mergeHeaders(own, ours ?? {}),
    ...(isRepeat && { cache: 'no-store' }),
  };
}
