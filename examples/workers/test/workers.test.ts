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
  const { stdout } = await run(process.env);
  expect(stdout.match(/is killed/g)).toHaveLength(2);
  const [, tokenRequests, operations] = /^all +(\d+) +(\d+) +\d+$/m.exec(stdout) ?? [];
  expect(Number(operations)).toBeGreaterThan(20);
  expect(Number(tokenRequests)).toBeLessThanOrEqual(5); // one per lifetime, and one more when its holder was killed
});

test('without redis-server it states in one line where to get it', async () => {
  const { CI: _, ...env } = process.env;
  const failed = run({ ...env, PATH: '', REDIS_SERVER: '' });
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^redis-server was not found: .*\n$/),
  });
});
