import { expect, test } from 'vitest';
import { checkFleet, type FleetViolation, fleetPairs } from './fleet/checkFleet.ts';

/** Fixed, so that `npm test` is deterministic. `runFleet.ts` uses a new seed each time. */
const seed = 20_261_128;
const runs = 22;

const describe = ({ life, violations }: FleetViolation) =>
  `${life.place}:${life.server} seed ${life.seed}: ${[...violations].join('; ')}`;

test(`the invariants hold in ${runs * fleetPairs.length} lives of managers that share a store`, async () => {
  const failed = await checkFleet({ runs, seed });
  expect(failed.map(describe)).toEqual([]);
});
