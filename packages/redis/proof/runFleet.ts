import { parseArgs } from 'node:util';
import { startAltrata, startRedis } from '@latchkey/emulators';
import type { WorkerSettings } from './message.ts';
import { startWorkers, type Worker } from './processes.ts';

// B66: processes that share a service user of an API which kills the old token when it issues a new one.
// Each round the token of all of them expires, and all need one at once.

const { values } = parseArgs({
  options: { processes: { type: 'string', default: '50' }, expiries: { type: 'string', default: '30' } },
});
const processes = Number(values.processes);
const expiries = Number(values.expiries);
const lifetimeMs = 28_800_000;
const print = (line: string) => void process.stdout.write(`${line}\n`);

await using redis = await startRedis();
await using altrata = await startAltrata({ accessLifetimeMs: lifetimeMs });
const [{ username, password }] = altrata.users;
const settings = (at: number): WorkerSettings => ({
  kind: 'altrata',
  client: at % 2 === 0 ? 'redis' : 'ioredis',
  redisUrl: redis.url,
  tokenUrl: altrata.tokenUrl,
  apiUrl: altrata.url,
  apiKey: altrata.apiKey,
  username,
  password,
  leaseMs: 5_000,
  commandTimeoutMs: 1_500,
  renewTimeoutMs: 30_000, // a round counts requests; a busy machine may be slow
  cooldownMs: 2_000,
});

const startedAt = Date.now();
const workers = await startWorkers(Array.from({ length: processes }, (_, at) => settings(at)));
print(`processes started in ${Date.now() - startedAt} ms`);
const admin = await (async () => {
  const { Redis } = await import('ioredis');
  return new Redis(redis.url);
})();

let failed = 0;
const codes = new Map<string, number>();

async function operateOnAll(): Promise<void> {
  const answers = await Promise.all(workers.map(worker => worker.ask({ do: 'operate' })));
  for (const answer of answers) {
    if (answer?.isGood) continue;
    failed++;
    const code = answer?.code ?? 'ended';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
}

async function scriptsRun(): Promise<number> {
  const stats = await admin.info('commandstats');
  return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

const signingInAt = Date.now();
await operateOnAll(); // all are signed in
print(`signed in after ${Date.now() - signingInAt} ms`);
const first = altrata.stats().tokenRequests.total;
const scriptsBefore = await scriptsRun();
const roundsMs: number[] = [];
for (let round = 0; round < expiries; round++) {
  const before = altrata.stats().tokenRequests.total;
  altrata.expireNow();
  await Promise.all(workers.map(worker => worker.ask({ do: 'shift', ms: lifetimeMs })));
  const began = Date.now();
  await operateOnAll();
  roundsMs.push(Date.now() - began);
  const requests = altrata.stats().tokenRequests.total - before;
  if (requests !== 1) print(`round ${round + 1}: ${requests} token requests`);
}
const tokenRequests = altrata.stats().tokenRequests.total - first;
const shown = await Promise.all(workers.map((worker: Worker) => worker.ask({ do: 'show' })));
const tokens = new Set(shown.map(answer => answer?.accessToken));
const scripts = ((await scriptsRun()) - scriptsBefore) / (expiries * processes);

admin.disconnect();
await Promise.all(workers.map(worker => worker.kill()));
for (const [code, count] of codes) print(`${count} operations failed: ${code}`);
const [median, slowest] = [roundsMs.toSorted((a, b) => a - b)[roundsMs.length >> 1], Math.max(...roundsMs)];
print(
  `sign_ins=${first} tokens_at_end=${tokens.size} scripts_per_process_and_round=${scripts.toFixed(1)} median_round_ms=${median} slowest_round_ms=${slowest}`,
);
print(`processes=${processes} expiries=${expiries} token_requests=${tokenRequests} failed=${failed}`);
if (tokenRequests !== expiries || failed > 0 || tokens.size !== 1 || first !== 1 || scripts > 5) process.exitCode = 1;
