import type { Operation } from '@urql/core';

/** At least so many of the latest teardowns are kept, and at most twice as many while no operation waits. */
const minKept = 1_000;

/** Which queries and subscriptions were torn down, and when. Mutations share keys, and are not torn down. */
export class Teardowns {
  /** How many teardowns there were. */
  count = 0;
  /** How many operations wait: as long as any does, every teardown is kept. */
  waiting = 0;
  #latest = new Map<number, number>();
  /** Those before the latest. */
  #earlier = this.#latest;

  add({ key }: Operation): void {
    this.#latest.set(key, ++this.count);
    if (this.waiting > 0 || this.#latest.size < minKept) return;
    this.#earlier = this.#latest;
    this.#latest = new Map();
  }

  /** Whether the operation was torn down after the first `count` teardowns. */
  includes({ kind, key }: Operation, count: number): boolean {
    return kind !== 'mutation' && (this.#latest.get(key) ?? this.#earlier.get(key) ?? 0) > count;
  }
}
