import type { TokenSet } from '@latchkey/core';
import { type AuthChoice, mergeHeaders, type TokenHeaders, wouldLeak } from '@latchkey/core/adapter';

// What a link writes into the context of an operation, under a mark of its own. A retry link, or another subscription to the
// same observable, finds it there next to the caller's own; links on the way copy headers and options, so what an attempt has
// set is recognised by value.

/** The token set of an attempt, and its headers. */
export interface Sent {
  readonly tokens: TokenSet;
  readonly headers: TokenHeaders;
}

/** Options that an attempt has set, and the caller's value that one of them replaced. */
interface SetOptions {
  readonly options: RequestInit;
  readonly cache: RequestCache | undefined;
}

/** What is read of a context. */
export interface Context {
  readonly auth?: AuthChoice;
  readonly uri?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetchOptions?: RequestInit;
  /** From HttpLink. */
  readonly response?: Response;
}

/** Where a context is read and written: an operation of any version of Apollo Client. */
export interface HasContext {
  getContext(): Context;
  setContext(changes: object): void;
}

/** What an earlier attempt has sent. */
export const sentIn = (context: Context, mark: symbol): Sent | undefined =>
  (context as { readonly [mark: symbol]: Sent | undefined })[mark];

/** The fields of `all` that have another value in `set`. */
const without = <Fields extends object>(all: Fields, set: object): Partial<Fields> =>
  Object.fromEntries(
    Object.entries(all).filter(([name, value]) => set[name as keyof object] !== value),
  ) as Partial<Fields>;

/** The headers without those of an earlier attempt. */
export function callersHeaders({ headers }: Context, earlier: Sent | undefined): Context['headers'] {
  if (headers === earlier?.headers) return undefined; // nobody has added any
  return headers && earlier ? (without(headers, earlier.headers) as Context['headers']) : headers;
}

/** The fetch options without those of an earlier attempt. */
function callersOptions({ fetchOptions }: Context, mark: symbol): RequestInit | undefined {
  const set = (fetchOptions as { readonly [mark: symbol]: SetOptions | undefined } | undefined)?.[mark];
  if (!set) return fetchOptions;
  return { ...(set.cache && { cache: set.cache }), ...without(fetchOptions as RequestInit, set.options) };
}

/**
 * Puts a token set's headers over the caller's; with `null` the caller's only. A retry bypasses the HTTP cache, which may have
 * kept the refusal of a GET.
 */
export function attach(
  operation: HasContext,
  context: Context,
  mark: symbol,
  ours: Sent | null,
  isRetry: boolean,
): void {
  if (!ours && !context.headers) return;
  const given = callersHeaders(context, sentIn(context, mark));
  const headers = given || !ours ? mergeHeaders(given, ours?.headers ?? {}) : ours.headers;
  const changes: { headers: Context['headers']; fetchOptions?: RequestInit | undefined; [mark: symbol]: unknown } = {
    headers,
    [mark]: ours ?? undefined,
  };
  const own = callersOptions(context, mark);
  const isUnsafe = ours !== null && wouldLeak(ours.headers) && !own?.redirect;
  if (isUnsafe || isRetry) changes.fetchOptions = withOptions(own, mark, isUnsafe, isRetry);
  else if (own !== context.fetchOptions) changes.fetchOptions = own;
  operation.setContext(changes);
}

function withOptions(own: RequestInit | undefined, mark: symbol, isUnsafe: boolean, isRetry: boolean): RequestInit {
  const options: RequestInit = {};
  if (isUnsafe) options.redirect = 'error';
  if (isRetry) options.cache = 'no-store';
  const set: SetOptions = { options, cache: own?.cache };
  return { ...own, ...options, [mark]: set } as RequestInit;
}

/** Whether the headers that were attached last are still there: links behind may replace them. */
export function isIntact(context: Context, mark: symbol): boolean {
  const { headers } = context;
  return Object.entries(sentIn(context, mark)?.headers ?? {}).every(([name, value]) => headers?.[name] === value);
}
