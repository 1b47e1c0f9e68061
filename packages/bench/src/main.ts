import { writeFile } from 'node:fs/promises';
import { runBench } from './runBench.ts';
import { tableOf } from './tableOf.ts';

const { machine, versions, figures } = await runBench({
  rounds: 9,
  warmUps: 1,
  sampleMs: 250,
  stormSizes: [1_000, 10_000, 50_000],
});
const results = new URL('../results.json', import.meta.url);
await writeFile(results, `${JSON.stringify({ machine, versions, figures }, null, 2)}\n`);
process.stdout.write(`${tableOf(figures)}
Less is better. CPU time of one thread, medians of interleaved rounds; ${machine.cpu}, Node ${machine.node}.
`);
