import { parseArgs } from 'node:util';
import { findRedis, startAltrata, startRedis } from '@latchkey/emulators';
import { Fleet, type Row } from './fleet.ts';

const { values } = parseArgs({
  options: { workers: { type: 'string', default: '8' }, seconds: { type: 'string', default: '24' } },
});
const seconds = Number(values.seconds);
const print = (line: string) => void process.stdout.write(`${line}\n`);
const after = (part: number) => new Promise(resolve => setTimeout(resolve, part * seconds * 1_000));

if (!findRedis()) {
  print(
    'redis-server was not found: "apt-get install redis-server" or "brew install redis", or set REDIS_SERVER to its path.',
  );
  process.exit(1);
}
await using redis = await startRedis();
await using altrata = await startAltrata({ accessLifetimeMs: 4_000 });
const { tokenUrl, url: apiUrl, apiKey } = altrata;
const [{ username, password }] = altrata.users;
const fleet = new Fleet({ tokenUrl, apiUrl, apiKey, username, password, redisUrl: redis.url });

print(`${values.workers} processes, one service user, a token that lasts 4 s, ${seconds} s`);
await Promise.all(Array.from({ length: Number(values.workers) }, (_, at) => fleet.start(String(at + 1))));
await after(1 / 4);
await replace(fleet.rows[0]);
await after(1 / 4);
await replace(fleet.lastRequester);
await after(1 / 4);
print('Redis crashes, and comes back without its data');
await redis.kill();
await redis.start({ data: 'lost' });
await after(1 / 4);
await fleet.end();

async function replace(row: Row | undefined): Promise<void> {
  if (!row) return;
  print(`process ${row.name} is killed, and another one started`);
  await fleet.replace(row);
}

const columns = ['process', 'end', 'token requests', 'operations', 'failed'] as const;
const lineOf = (cells: readonly unknown[]) =>
  cells.map((cell, at) => String(cell)[at < 2 ? 'padEnd' : 'padStart'](at < 2 ? 15 : 14)).join(' ');
print(`\n${lineOf(columns)}`);
for (const { name, end, tokenRequests, operations, failed } of fleet.rows)
  print(lineOf([name, end, tokenRequests, operations, failed.length]));
const sum = (count: (row: Row) => number) => fleet.rows.reduce((total, row) => total + count(row), 0);
const failures = fleet.rows.flatMap(row => row.failed);
print(lineOf(['all', '', sum(row => row.tokenRequests), sum(row => row.operations), failures.length]));
for (const code of new Set(failures))
  print(`failed with ${code}: ${failures.filter(failure => failure === code).length}`);
const { tokenRequests, operations } = altrata.stats();
print(`\nCounted by the API: ${tokenRequests.signIn} tokens issued, ${operations.refused} operations refused.`);
process.exit(0);
