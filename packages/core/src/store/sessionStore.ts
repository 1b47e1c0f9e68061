import type { TokenError } from '../errors/tokenError.ts';
import type { Flight } from '../session/session.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { StoreClient } from './stored.ts';

/** The store of one session, as its token manager uses it. No method rejects but `expire` and `locked`. */
export interface SessionStore {
  /** Whether the store has to be asked before the state is known. */
  readonly isAsked: boolean;
  /** @throws TokenError `misconfigured` when its place must not hold this token set */
  check(tokens: TokenSet): void;
  /** Resolves when the store has answered, or to the failure of the attempt. */
  loaded(): Promise<TokenError | undefined>;
  /** Looks whether others who share the store have renewed, signed out or signed in. */
  reread(): Promise<void>;
  /**
   * Saves the first token set of a session. Called before the session begins in memory.
   *
   * @param requestedAt - when it is no act of a user, but the answer to a renewal: any act since then wins over it
   */
  begin(tokens: TokenSet, isUnattended: boolean, requestedAt: number | undefined): Promise<void>;
  /** Saves a successor, then calls `use`; does not call it when others were faster, or the session has ended. */
  replace(next: TokenSet, isUnattended: boolean, flight: Flight, use: () => void): Promise<void>;
  /** Saves tokens of the same user, which `adopt` brought. Called before they are used. */
  adopt(next: TokenSet): Promise<void>;
  /** Saves tokens that a response brought. Called when they are in use. */
  receive(next: TokenSet): Promise<void>;
  /** Saves the end of the session. Called before it ends in memory. */
  end(): Promise<void>;
  /**
   * Saves the end of the session of a rejected token set, then calls `end`; does not call it when others have renewed.
   *
   * @throws TokenError `unavailable` when others have renewed, and their successor cannot be read
   */
  expire(tokens: TokenSet, end: () => void): Promise<void>;
  /**
   * Saves that the auth server knows of nobody who is signed in: those who wait for the lock need not ask it.
   *
   * @param requestedAt - any act since then wins over it
   */
  nobody(requestedAt: number): Promise<void>;
  /** Runs a renewal inside the lock, once at most, after a look at the store: others may have renewed. */
  locked(flight: Flight, run: () => Promise<void>): Promise<void>;
  /** Whether memory holds these tokens of the session, also after `close`: nobody has renewed. */
  holds(tokens: TokenSet): boolean;
  /** Ends reading; closes the place when `pending`, the renewal on its way, and its save have ended. */
  close(pending: Promise<unknown>): void;
}

/** The option `store`, made by `keyValueStore`, `sharedSession` or `createStore`: a program without one ships none of its code. */
export type Store = (client: StoreClient) => SessionStore;
