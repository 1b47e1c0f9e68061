import { type CallerHeaders, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core/adapter';
import type { Operation } from '@urql/core';

/** The caller's fetch options, whose function is called once per attempt. */
export const fetchOptionsOf = ({ context }: Operation): RequestInit | undefined =>
  typeof context.fetchOptions === 'function' ? context.fetchOptions() : context.fetchOptions;

/**
 * The fetch options with a token set's headers over the caller's; with `null` the caller's only. A retry bypasses the HTTP
 * cache, which may have kept the refusal of a GET.
 */
export function attach(
  own: RequestInit | undefined,
  ours: TokenHeaders | null,
  isRetry: boolean,
): RequestInit | undefined {
  if (!ours && !own?.headers) return own;
  const headers = mergeHeaders(own?.headers as CallerHeaders | undefined, ours ?? {}); // exchanges behind may write into them
  const options: RequestInit = { ...own, headers };
  if (ours && wouldLeak(ours)) options.redirect ??= 'error';
  if (isRetry) options.cache = 'no-store';
  return options;
}

/** The fetch of the operation, which keeps each response with its attempt: a good result does not hold it. */
export function watchedFetch(attempt: { readonly given: Operation; http: Response | undefined }): typeof fetch {
  return async (input, init) => {
    const response = await (attempt.given.context.fetch ?? fetch)(input, init);
    attempt.http = response;
    return response;
  };
}
