import { parseArgs } from 'node:util';
import { checkFleet, type FleetViolation, fleetPairs, liveOnce } from './fleet/checkFleet.ts';

// Lives of managers that share a store: `pnpm --filter @latchkey/core run fleet -- --runs 1000`.

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string' },
    /** One pair only, as `redis:grace`. */
    pair: { type: 'string' },
    /** Prints the life of this seed. */
    trace: { type: 'boolean', default: false },
    /** Prints each invariant that did not hold, not only the first. */
    all: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const pairs = fleetPairs.filter(({ place, server }) => !values.pair || `${place}:${server}` === values.pair);
const print = (line: string) => process.stdout.write(`${line}\n`);

const describe = ({ life, violations }: FleetViolation): string =>
  [
    ...[...violations].map(([invariant, detail]) => `${invariant}: ${detail}`),
    `Run it again: node proof/runFleet.ts --pair ${life.place}:${life.server} --seed ${life.seed} --trace`,
  ].join('\n');

async function trace(): Promise<void> {
  for (const pair of pairs) {
    const { lines, violations } = await liveOnce({ ...pair, seed, isTraced: true });
    for (const line of lines) print(line);
    if (violations.size === 0) continue;
    print(describe({ life: { ...pair, seed }, violations }));
    process.exitCode = 1;
  }
}

async function check(): Promise<void> {
  const runs = Number(values.runs);
  print(`seed=${seed}`);
  const failed = await checkFleet({ runs, seed, pairs, report: print });
  for (const violation of values.all ? failed : failed.slice(0, 1)) print(describe(violation));
  print(`fleet runs=${runs * pairs.length} failed=${failed.length}`);
  if (failed.length > 0) process.exitCode = 1;
}

await (values.trace ? trace() : check());
