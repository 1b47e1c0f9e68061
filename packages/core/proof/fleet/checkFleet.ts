import { FleetLife, type LifeOptions } from './life.ts';
import { type PlaceKind, placeKinds } from './places.ts';
import { FleetRandom } from './random.ts';
import type { FleetReport } from './report.ts';
import { type ServerKind, serverKinds } from './servers.ts';

/** One place and one auth server. */
export interface FleetPair {
  readonly place: PlaceKind;
  readonly server: ServerKind;
}

/** All but one: where a new token invalidates the old one, a place without a lock is refused. */
export const fleetPairs: readonly FleetPair[] = placeKinds
  .flatMap(place => serverKinds.map(server => ({ place, server })))
  .filter(({ place, server }) => !(place === 'keyValue' && server === 'oneLive'));

/** Runs one life. The same options give the same life: the random numbers of the product are its own as well. */
export async function liveOnce(options: LifeOptions): Promise<FleetReport> {
  const { random } = Math;
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  process.on('unhandledRejection', note);
  Math.random = new FleetRandom(options.seed ^ 0x5eed).next;
  try {
    const report = await new FleetLife(options).run();
    for (const reason of rejections)
      report.violated('an unhandled rejection', String((reason as Error)?.stack ?? reason));
    return report;
  } finally {
    Math.random = random;
    process.off('unhandledRejection', note);
  }
}

export interface FleetCheck {
  /** For each pair. */
  readonly runs: number;
  readonly seed: number;
  readonly pairs?: readonly FleetPair[];
  /** Called after each pair. */
  readonly report?: (line: string) => void;
}

export interface FleetViolation {
  readonly life: LifeOptions;
  readonly violations: FleetReport['violations'];
}

/** Runs lives of each pair. Resolves to those in which an invariant did not hold. */
export async function checkFleet({ runs, seed, pairs = fleetPairs, report }: FleetCheck): Promise<FleetViolation[]> {
  const failed: FleetViolation[] = [];
  for (const pair of pairs) {
    const total = { operations: 0, requests: 0, refusals: 0, lost: 0, excused: 0 };
    const failedBefore = failed.length;
    for (let run = 0; run < runs; run++) {
      const life = { ...pair, seed: (seed + run * 7_919 + pairs.indexOf(pair) * 104_729) % 2 ** 31 };
      const { violations, counts, isExcused } = await liveOnce(life);
      if (violations.size > 0) failed.push({ life, violations });
      for (const name of ['operations', 'requests', 'refusals', 'lost'] as const) total[name] += counts[name];
      if (isExcused) total.excused++;
    }
    const figures = Object.entries(total).map(([name, count]) => `${name}=${count}`);
    report?.(`${pair.place} ${pair.server} runs=${runs} ${figures.join(' ')} failed=${failed.length - failedBefore}`);
  }
  return failed;
}
