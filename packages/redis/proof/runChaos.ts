import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type ChaosResult, ChaosRun } from './chaosRun.ts';

// Random faults with a printed seed: processes that are killed and stopped, Redis that goes, loses its data and fails over,
// connections that are cut and delayed. Four runs: each kind of API with each client.

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    processes: { type: 'string', default: '12' },
    kind: { type: 'string' },
    client: { type: 'string' },
  },
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
const print = (line: string) => void process.stdout.write(`${line}\n`);
const runs = (['exclusive', 'rotating'] as const)
  .flatMap(kind => (['redis', 'ioredis'] as const).map(client => ({ kind, client })))
  .filter(({ kind, client }) => (values.kind ?? kind) === kind && (values.client ?? client) === client);

const results: ChaosResult[] = [];
for (const [at, { kind, client }] of runs.entries()) {
  const options = { kind, client, seed: seed + at, processes: Number(values.processes), print };
  const run = await ChaosRun.start({ ...options, runMs: Number(values.seconds) * 1_000 });
  results.push(await run.run());
  await run.close();
}
const sum = (key: 'lostSessions' | 'failedForGood' | 'violations') =>
  results.reduce((total, result) => total + result[key], 0);
const isConverged = results.every(result => result.isConverged);
if (sum('violations') > 0) print(`violations=${sum('violations')}`);
print(`lost_sessions=${sum('lostSessions')} failed_for_good=${sum('failedForGood')} converged=${isConverged}`);
if (sum('lostSessions') + sum('failedForGood') + sum('violations') > 0 || !isConverged) process.exitCode = 1;
process.exit();
