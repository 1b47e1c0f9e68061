import type { TokenStore } from '@latchkey/core';

/** Storage that holds sessions. It starts empty, and each page or process opens its own place on it. */
export interface StorePlace {
  open(name?: string): TokenStore;
  /** How many items it holds, where it holds items. */
  readonly count?: () => number;
  /** Makes every later call of the storage throw. Only kinds with `canBreak` have it. */
  readonly breakDown?: () => void;
}

/** A kind of store, and which optional properties it has. */
export interface StoreKind {
  readonly name: string;
  create(): StorePlace;
  /** Its content is known synchronously. */
  readonly answersAtOnce: boolean;
  /** Only one of its users renews at a time. Without a lock each renews at most once, and all continue with the same token set. */
  readonly hasLock: boolean;
  /** It notifies its users of each change. Without notices they find out at their next look, which precedes any token request. */
  readonly notifies: boolean;
  /** Its storage can be full, forbidden or gone. */
  readonly canBreak: boolean;
}
