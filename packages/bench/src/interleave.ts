import { setTimeout as wait } from 'node:timers/promises';

/** One run of a contestant; resolves to the measured value, in the unit of the caller. */
export type Sample = () => Promise<number>;

export interface Rounds {
  /** Rounds whose values count. */
  readonly rounds: number;
  /** Rounds before them, whose values do not count. */
  readonly warmUps: number;
  /** A longer run counts as not finished. @defaultValue 60,000 */
  readonly limitMs?: number;
}

/** @returns `undefined` when the run did not finish in time; a run that blocks the thread for longer is late too */
async function withinLimit(sample: Sample, limitMs: number): Promise<number | undefined> {
  const stop = new AbortController();
  const start = performance.now();
  const late = wait(limitMs, undefined, { signal: stop.signal }).catch(() => undefined);
  const took = await Promise.race([sample(), late]);
  stop.abort();
  return performance.now() - start < limitMs ? took : undefined;
}

/**
 * Runs the contestants in turn, round after round, each round beginning with another: a machine that is slow for a while
 * slows all of them. Garbage is collected before each run, where Node exposes that.
 *
 * @returns the values of the counted runs by contestant; no entry for one that did not finish in time, which is not run again
 */
export async function interleave(
  samples: Readonly<Record<string, Sample>>,
  { rounds, warmUps, limitMs = 60_000 }: Rounds,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const names = Object.keys(samples);
  const took = new Map<string, readonly number[]>(names.map(name => [name, []]));
  for (let round = 0; round < warmUps + rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const sample = samples[name];
      const before = took.get(name);
      if (!sample || !before) continue;
      globalThis.gc?.();
      const now = await withinLimit(sample, limitMs);
      if (now === undefined) took.delete(name);
      else if (round >= warmUps) took.set(name, [...before, now]);
    }
  }
  return took;
}
