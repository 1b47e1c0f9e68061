import { type CallerHeaders, hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';
import { makeOperation, type Operation, type OperationContext } from '@urql/core';

function fetchOptionsOf({ context }: Operation): RequestInit | undefined {
  return typeof context.fetchOptions === 'function' ? context.fetchOptions() : context.fetchOptions;
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(operation: Operation): boolean {
  return hasHeader(fetchOptionsOf(operation)?.headers as CallerHeaders | undefined, 'authorization');
}

/**
 * The operation with a token set's headers over the caller's; with `null` the caller's are all. `additions` travel in its
 * context. A repeat passes the HTTP cache by: it may have kept the refusal of a GET.
 */
export function attach(
  operation: Operation,
  ours: TokenHeaders | null,
  additions: Partial<OperationContext>,
  isRepeat: boolean,
): Operation {
  const own = fetchOptionsOf(operation);
  if (!ours && !own?.headers) return operation;
  const headers = mergeHeaders(own?.headers as CallerHeaders | undefined, ours ?? {});
  const fetchOptions: RequestInit = {
    ...(ours && wouldLeak(ours) && { redirect: 'error' }),
    ...own,
    headers,
    ...(isRepeat && { cache: 'no-store' }),
  };
  return makeOperation(operation.kind, operation, { ...additions, fetchOptions });
}

/** The fetch that the operation will use anyway, which shows the response to `see`: a good result does not carry it. */
export function watchedFetch({ context }: Operation, see: (response: Response) => void): typeof fetch {
  return async (input, init) => {
    const response = await (context.fetch ?? fetch)(input, init);
    see(response);
    return response;
  };
}
