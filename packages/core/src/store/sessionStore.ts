import type { Flight, Session } from '../session/session.ts';
import type { Clock } from '../time/clock.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';

/** What a store may use of its token manager. */
export interface StoreHost {
  readonly session: Session;
  readonly clock: Clock;
  /** A new token invalidates the old one at once. */
  readonly exclusive: boolean;
  /** How long to wait for another holder of the lock. */
  readonly lockWaitMs: number;
}

/** The store of one session, as its token manager uses it. No method rejects but `replace` and `locked`. */
export interface SessionStore {
  /** Resolves when the store has answered for the first time. */
  readonly loaded: Promise<void>;
  /** Looks whether others who share the store have renewed, signed out or signed in. */
  reread(): Promise<void>;
  /** Saves the first token set of a session. Called before the session begins in memory. */
  begin(tokens: TokenSet): Promise<void>;
  /**
   * Saves a successor, then calls `use`; does not call it when others were faster.
   *
   * @throws TokenError `unavailable` when others were faster, and their successor cannot be read yet
   */
  replace(previous: TokenSet, next: TokenSet, use: () => void): Promise<void>;
  /** Saves a successor that is in use. */
  advance(previous: TokenSet, next: TokenSet): Promise<void>;
  /** Deletes the record. Called before the session ends in memory. */
  end(): Promise<void>;
  /** Deletes the record of a rejected token set, then calls `end`; does not call it when others have saved a successor. */
  expire(tokens: TokenSet, end: () => void): Promise<void>;
  /** Runs a renewal inside the lock, once at most, after a look at the store: others may have renewed. */
  locked(flight: Flight, run: () => Promise<void>): Promise<void>;
  /** Ends reading and saving. */
  close(): void;
}

/** The option `store`. A function, so that a program without a store ships none of its code. */
export type Store = (host: StoreHost) => SessionStore;
