import { expect, test } from 'vitest';
import { checkModel } from './checkModel.ts';

/** Fixed, so that `npm test` is deterministic. `runModel.ts` uses a new seed each time. */
const seed = 20_261_122;
const runs = 1_000;

test(`the invariants hold after each step of ${runs} random scenarios from the seed ${seed}`, async () => {
  const { holds, report } = await checkModel({ runs, seed });
  expect(holds, report).toBe(true);
});
