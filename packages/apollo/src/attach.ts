import type { ApolloLink } from '@apollo/client';
import { hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';

/**
 * Where an attempt leaves our headers in the context beside the caller's, and the caller's fetch options in ours: a retry
 * link, or another subscription to the same observable, finds them there. Links behind ours copy the headers, so what is
 * ours is told by value.
 */
const left: unique symbol = Symbol('latchkey');

type Context = Readonly<ApolloLink.OperationContext> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetchOptions?: RequestInit & { readonly [left]?: RequestInit };
  readonly [left]?: TokenHeaders | undefined;
};

function callersHeaders({ headers, [left]: ours }: Context): Context['headers'] {
  if (!headers || !ours) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => ours[name] !== value));
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(context: Context): boolean {
  return hasHeader(callersHeaders(context), 'authorization');
}

/**
 * Puts a token set's headers on the request, over the caller's; with `null` the caller's are all. A repeat passes the HTTP
 * cache by: it may have kept the refusal of a GET.
 */
export function attach(
  operation: ApolloLink.Operation,
  context: Context,
  ours: TokenHeaders | null,
  isRepeat: boolean,
): void {
  if (!ours && !context.headers) return;
  const headers = mergeHeaders(callersHeaders(context), ours ?? {});
  const own = context.fetchOptions?.[left] ?? context.fetchOptions;
  const redirect = ours && wouldLeak(ours) && { redirect: 'error' };
  const cache = isRepeat && { cache: 'no-store' };
  const fetchOptions = redirect || cache ? { ...redirect, ...own, ...cache, [left]: own ?? {} } : own;
  operation.setContext({ headers, [left]: ours ?? undefined, fetchOptions });
}

/** Whether the headers that we left last are still there: links behind ours may replace them. */
export function carries({ headers, [left]: ours = {} }: Context): boolean {
  return Object.entries(ours).every(([name, value]) => headers?.[name] === value);
}
