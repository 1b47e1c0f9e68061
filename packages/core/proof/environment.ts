import type { FakeClock } from '../test/scriptedProvider.ts';

/** The defaults of the options, and what follows from them. */
export const renewTimeoutMs = 10_000;
export const requestTimeoutMs: number = 3 * renewTimeoutMs;
export const lockWaitMs: number = renewTimeoutMs + 5_000;
/** The core gives up a call of the store after this time. */
export const storeTimeoutMs = 5_000;

/** What all parts of a simulation use. */
export interface Environment {
  readonly clock: FakeClock;
  /** Milliseconds since the start, regardless of how the clock was set. */
  elapsedMs(): number;
  /** How often the clock was set. */
  clockSets(): number;
  /** Whether the clock was set back. */
  isSetBack(): boolean;
  /** Runs `run` when the scheduler chooses it among all pending work. */
  schedule<T>(label: string, run: () => T): Promise<T>;
  /** Reports an invariant that does not hold. */
  violated(invariant: string): void;
  /** @returns a function that returns the next answer, or `fallback` after the last one and while the simulation ends */
  plan<T>(answers: readonly T[], fallback: T): () => T;
}

/** Whether a call that began then has taken longer than the core waits. */
export const hasTakenLong = ({ clock, elapsedMs }: Environment, since: number, sinceElapsedMs: number): boolean =>
  Math.max(clock.now() - since, elapsedMs() - sinceElapsedMs) >= storeTimeoutMs;
