import type { Clock } from '../time/clock.ts';
import type { Stamp } from './stamp.ts';
import type { TokenRecord } from './tokenRecord.ts';

type Awaitable<T> = T | PromiseLike<T>;

/** What a place holds. */
export interface Entry {
  readonly stamp: Stamp;
  /**
   * `null`: the session has ended. `undefined`: this is the newest stamp, but nobody who has its record answers, as a frozen
   * tab. After `doubt()` what memory holds is then renewed before it is used.
   */
  readonly record: TokenRecord | null | undefined;
}

/** What a place may use of its token manager. */
export interface StoreHost {
  readonly clock: Clock;
  /** A new token invalidates the old one at once. */
  readonly exclusive: boolean;
  /** Ends the wait of a caller, in milliseconds. */
  readonly renewTimeoutMs: number;
  /** Ends a token request and its hold of the lock, in milliseconds: three times `renewTimeoutMs`. */
  readonly requestTimeoutMs: number;
  /** How long an operation waits for another holder of the lock, in milliseconds. */
  readonly lockWaitMs: number;
  /** What the place holds now: a notice, or a look after a reconnect (`undefined`: nothing). */
  found(entry: Entry | undefined): void;
  /** Memory may be old, as after the back/forward cache: operations wait until the next `load()` or `found()`. */
  doubt(): void;
  /** A failure that no call of the place shows. Reported once until a call of the same kind succeeds. */
  failed(doing: StoreCall, cause: unknown): void;
}

export type StoreCall = 'load' | 'save' | 'lock' | 'notify';

/**
 * Where entries are kept: a register that only rises. Saving is therefore safe when it comes late, twice or out of order. A
 * call that rejects, or takes over 5 seconds, means that the place is gone.
 */
export interface Place {
  /**
   * Called before a token set is used.
   *
   * @throws TokenError `misconfigured` when such a record must not be in this place
   */
  check?(record: TokenRecord): void;
  /**
   * It keeps `record: null` as an entry, which a new page does not take for its own: then "nobody is signed in", as the auth
   * server has answered to `restore`, is saved for those who wait for the lock.
   */
  readonly sharesNobody?: boolean;
  /**
   * May answer at once. `undefined`: nothing is known, never "signed out". A place that cannot lose data by itself answers
   * `record: null` for an entry that it has seen and that is gone.
   */
  load(): Awaitable<Entry | undefined>;
  /**
   * Keeps `entry` over nothing, over a lesser stamp, or over a value without a readable stamp; given `over`, only when what it
   * holds is not greater than `over`. Tells others who share the place before it resolves. Tried twice.
   *
   * @returns whether the entry is kept, or was held already
   */
  save(entry: Entry, over?: Stamp): Awaitable<boolean>;
  /**
   * Runs `run` once while nobody else who shares the place runs theirs. Missing: there is no lock, and an
   * `exclusive` provider is refused. Pending: it is busy; the place owns the wait, the queue and the takeover of a holder that
   * has ended. Rejects before `run` was called: the lock is gone. When `signal` aborts during the wait, it resolves without
   * `run`.
   */
  lock?(run: (hold: Hold) => Promise<void>, signal: AbortSignal): PromiseLike<unknown>;
  /** Called once, after the last save, and after the lock was let go. */
  close?(): void;
}

/** A lock that is held. */
export interface Hold {
  /** By the clock, synchronously: nobody has taken over, nor will before a token request that is sent now has ended. */
  isHeld(): boolean;
  /** Rises with each grant, also after a loss of data. */
  readonly fence?: number;
}
