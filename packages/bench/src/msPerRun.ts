import { cpuMs } from './cpuMs.ts';

/**
 * Calls `run` until `sampleMs` of computing time have passed, and at least once.
 *
 * @returns the mean of a call, in milliseconds
 */
export async function msPerRun(run: () => void | Promise<void>, sampleMs: number): Promise<number> {
  const start = cpuMs();
  let ms = 0;
  let runs = 0;
  do {
    await run();
    runs++;
    ms = cpuMs() - start;
  } while (ms < sampleMs);
  return ms / runs;
}
