import { type CallerHeaders, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core/adapter';
import type { Operation } from '@urql/core';
import type { AuthOperation } from './authOperation.ts';

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
  run: AuthOperation,
): RequestInit | undefined {
  if (!ours && !own?.headers) return own;
  const headers = mergeHeaders(own?.headers as CallerHeaders | undefined, ours ?? {}); // exchanges behind may write into them
  const options: RequestInit & { latchkey: AuthOperation } = { ...own, headers, latchkey: run };
  if (ours && wouldLeak(ours)) options.redirect ??= 'error';
  if (run.retried) options.cache = 'no-store';
  return options;
}

/** Keeps each response with the attempts whose options name them: urql makes no error of a 401 with `data`. */
export const watchedFetch =
  (send: typeof fetch | undefined): typeof fetch =>
  async (input, init) => {
    const { latchkey, ...options } = (init ?? {}) as RequestInit & { readonly latchkey?: AuthOperation };
    const response = await (send ?? fetch)(input, options);
    for (let run = latchkey; run; run = run.front) run.http = response;
    return response;
  };

const attached = ['fetchOptions', 'fetch', 'latchkey'] as const;

/** An operation that an exchange behind dispatches again, without what an attempt has attached to it. */
export function detach(operation: Operation, { given }: AuthOperation): Operation {
  const context = { ...operation.context };
  for (const name of attached)
    if (name in given.context) context[name] = given.context[name];
    else delete context[name];
  return { ...operation, context };
}
