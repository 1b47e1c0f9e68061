import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { startAnswerServers } from './answerServer.ts';
import { checkScript, type Violation } from './checkScript.ts';
import type { FuzzClient } from './fuzzClient.ts';
import { type Script, script as scripts } from './script.ts';

export interface FuzzOptions {
  readonly client: FuzzClient;
  readonly seed: number;
  readonly answers: number;
  /** Checks this script of the seed only. */
  readonly only?: number | undefined;
  /** When a client hangs. */
  readonly longestMs?: number;
}

export interface FuzzResult {
  readonly answers: number;
  /** How many operations were sent again: without any, little is shown. */
  readonly retried: number;
  /** Differences that were seen once, and not when the script ran alone: a busy machine shows less of an answer in time. */
  readonly once: number;
  /** By the number of the script. */
  readonly violations: ReadonlyMap<number, Violation>;
}

/** So many scripts run at a time. */
const width = 48;

/** Runs random scripts; those of a seed are always the same. */
export async function fuzz({ client, seed, answers, only, longestMs }: FuzzOptions): Promise<FuzzResult> {
  setMaxListeners(0);
  await using servers = await startAnswerServers();
  const violations = new Map<number, Violation>();
  const sample = fc.sample(scripts, { seed, numRuns: only === undefined ? answers : only + 1 });
  const all = sample.entries();
  let [checked, retried] = [0, 0];
  async function work(): Promise<void> {
    for (const [index, script] of all) {
      if (only !== undefined && index !== only) continue;
      const { violation, sent } = await checkScript(servers, client, script, longestMs);
      checked++;
      if (sent > 1) retried++;
      if (violation) violations.set(index, violation);
    }
  }
  await Promise.all(Array.from({ length: width }, work));
  let once = 0;
  for (const [index, { kind }] of violations) {
    if (kind !== 'difference') continue;
    const { violation } = await checkScript(servers, client, sample[index] as Script, longestMs);
    if (violation) continue;
    violations.delete(index);
    once++;
  }
  return { answers: checked, retried, once, violations };
}

/** How long a smaller script is searched for. */
const longestSearchMs = 20_000;

/** The smallest script with a violation that is found from this one of the seed; `undefined`: alone it has none. */
export async function shrink(client: FuzzClient, seed: number, index: number): Promise<Script | undefined> {
  await using servers = await startAnswerServers();
  const holds = async (script: Script) => (await checkScript(servers, client, script)).violation === undefined;
  const result = await fc.check(fc.asyncProperty(scripts, holds), {
    seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: longestSearchMs,
  });
  return result.counterexample?.[0];
}
