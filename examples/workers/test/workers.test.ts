import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findRedis } from '@latchkey/emulators';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const run = (env: NodeJS.ProcessEnv) =>
  promisify(execFile)(process.execPath, ['--no-warnings', program, '--workers', '3', '--seconds', '8'], { env });
const hasRedis = findRedis() !== undefined;
if (!hasRedis)
  process.stdout.write('redis-server was not found: set REDIS_SERVER to run the example. Its test is skipped.\n');

test.skipIf(!hasRedis)('B66 processes share a token, also those that take the place of killed ones', async () => {
  const startedAt = performance.now();
  const { stdout } = await run(process.env);
  const lifetimes = Math.ceil((performance.now() - startedAt) / 4_000);
  expect(stdout.match(/is killed/g)).toHaveLength(2);
  const rows = [...stdout.matchAll(/^\d'* .* (\d+) +\d+$/gm)].map(([, operations]) => Number(operations));
  expect(rows).toHaveLength(5);
  expect(Math.min(...rows)).toBeGreaterThan(0);
  const [, tokenRequests] = /^all +(\d+) /m.exec(stdout) ?? [];
  expect(Number(tokenRequests)).toBeLessThanOrEqual(lifetimes + 2); // one more when its holder is killed, or the data are lost
});

test('without redis-server it states in one line where to get it', async () => {
  const { CI: _, ...env } = process.env;
  const failed = run({ ...env, PATH: '', REDIS_SERVER: '' });
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^redis-server was not found: .*\n$/),
  });
});
