import { parseArgs } from 'node:util';
import { checkModel } from './checkModel.ts';

// Checks the model with a new seed: `pnpm --filter @latchkey/core run model -- --runs 100000`.

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    path: { type: 'string' },
    first: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
process.stdout.write(`seed=${seed}\n`);
const { holds, report } = await checkModel({
  runs: Number(values.runs),
  seed,
  path: values.path,
  stopsAtFirst: values.first,
});
process.stdout.write(`${report}\n`);
if (!holds) process.exitCode = 1;
