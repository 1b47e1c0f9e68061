import type { ApolloLink } from '@apollo/client';
import { hasHeader, mergeHeaders, type TokenHeaders, type TokenSet, wouldLeak } from '@latchkey/core';

/**
 * Where an attempt leaves in the context what it put there: a retry link, or another subscription to the same observable,
 * finds it beside the caller's. Links on the way copy headers and options, so what is ours is told by value.
 */
const left: unique symbol = Symbol('latchkey');

/** What goes on an attempt. */
export interface Sent {
  readonly tokens: TokenSet;
  readonly headers: TokenHeaders;
}

/** The options that we put there, and the caller's choice that one of them replaced. */
interface PutOptions {
  readonly put: RequestInit;
  readonly cache: RequestCache | undefined;
}

type Context = Readonly<ApolloLink.OperationContext> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetchOptions?: RequestInit & { readonly [left]?: PutOptions };
  readonly [left]?: Sent | undefined;
};

/** What of `all` has another value than in `ours`. */
const without = <Fields extends object>(all: Fields, ours: object): Partial<Fields> =>
  Object.fromEntries(
    Object.entries(all).filter(([name, value]) => ours[name as keyof object] !== value),
  ) as Partial<Fields>;

const callersHeaders = ({ headers, [left]: ours }: Context) =>
  headers && ours ? without(headers, ours.headers) : headers;

function callersOptions({ fetchOptions }: Context): RequestInit | undefined {
  const ours = fetchOptions?.[left];
  if (!ours) return fetchOptions;
  return { ...(ours.cache && { cache: ours.cache }), ...without(fetchOptions, ours.put) };
}

/** Whether the caller brings a token of its own for this operation. */
export function bringsOwnToken(context: Context): boolean {
  return hasHeader(callersHeaders(context), 'authorization');
}

/** The session as whose the operation was sent before, by an attempt that a link in front of ours repeats. */
export const sessionBefore = (context: Context): string | undefined => context[left]?.tokens.session;

/**
 * Puts a token set's headers on the request, over the caller's; with `null` the caller's are all. A repeat passes the HTTP
 * cache by: it may have kept the refusal of a GET.
 */
export function attach(operation: ApolloLink.Operation, context: Context, ours: Sent | null, isRepeat: boolean): void {
  if (!ours && !context.headers) return;
  const headers = mergeHeaders(callersHeaders(context), ours?.headers ?? {});
  const changes: ApolloLink.OperationContext = { headers, [left]: ours ?? undefined };
  const own = callersOptions(context);
  const put: RequestInit = {};
  if (ours && wouldLeak(ours.headers) && !own?.redirect) put.redirect = 'error';
  if (isRepeat) put.cache = 'no-store';
  if (put.redirect || isRepeat) changes.fetchOptions = { ...own, ...put, [left]: { put, cache: own?.cache } };
  else if (own !== context.fetchOptions) changes.fetchOptions = own;
  operation.setContext(changes);
}

/** Takes off what an earlier attempt left: this one goes where no token of ours goes. */
export function detach(operation: ApolloLink.Operation, context: Context): void {
  if (context[left]) attach(operation, context, null, false);
}

/** Whether the headers that we left last are still there: links behind ours may replace them. */
export function carries({ headers, [left]: ours }: Context): boolean {
  return Object.entries(ours?.headers ?? {}).every(([name, value]) => headers?.[name] === value);
}
