import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runBench } from './runBench.ts';
import { tableOf } from './tableOf.ts';

// `pnpm --filter @latchkey/bench run bench` writes results.json; with `--rounds 2` it only prints the table.

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: { rounds: { type: 'string' } },
});
const { machine, versions, figures } = await runBench({
  rounds: Number(values.rounds ?? 9),
  warmUps: 1,
  sampleMs: 250,
  stormSizes: [1_000, 10_000, 50_000],
  heldOperations: 20_000,
  messages: 20_000,
});
if (values.rounds === undefined) {
  const results = new URL('../results.json', import.meta.url);
  await writeFile(results, `${JSON.stringify({ machine, versions, figures }, null, 2)}\n`);
}
process.stdout.write(`${tableOf(figures)}
Less is better. CPU time of one thread, medians of interleaved rounds; ${machine.cpu}, Node ${machine.node}.
`);
