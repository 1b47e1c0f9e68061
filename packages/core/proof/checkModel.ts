import fc from 'fast-check';
import { type Life, life } from './life.ts';
import { World } from './world.ts';

export interface CheckOptions {
  readonly runs: number;
  readonly seed: number;
  /** The way to one life, as it was reported with a failure. */
  readonly path?: string | undefined;
  /** Stop at the first failure instead of looking for a shorter life that fails. @defaultValue false */
  readonly stopsAtFirst?: boolean;
}

/** What became of a check: `report` ends with a line that says whether the invariants held. */
export interface Checked {
  readonly holds: boolean;
  readonly report: string;
}

/** Numbers from 0 to 1 that are the same each time: a life that is lived again is jittered in the same way (a Weyl sequence). */
function evenChance(): () => number {
  let last = 0;
  return () => {
    last = (last + 0.618_033_988_749_895) % 1;
    return last;
  };
}

async function liveThrough(planned: Life, scheduler: fc.Scheduler): Promise<void> {
  const { random } = Math;
  Math.random = evenChance();
  try {
    const wrong = await new World(planned, scheduler).live();
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  } finally {
    Math.random = random;
  }
}

/** Whatever happens, in whatever order: the invariants hold. */
export async function checkModel({ runs, seed, path, stopsAtFirst = false }: CheckOptions): Promise<Checked> {
  const result = await fc.check(fc.asyncProperty(life, fc.scheduler(), liveThrough), {
    seed,
    numRuns: runs,
    endOnFailure: stopsAtFirst,
    ...(path !== undefined && { path }),
  });
  if (!result.failed) return { holds: true, report: `seed=${seed} runs=${result.numRuns} failed=0` };
  const [planned, scheduler] = result.counterexample ?? [];
  const [found] = result.counterexamplePath?.split(':') ?? []; // the life as it was drawn; it is shortened anew
  const report = [
    'A life in which an invariant does not hold:',
    JSON.stringify(planned),
    fc.stringify(scheduler),
    `Again: pnpm --filter @latchkey/core run model --seed=${seed} --path=${found}`,
    `seed=${seed} runs=${result.numRuns} failed=1 ${String(result.errorInstance)}`,
  ];
  return { holds: false, report: report.join('\n') };
}
