import type { TokenManagerState } from './session/snapshot.ts';
import type { Events } from './session/tokenEvents.ts';
import type { TokenHeaders, TokenParts, TokenSet } from './tokens/tokenSet.ts';
import type { Settle } from './verdict/decide.ts';

/** Keeps one user signed in: one session at a time, one renewal at a time, for any number of clients. */
export interface TokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  /** The token set that may be sent now; `null`: signed out; `undefined`: not known yet, ask `get`. Synchronous and almost free. */
  fresh(): TokenSet | null | undefined;
  /**
   * Waits for the store, and for a renewal where one is due. A caller whose `signal` has aborted starts nothing.
   *
   * @throws TokenError `sessionExpired`, `signedOut`, `unavailable`, `credentialsRejected`, `misconfigured`, `aborted`, `disposed`
   */
  get(options?: { readonly signal?: AbortSignal | undefined }): Promise<TokenSet | null>;
  /**
   * The successor of `refused`, which may be there already; without `refused` a new token set now, after a change of role, say.
   *
   * @throws TokenError as `get`, and `noProgress`
   */
  renew(options?: { readonly refused?: TokenSet; readonly signal?: AbortSignal | undefined }): Promise<TokenSet>;
  /** Decides what becomes of an operation's answer. @internal for adapters */
  readonly settle: Settle;
  /** Whether answers may bring tokens, so that their headers are wanted. @internal for adapters */
  readonly receivesTokens: boolean;
  /** What goes on a request with this token set. @internal for adapters */
  headers(tokens: TokenSet): TokenHeaders;
  /** Begins a session. Resolves to what the provider's sign-in answers beside the tokens. @throws TokenError `credentialsRejected`, `unavailable`, `aborted` when another sign-in or a sign-out came in between */
  signIn(credentials: Credentials): Promise<Omit<Answer, keyof TokenParts>>;
  /** Begins a session with tokens that the application got elsewhere. The promise is of the store. @throws TokenError `misconfigured` when a token cannot be sent */
  adopt(tokens: TokenParts | string): Promise<void>;
  /** Ends the session: here at once, then in the store, which the promise is of; the tokens are revoked meanwhile, best effort. */
  signOut(): Promise<void>;
  readonly state: TokenManagerState;
  /** Calls `listener` when `state` has changed. With `restore` the first subscriber starts it. */
  subscribe(listener: () => void): () => void;
  readonly on: Events['on'];
  /** Renews ahead of expiry by a timer, for sockets and idle pages. Returns its stop. Without it there is no timer. */
  keepFresh(): () => void;
  /** Ends all waits with `disposed`; no timer, event or write comes after it. The store keeps the session. */
  dispose(): void;
}
