import type { DecideOptions, Decision } from './decide.ts';
import type { Attempt, Manager } from './manager.ts';
import type { TokenManagerState } from './session/snapshot.ts';
import type { TokenEvents } from './session/tokenEvents.ts';
import type { Waiter } from './session/waitingList.ts';
import type { TokenHeaders } from './tokens/requestHeaders.ts';
import type { TokenParts, TokenSet } from './tokens/tokenSet.ts';

/** Keeps one user signed in: one session at a time, one renewal at a time, for any number of clients. */
export interface TokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  /** The token set that may be sent now, a user's or a guest's; `null`: none, signed out; `undefined`: not known yet, call `get`. Synchronous and almost free. */
  readonly fresh: () => TokenSet | null | undefined;
  /**
   * Waits for the store, and for a renewal where one is due. A caller whose `signal` has aborted starts nothing.
   *
   * @throws TokenError `sessionExpired`, `signedOut`, `unavailable`, `credentialsRejected`, `misconfigured`, `disposed`; the reason of
   * `signal` when it aborts
   */
  readonly get: (options?: { readonly signal?: AbortSignal | null | undefined }) => Promise<TokenSet | null>;
  /**
   * The successor of `refused`, which may be there already; without `refused` a new token set now, for example after a change
   * of roles.
   *
   * @throws TokenError as `get`, and `noProgress`
   */
  readonly renew: (options?: {
    readonly refused?: TokenSet;
    readonly signal?: AbortSignal | null | undefined;
  }) => Promise<TokenSet>;
  /**
   * Begins a session. Resolves to what the provider's sign-in answers next to the tokens.
   *
   * @throws TokenError `credentialsRejected`, `unavailable`, `aborted` when another sign-in or a sign-out superseded this one
   */
  signIn(this: void, credentials: Credentials): Promise<Omit<Answer, keyof TokenParts>>; // a method: assignable to TokenManager
  /**
   * Begins a session with tokens that the application got elsewhere. Resolves when the store has saved them.
   *
   * @throws TokenError `misconfigured` when a token cannot be sent
   */
  readonly adopt: (tokens: TokenParts | string) => Promise<void>;
  /** Ends the session at once in memory. Resolves when the store has deleted it; meanwhile the tokens are revoked, best effort. */
  readonly signOut: () => Promise<void>;
  /** The headers of a request with this token set. @throws TokenError `misconfigured` when a header cannot be sent */
  readonly headers: (tokens: TokenSet) => TokenHeaders;
  /**
   * Asks `renew` for a session again when nobody is signed in, as after a login that the application did by itself; otherwise
   * as `get`. Shares the renewal that runs.
   *
   * @throws TokenError as `get`, and `misconfigured` without the option `renew`
   */
  readonly restore: (options?: { readonly signal?: AbortSignal | null | undefined }) => Promise<TokenSet | null>;
  readonly state: TokenManagerState;
  /** The state at construction: what the server has rendered, and the first render of a page. */
  readonly initialState: TokenManagerState;
  /** Calls `listener` when `state` has changed; returns how to stop. With `restore` the first subscriber starts it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Calls `listener` at each event of this name; returns how to stop. */
  readonly on: <Name extends keyof TokenEvents>(name: Name, listener: (event: TokenEvents[Name]) => void) => () => void;
  /** Ends all waits with `disposed`; no timer, event or notification comes after it. The store keeps the session. */
  readonly dispose: () => void;
  /** Decides what becomes of an answer. @internal for adapters */
  readonly decide: (attempt: Attempt, options: DecideOptions, signal?: AbortSignal | null) => Decision;
  /** Waits as `get` does, without a promise. @internal for adapters */
  readonly waitFor: (waiter: Waiter<TokenSet | null>, signal?: AbortSignal | null) => void;
  /** Whether answers may bring tokens, so that adapters pass their headers. @internal for adapters */
  readonly receivesTokens: boolean;
  /** A function, so that printing, proxying or freezing a manager does not reach its state. @internal for `keepFresh` and sockets */
  readonly manager: () => Manager;
}
