import type { TokenStore } from '@latchkey/core';

/** Where sessions are kept: empty at first, and opened by each page or process that shares it. */
export interface StorePlace {
  open(name?: string): TokenStore;
  /** How many items it holds, where it holds items. */
  readonly count?: () => number;
  /** From now on the storage throws whatever is asked of it; given where the kind can break. */
  readonly breakDown?: () => void;
}

/** A kind of store, and which of the properties it has that not every store can have. */
export interface StoreKind {
  readonly name: string;
  create(): StorePlace;
  /** What it holds is known in the same turn. */
  readonly answersAtOnce: boolean;
  /** Of all who share it only one renews at a time. Without: each renews once at most, and all go on with the same token set. */
  readonly hasLock: boolean;
  /** Who shares it hears of each change. Without: they find out when they look, which is before they ask the auth server. */
  readonly tells: boolean;
  /** Its storage can be full, forbidden or gone. Without: there is nothing outside the process that could. */
  readonly canBreak: boolean;
}
