import fc from 'fast-check';
import { type Scenario, scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

export interface CheckOptions {
  readonly runs: number;
  readonly seed: number;
  /** The path to one scenario, from the report of a violation. */
  readonly path?: string | undefined;
  /** Stop at the first violation instead of shrinking its scenario. @defaultValue false */
  readonly stopsAtFirst?: boolean;
}

export interface CheckResult {
  readonly holds: boolean;
  /** Its last line is `seed=… runs=… failed=0`, or `failed=1` and the invariants that did not hold. */
  readonly report: string;
}

/** A fixed sequence of numbers from 0 to 1 (a Weyl sequence): the same scenario has the same jitter. */
function fixedRandom(): () => number {
  let last = 0;
  return () => {
    last = (last + 0.618_033_988_749_895) % 1;
    return last;
  };
}

async function simulate(planned: Scenario, scheduler: fc.Scheduler): Promise<void> {
  const { random } = Math;
  Math.random = fixedRandom();
  try {
    const violations = await new Simulation(planned, scheduler).run();
    if (violations.length > 0) throw new Error(violations.join('; '));
  } finally {
    Math.random = random;
  }
}

/** Checks the invariants in random scenarios, with random orders of the pending work. */
export async function checkModel({ runs, seed, path, stopsAtFirst = false }: CheckOptions): Promise<CheckResult> {
  const result = await fc.check(fc.asyncProperty(scenario, fc.scheduler(), simulate), {
    seed,
    numRuns: runs,
    endOnFailure: stopsAtFirst,
    ...(path !== undefined && { path }),
  });
  if (!result.failed) return { holds: true, report: `seed=${seed} runs=${result.numRuns} failed=0` };
  const [planned, scheduler] = result.counterexample ?? [];
  const [index] = result.counterexamplePath?.split(':') ?? []; // without the steps of shrinking, which run again
  const report = [
    'A scenario in which an invariant does not hold:',
    JSON.stringify(planned),
    fc.stringify(scheduler),
    `Run it again: pnpm --filter @latchkey/core run model --seed=${seed} --path=${index}`,
    `seed=${seed} runs=${result.numRuns} failed=1 ${String(result.errorInstance)}`,
  ];
  return { holds: false, report: report.join('\n') };
}
