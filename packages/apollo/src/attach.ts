import type { TokenSet } from '@latchkey/core';
import { type AuthChoice, addedOptions, mergeHeaders, type TokenHeaders } from '@latchkey/core/adapter';

// What a link writes into the context of an operation. A retry link, or another subscription to the same observable, finds it
// there next to the caller's own; links on the way copy headers and options, so what an attempt has set is recognised by value.

/** Also of another copy of this package: links behind leave theirs, too. */
const key = Symbol.for('latchkey.sent');

/** What an attempt has sent. */
export interface Sent {
  readonly tokens: TokenSet;
  readonly headers: TokenHeaders;
  /** The link whose attempt it was. */
  readonly link: object;
  /** What a link in front has attached to the same operation. */
  front?: Sent | undefined;
  /** Options that it has set, and the caller's value that one of them replaced. */
  options?: RequestInit | undefined;
  cache?: RequestCache | undefined;
}

/** What is read of a context. */
export interface Context {
  readonly auth?: AuthChoice;
  readonly uri?: string | URL;
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

const lastIn = (context: Context) => (context as { readonly [key]?: Sent })[key];

/** What an earlier attempt of this link has sent. */
export function sentBy(link: object, context: Context): Sent | undefined {
  let sent = lastIn(context);
  while (sent && sent.link !== link) sent = sent.front;
  return sent;
}

/** The fields of `all` that have another value in `set`. */
const without = <Fields extends object>(all: Fields, set: object): Fields =>
  Object.fromEntries(Object.entries(all).filter(([name, value]) => set[name as keyof object] !== value)) as Fields;

/** The headers without those of an earlier attempt, of this link and of those behind. */
export function callersHeaders(context: Context, earlier: Sent | undefined): Context['headers'] {
  let { headers } = context;
  for (let sent = earlier && lastIn(context); headers && sent && sent !== earlier?.front; sent = sent.front)
    headers = headers === sent.headers ? undefined : without(headers, sent.headers); // often nobody has added any
  return headers;
}

/** The fetch options without those of an earlier attempt. */
function callersOptions(context: Context, earlier: Sent | undefined): RequestInit | undefined {
  let { fetchOptions } = context;
  for (let sent = earlier && lastIn(context); sent && sent !== earlier?.front; sent = sent.front)
    if (fetchOptions && sent.options)
      fetchOptions = { ...(sent.cache && { cache: sent.cache }), ...without(fetchOptions, sent.options) };
  return fetchOptions;
}

/** Puts a token set's headers over the caller's; with `null` the caller's only. */
export function attach(
  operation: HasContext,
  context: Context,
  earlier: Sent | undefined,
  ours: Sent | null,
  isRetry: boolean,
): void {
  if (!ours && !context.headers) return;
  const given = callersHeaders(context, earlier);
  const headers = given || !ours ? mergeHeaders(given, ours?.headers ?? {}) : ours.headers;
  const own = callersOptions(context, earlier);
  const options = addedOptions(own, ours?.headers, isRetry);
  const front = earlier ? earlier.front : lastIn(context);
  const changes: { headers: Context['headers']; fetchOptions?: RequestInit | undefined; [key]: Sent | undefined } = {
    headers,
    [key]: ours ?? front,
  };
  if (ours) ours.front = front;
  if (ours && options) {
    ours.options = options;
    ours.cache = own?.cache;
  }
  if (options) changes.fetchOptions = { ...own, ...options };
  else if (own !== context.fetchOptions) changes.fetchOptions = own;
  operation.setContext(changes);
}

/** Whether the headers that were attached last are still there: links behind may replace them. */
export function isIntact(context: Context, link: object): boolean {
  const { headers } = context;
  return Object.entries(sentBy(link, context)?.headers ?? {}).every(([name, value]) => headers?.[name] === value);
}
