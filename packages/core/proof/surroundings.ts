import type { FakeClock } from '../test/scriptedProvider.ts';

/** What everybody in the world of a life shares. */
export interface Surroundings {
  readonly clock: FakeClock;
  /** Milliseconds that have passed, whatever the clock was set to meanwhile. */
  uptime(): number;
  /** Runs `happen` when its turn comes among all that is under way. */
  later<T>(what: string, happen: () => T): Promise<T>;
  /** An invariant does not hold. */
  wrong(what: string): void;
  /** The next of the planned answers; when they are used up, or the life ends, `otherwise`. */
  plan<T>(answers: readonly T[], otherwise: T): () => T;
}
