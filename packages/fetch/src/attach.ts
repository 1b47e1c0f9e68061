import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core/adapter';

/** Not by `instanceof`: it may be of another realm, or of a package. */
export const isRequest = (input: RequestInfo | URL): input is Request =>
  typeof input === 'object' && input !== null && 'url' in input;

/** The caller's headers: those of `init` replace those of a `Request`, as in fetch itself. */
const callersHeaders = (input: RequestInfo | URL, init: RequestInit): CallerHeaders | undefined =>
  (init.headers ?? (isRequest(input) ? input.headers : undefined)) as CallerHeaders | undefined;

/** Whether the caller brings a token of its own for this request. */
export function bringsOwnToken(input: RequestInfo | URL, init: RequestInit): boolean {
  return hasHeader(callersHeaders(input, init), 'authorization');
}

/** A `Request` that is given any options loses these of its own. @see Fetch, the Request constructor */
const lostOptionsOf = ({ referrer, referrerPolicy }: Request): RequestInit => ({ referrer, referrerPolicy });

/**
 * The options with a token set's headers over the caller's; with `null` the caller's only. A retry bypasses the HTTP cache,
 * which may have kept the refusal of a GET.
 */
export function attach(
  input: RequestInfo | URL,
  init: RequestInit,
  ours: TokenHeaders | null,
  isRetry: boolean,
): RequestInit {
  if (!ours && !init.headers) return init;
  const headers = mergeHeaders(callersHeaders(input, init), ours ?? {});
  const options: RequestInit = { ...(isRequest(input) && lostOptionsOf(input)), ...init, headers };
  if (ours && wouldLeak(ours)) options.redirect ??= 'error';
  if (isRetry) options.cache = 'no-store';
  return options;
}
