import type { Operation } from '@urql/core';

/** So many teardowns are kept while no operation waits. */
const maxKept = 1_000;

/** Which queries and subscriptions were torn down, and when. Mutations share keys, and are not torn down. */
export class Teardowns {
  /** How many teardowns there were. */
  count = 0;
  /** How many operations wait: as long as any does, every teardown is kept. */
  waiting = 0;
  readonly #latest = new Map<number, number>();

  add({ key }: Operation): void {
    this.#latest.delete(key); // the newest are last
    this.#latest.set(key, ++this.count);
    if (this.waiting > 0 || this.#latest.size <= maxKept) return;
    const [oldest] = this.#latest.keys();
    if (oldest !== undefined) this.#latest.delete(oldest);
  }

  /** Whether the operation was torn down after the first `count` teardowns. */
  includes({ kind, key }: Operation, count: number): boolean {
    return kind !== 'mutation' && (this.#latest.get(key) ?? 0) > count;
  }
}
