import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';
import type { Operation } from '@urql/core';

function fetchOptionsOf({ context }: Operation): RequestInit | undefined {
  return typeof context.fetchOptions === 'function' ? context.fetchOptions() : context.fetchOptions;
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(operation: Operation): boolean {
  return hasHeader(fetchOptionsOf(operation)?.headers as CallerHeaders | undefined, 'authorization');
}

/**
 * The fetch options of an operation with a token set's headers over the caller's; with `null` the caller's headers are all,
 * and without any the options are as they were: `undefined`. A repeat passes the HTTP cache by: it may have kept the refusal
 * of a GET.
 */
export function attach(operation: Operation, ours: TokenHeaders | null, isRepeat: boolean): RequestInit | undefined {
  const own = fetchOptionsOf(operation);
  if (!ours && !own?.headers) return undefined;
  const headers = mergeHeaders(own?.headers as CallerHeaders | undefined, ours ?? {});
  const options: RequestInit = { ...own, headers };
  if (ours && wouldLeak(ours)) options.redirect ??= 'error';
  if (isRepeat) options.cache = 'no-store';
  return options;
}

/** The fetch that the operation will use anyway, which shows the response to `see`: a good result does not carry it. */
export function watchedFetch({ context }: Operation, see: (response: Response) => void): typeof fetch {
  return async (input, init) => {
    const response = await (context.fetch ?? fetch)(input, init);
    see(response);
    return response;
  };
}
