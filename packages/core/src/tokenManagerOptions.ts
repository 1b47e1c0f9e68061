import { TokenError } from './errors/tokenError.ts';
import type { RenewalReason } from './session/tokenEvents.ts';
import type { TokenStore } from './store/tokenStore.ts';
import type { Clock } from './time/clock.ts';
import { longestTimerMs } from './time/clock.ts';
import type { TokenHeaders, TokenParts, TokenSet } from './tokens/tokenSet.ts';
import type { Dialect } from './verdict/dialect.ts';
import type { ResponseFacts } from './verdict/responseFacts.ts';

type Awaitable<T> = T | PromiseLike<T>;

/** What a token manager is told. A provider is a function that returns some of these; spread it in and add your own. */
export interface TokenManagerOptions<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  /**
   * Gets a successor for `current`. After a reload, with `restore`, `current` is `undefined`.
   *
   * @returns the token set's parts, or the bare access token, or `null`: the session is over
   * @throws TokenError to be exact, `noProgress` where there is nothing to ask the auth server with; anything else counts as
   * trouble on the way, which ends no session
   */
  readonly renew?: (context: RenewContext) => Awaitable<TokenParts | string | null>;
  /**
   * Signs a user in. What the answer holds beside the token parts is what `auth.signIn` resolves to.
   *
   * @returns `null` when the credentials are refused
   */
  readonly signIn?: (credentials: Credentials, context: { readonly signal: AbortSignal }) => Awaitable<Answer | null>;
  /**
   * Revokes the tokens at the auth server. Best effort: the session is over already, and nothing waits for it. Also called for
   * an answer that came too late; while somebody is signed in only when that brought a refresh token of its own, because
   * without one it may hang on the cookie of the session that is on.
   */
  readonly signOut?: (tokens: TokenSet, context: { readonly signal: AbortSignal }) => Awaitable<unknown>;
  /**
   * The credentials with which the manager may sign in by itself. Asked each time, kept nowhere; after `auth.signOut()`
   * not asked before the next `auth.signIn()`. `null` or `undefined`: none at the moment.
   */
  readonly credentials?: () => Awaitable<Credentials | null | undefined>;
  /** What goes on a request; called once per token set. @defaultValue `authorization: Bearer …` */
  readonly headers?: (tokens: TokenSet) => TokenHeaders;
  /**
   * The token that a response brought in its headers, if it did and `facts.url` is where such tokens come from. Asked for
   * answers to requests that carried the newest token set; the session goes on with it.
   */
  readonly receive?: (
    headers: Headers,
    facts: ResponseFacts & { readonly url: string },
  ) => TokenParts | string | null | undefined;
  /** How the API says that a token is dead. @defaultValue `defaultDialect` */
  readonly dialect?: Dialect;
  /** A new token kills the old one at once: nothing is renewed ahead of need. @defaultValue false */
  readonly exclusive?: boolean;
  /** Where the token set lives between uses. @defaultValue `memoryStore()`: what a script in the page cannot read later, it cannot steal */
  readonly store?: TokenStore;
  /** When the store holds nothing, ask `renew` before the first operation instead of starting signed out. @defaultValue false */
  readonly restore?: boolean;
  /** How long before its end a token set is renewed in the background; never more than a fifth of its life. @defaultValue 60000: covers a slow auth server and a few retries */
  readonly renewAheadMs?: number;
  /** How long the exchange with the auth server may take. @defaultValue 10000: longer than a healthy one, shorter than a user's patience */
  readonly renewTimeoutMs?: number;
  /** How long to wait for others who renew; at least `renewTimeoutMs`. @defaultValue `renewTimeoutMs` + 5000 */
  readonly lockWaitMs?: number;
  /** The pause after a failed or useless renewal; doubles up to five minutes. @defaultValue 2000: an auth server that restarts is not hammered */
  readonly cooldownMs?: number;
  /**
   * `'refused'` renews when a server has refused the token, however old it is: for servers that renew an expired one
   * themselves. `'never'` uses the token set as it is and renews nothing, as when rendering on a server. @defaultValue 'auto'
   */
  readonly renewal?: 'auto' | 'refused' | 'never';
  /** @defaultValue the system's */
  readonly clock?: Clock;
}

export interface RenewContext {
  readonly current: TokenSet | undefined;
  readonly reason: RenewalReason;
  readonly signal: AbortSignal;
}

export const defaults = {
  renewAheadMs: 60_000,
  renewTimeoutMs: 10_000,
  cooldownMs: 2_000,
} as const;

const millisecondOptions = ['renewAheadMs', 'renewTimeoutMs', 'lockWaitMs', 'cooldownMs'] as const;

/** @throws TokenError `misconfigured`, naming the option and the remedy */
export function checkOptions<Credentials, Answer extends TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
): void {
  const wrong = (message: string): never => {
    throw new TokenError('misconfigured', message);
  };
  if (typeof options !== 'object' || options === null)
    wrong(
      'There are no options. Pass an object with "renew" or "signIn", or a provider: createTokenManager(oli({ … })).',
    );
  for (const name of ['renew', 'signIn', 'signOut', 'credentials', 'headers', 'receive'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      wrong(`Option "${name}" must be a function. Pass the function itself, not its result.`);
  for (const name of millisecondOptions) {
    const value = options[name];
    const fits = value === undefined || (Number.isFinite(value) && value >= 0 && value <= longestTimerMs);
    if (!fits)
      wrong(
        `Option "${name}" must be a number of milliseconds from 0 to ${longestTimerMs}. Leave it out for the default.`,
      );
  }
  const { renew, signIn, credentials, restore, renewal, store, exclusive, renewTimeoutMs, lockWaitMs } = options;
  const { dialect, clock } = options;
  if (!renew && !signIn && renewal !== 'never')
    wrong(
      'Neither "renew" nor "signIn" is given. Pass one, or spread a provider in: createTokenManager({ ...oli({ … }) }).',
    );
  if (credentials && !signIn) wrong('Option "credentials" needs "signIn". Pass the function that signs in with them.');
  if (restore && !renew)
    wrong('Option "restore" needs "renew". Pass the function that answers a token after a reload.');
  if (renewal !== undefined && !['auto', 'refused', 'never'].includes(renewal))
    wrong('Option "renewal" must be "auto", "refused" or "never". Leave it out for "auto".');
  if (store !== undefined && (typeof store?.load !== 'function' || typeof store.save !== 'function'))
    wrong('Option "store" must have the functions "load" and "save". Pass memoryStore() or one of your own.');
  if (dialect !== undefined && !(dialect?.codes && dialect.statuses && dialect.messages))
    wrong(
      'Option "dialect" must have "codes", "statuses" and "messages". Spread one that has: { ...defaultDialect, … }.',
    );
  if (
    clock !== undefined &&
    [clock?.now, clock?.setTimeout, clock?.clearTimeout].some(method => typeof method !== 'function')
  )
    wrong(
      'Option "clock" must have the functions "now", "setTimeout" and "clearTimeout". Leave it out for the system\'s.',
    );
  if (exclusive && store && !store.lock && store.shared !== false)
    wrong(
      'Option "exclusive" with a "store" that others may share needs a lock, or two of them kill each other\'s tokens. Give the store a "lock", or "shared: false" if only this process uses it.',
    );
  if (lockWaitMs !== undefined && lockWaitMs < (renewTimeoutMs ?? defaults.renewTimeoutMs))
    wrong(
      'Option "lockWaitMs" is less than "renewTimeoutMs". Make it at least as long: whoever holds the lock may need that time.',
    );
}
