import type { FakeClock } from '../test/scriptedProvider.ts';

/** What all parts of a simulation use. */
export interface Environment {
  readonly clock: FakeClock;
  /** Milliseconds since the start, regardless of how the clock was set. */
  elapsedMs(): number;
  /** Whether the clock was set back. */
  isSetBack(): boolean;
  /** Runs `run` when the scheduler chooses it among all pending work. */
  schedule<T>(label: string, run: () => T): Promise<T>;
  /** Reports an invariant that does not hold. */
  violated(invariant: string): void;
  /** @returns a function that returns the next answer, or `fallback` after the last one and while the simulation ends */
  plan<T>(answers: readonly T[], fallback: T): () => T;
}
