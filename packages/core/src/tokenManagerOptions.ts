import type { TokenError } from './errors/tokenError.ts';
import type { RenewalReason } from './session/tokenEvents.ts';
import type { Store } from './store/sessionStore.ts';
import type { Clock } from './time/clock.ts';
import type { TokenHeaders } from './tokens/requestHeaders.ts';
import type { TokenParts, TokenSet } from './tokens/tokenSet.ts';
import type { Dialect } from './verdict/dialect.ts';
import type { Receiver } from './verdict/headerReceiver.ts';

type Awaitable<T> = T | PromiseLike<T>;

/** The options of a token manager. A provider is a function that returns some of these: spread it, and add your own. */
export interface TokenManagerOptions<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  /**
   * Gets the successor of `current`. After a reload, with `restore`, `current` is `undefined`.
   *
   * @returns the parts of the token set, or the bare access token, or `null`: the session has ended
   * @throws TokenError to be exact, `noProgress` where there is nothing to renew with; any other error is a transient failure,
   * which ends no session
   */
  readonly renew?: (context: RenewContext) => Awaitable<TokenParts | string | null>;
  /**
   * Signs a user in. `auth.signIn` resolves to what the answer holds next to the token parts.
   *
   * @returns `null` when the auth server rejects the credentials
   */
  readonly signIn?: (credentials: Credentials, context: SignInContext) => Awaitable<Answer | null>;
  /**
   * Revokes the tokens at the auth server. Best effort: the session has ended already, and nothing waits for it. Also called
   * for an answer that came too late; while a user is signed in only when it brought a refresh token of its own, because
   * otherwise it may depend on the cookie of the session that is on.
   */
  readonly signOut?: (tokens: TokenSet, context: { readonly signal: AbortSignal }) => Awaitable<unknown>;
  /**
   * The credentials with which the manager signs in by itself. Called each time and kept nowhere; after `auth.signOut()` not
   * before the next sign-in. `null` or `undefined`: none at the moment.
   */
  readonly credentials?: () => Awaitable<Credentials | null | undefined>;
  /**
   * Whether a failure of `renew` or `signIn` is a rejection, for an auth server that states it in a way of its own. Where the
   * answer leaves it open, e.g. with 404, 422 or an unknown `error`, three in a row are believed without it.
   */
  readonly isRejection?: (error: TokenError) => boolean;
  /** The headers of a request; called once per token set. @defaultValue `authorization: Bearer …` */
  readonly headers?: (tokens: TokenSet) => TokenHeaders;
  /**
   * Reads the token that an answer brought, for APIs that renew so: `headerReceiver(fn)`. The session goes on with it; where
   * nobody is signed in, a guest's begins.
   */
  readonly receive?: Receiver;
  /** How the API answers an unauthenticated and a forbidden operation. @defaultValue `defaultDialect` */
  readonly dialect?: Dialect;
  /** A new token invalidates the old one at once: nothing is renewed ahead of need. @defaultValue false */
  readonly exclusive?: boolean;
  /**
   * Where the token set is kept between uses: `tabStore(…)`, `keyValueStore(…)`, `sharedSession(…)`. @defaultValue memory: a script in the page
   * cannot read it later
   */
  readonly store?: Store;
  /**
   * Whether a renewal may replace the refresh token. `false`: two renewals at once do no harm, so that one is sent also when
   * the lock of the store is gone. @defaultValue whether there is a refresh token
   */
  readonly rotates?: boolean;
  /**
   * When nothing is stored, call `renew` before the first operation instead of starting signed out. A function is asked first
   * whether somebody was signed in, as a hint: `() => document.cookie.includes('signed-in=1')` spares public pages a request.
   *
   * @defaultValue false
   */
  readonly restore?: boolean | (() => boolean);
  /**
   * The state to start with, known at once, as a page gets it from the server that has rendered it. `null`: signed out, and
   * nothing is asked. Not together with `store`. @defaultValue `restore` decides
   */
  readonly initial?: InitialTokens | string | null | undefined;
  /** How long before its end a token set is renewed in the background; never more than a fifth of its life. @defaultValue 60000: covers a slow auth server and a few attempts */
  readonly renewAheadMs?: number;
  /**
   * How long a caller waits for a token request; then it fails with `unavailable`. The token request itself goes on, three times
   * as long, and what it brings is used: its answer may hold the only refresh token that is valid.
   *
   * @defaultValue 10000: longer than a healthy one, shorter than a user's patience
   */
  readonly renewTimeoutMs?: number;
  /** The longest wait for another holder of the store's lock; at least `renewTimeoutMs`. @defaultValue `renewTimeoutMs` + 5000 */
  readonly lockWaitMs?: number;
  /** The pause after a failed or useless renewal; doubles up to five minutes. @defaultValue 2000: spares an auth server that restarts */
  readonly cooldownMs?: number;
  /**
   * `'refused'` renews when a server has refused the token, however old it is: for servers that renew an expired one
   * themselves. `'never'` uses the token set as it is, as when rendering on a server. @defaultValue 'auto'
   */
  readonly renewal?: 'auto' | 'refused' | 'never';
  /**
   * Hands the token requests that run in the background to the platform, which may otherwise end them with the request that
   * started them: `promise => ctx.waitUntil(promise)` on Cloudflare Workers. The promise never rejects.
   */
  readonly waitUntil?: (promise: Promise<unknown>) => unknown;
  /** @defaultValue the system's */
  readonly clock?: Clock;
}

export interface SignInContext {
  readonly signal: AbortSignal;
  /** That of the guest's session that is on: send it where the server keeps that session, e.g. its cart, for the user. */
  readonly guest?: TokenSet | undefined;
}

/** The token set that a token manager starts with. */
export interface InitialTokens extends TokenParts {
  /** That of the server's session, where both should be equal. @defaultValue a new one */
  readonly sessionId?: string | undefined;
}

export interface RenewContext {
  readonly current: TokenSet | undefined;
  readonly reason: RenewalReason;
  /** Aborts when the time for the token request is up: after three times `renewTimeoutMs`. */
  readonly signal: AbortSignal;
}
