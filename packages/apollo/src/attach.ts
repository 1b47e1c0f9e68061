import type { ApolloLink } from '@apollo/client';
import { hasHeader, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core';

/**
 * Where an attempt leaves in the context what it put there: a retry link, or another subscription to the same observable,
 * finds it beside the caller's. Links on the way copy headers and options, so what is ours is told by value.
 */
const left: unique symbol = Symbol('latchkey');

/** The options that we put over those that were there. */
interface PutOptions {
  readonly put: RequestInit;
  readonly over: RequestInit | undefined;
}

type Context = Readonly<ApolloLink.OperationContext> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetchOptions?: RequestInit & { readonly [left]?: PutOptions };
  readonly [left]?: TokenHeaders | undefined;
};

function callersHeaders({ headers, [left]: ours }: Context): Context['headers'] {
  if (!headers || !ours) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => ours[name] !== value));
}

function callersOptions({ fetchOptions }: Context): RequestInit | undefined {
  const ours = fetchOptions?.[left];
  if (!ours) return fetchOptions;
  const put = Object.entries(ours.put);
  const isOurs = ([name, value]: readonly [string, unknown]) => put.some(([key, its]) => key === name && its === value);
  const kept = Object.entries(fetchOptions).filter(entry => !isOurs(entry));
  const restored = Object.entries(ours.over ?? {}).filter(([name]) => put.some(([key]) => key === name));
  return Object.fromEntries([...restored, ...kept]);
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
  const own = callersOptions(context);
  const redirect = ours && wouldLeak(ours) && !own?.redirect;
  const put: RequestInit = { ...(redirect && { redirect: 'error' }), ...(isRepeat && { cache: 'no-store' }) };
  const fetchOptions = redirect || isRepeat ? { ...own, ...put, [left]: { put, over: own } } : own;
  operation.setContext({ headers, [left]: ours ?? undefined, fetchOptions });
}

/** Whether the headers that we left last are still there: links behind ours may replace them. */
export function carries({ headers, [left]: ours = {} }: Context): boolean {
  return Object.entries(ours).every(([name, value]) => headers?.[name] === value);
}
