import type { Store } from '@latchkey/core';
import type { Entry, Place, StoreHost } from '@latchkey/core/adapter';
import type { TestClock } from './testClock.ts';

type Awaitable<T> = T | PromiseLike<T>;

/** What a page does with its place; `release` is of the lock. */
export type Step = 'save' | 'release' | 'close';

/**
 * Where the pages of one test keep their sessions: it starts empty. Pages are the tabs, processes or parts of an app that share
 * it. Besides `open` and `stored` it has what the test does in place of an outage, a frozen process or another program.
 */
export interface TestPlace {
  /** The option `store` of another page. */
  open(name?: string): Store;
  /** Another page as a bare place: the function that `createStore` is given. For a kind with `connects`. */
  readonly connect?: (host: StoreHost) => Place;
  /** What the place holds. A place that deletes what has ended holds nothing then. */
  stored(name?: string): Awaitable<Entry | undefined>;
  /** How many items it holds, where it holds items. */
  readonly count?: () => number;
  /**
   * Changes the content without a comparison, as another program, a restored backup or an older replica does. Pages may notice,
   * or find out at their next look.
   *
   * @param entry - `undefined`: everything is gone
   */
  put(entry: Entry | undefined): Awaitable<unknown>;
  /** Puts in a value without a readable stamp, or with a record that cannot be read: JSON of any kind. */
  damage(value: unknown): Awaitable<unknown>;
  /** What the pages have done, as far as `StoreKind.shows` has it. */
  readonly steps: readonly Step[];
  /** Makes every call fail until `recover`. For a kind with `canBreak`. */
  readonly breakDown?: () => void;
  /** The calls work again. The content is still there. */
  readonly recover?: () => void;
  /** Makes every call take until the function that it returns is called. For a kind without `answersAtOnce`. */
  readonly stall?: () => () => void;
  /** The holder of the lock is frozen for so long that the next one gets it. For a kind with `takesOver`. */
  readonly takeOver?: () => void;
  /** The memory of all pages may be old, as after the back/forward cache. For a kind with `doubts`. */
  readonly doubt?: () => void;
  /** Resolves when all calls on their way are answered and all notices have arrived. @defaultValue a turn of the event loop */
  readonly settled?: () => Promise<void>;
}

/** A kind of store, and what it can do. The contract has another fact where a kind cannot do something. */
export interface StoreKind {
  readonly name: string;
  /** @param clock - of all pages; leases and limits follow it */
  create(clock: TestClock): TestPlace;
  /** Its content is known synchronously. */
  readonly answersAtOnce: boolean;
  /** Only one of its pages renews at a time. Without a lock each renews at most once, and all end with the same token set. */
  readonly hasLock: boolean;
  /** The lock passes on when its holder is frozen, which finds out by `isHeld`. */
  readonly takesOver: boolean;
  /** Pages notice what other pages save. Without notices they find out at their next look, which precedes any token request. */
  readonly notifies: boolean;
  /** A save compares and writes in one step, so that no other page writes in between. */
  readonly isAtomic: boolean;
  /** It may lose its content by itself, as memory does: nothing is not a sign-out. */
  readonly mayLoseData: boolean;
  /** Its storage can be full, forbidden or out of reach. */
  readonly canBreak: boolean;
  /** Its lock is of another kind than its storage, and works in an outage. */
  readonly keepsLock?: true;
  /** Its content is the memory of its pages, and is gone with the last of them. */
  readonly livesInPages?: true;
  /** The refresh token is in a cookie: a token set with one is refused. */
  readonly hasCookie?: true;
  /** It is made by `createStore`, so that a test can be one of its token managers. */
  readonly connects: boolean;
  /** It knows when the memory of a page may be old. */
  readonly doubts: boolean;
  /** The steps that a test can see, in the order in which they happen when a page is disposed of in mid-renewal. */
  readonly shows: readonly Step[];
}
