import { readdir, readFile } from 'node:fs/promises';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { oli } from '@latchkey/providers/oli';
import { QueryClient } from '@tanstack/query-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRequestClient } from './graphqlRequest.ts';
import { createRelayEnvironment } from './relay.ts';
import { createQueryFunction } from './tanstackQuery.ts';

const me = '{ me { name } }';

let server: Oli;
let auth: TokenManager;

/** Sends one query with a valid token, then fifty at once with an expired one. */
async function expectSignedIn(query: (n: number) => Promise<unknown>): Promise<void> {
  const expected = expect.objectContaining({ me: { name: server.users[0].name } });
  expect(await query(0)).toEqual(expected);
  server.expireNow();
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => query(n + 1)));
  expect(results).toEqual(results.map(() => expected));
  expect(server.stats().tokenRequests.refresh).toBe(1);
}

beforeEach(async () => {
  server = await startOli();
  const manager = createTokenManager(oli({ tokenUrl: server.tokenUrl }));
  await manager.signIn(server.users[0]);
  auth = manager;
});
afterEach(async () => {
  auth.dispose();
  await server.close();
});

test('graphql-request stays signed in', async () => {
  const client = createRequestClient(auth, server.url);
  await expectSignedIn(() => client.request(me));
});

test('Relay stays signed in', async () => {
  const network = createRelayEnvironment(auth, server.url).getNetwork();
  const request = { id: null, cacheID: 'me', metadata: {}, name: 'Me', operationKind: 'query', text: me } as const;
  await expectSignedIn(async () => {
    const result = await network.execute(request, {}, { force: true }, null).toPromise();
    return (result as { data: unknown } | undefined)?.data;
  });
});

test('TanStack Query stays signed in', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const queryFn = createQueryFunction(auth, server.url);
  await expectSignedIn(async n => {
    const result = await client.fetchQuery({ queryKey: [`${me}${' '.repeat(n)}`] as const, queryFn });
    return (result as { data: unknown }).data;
  });
});

test('each example has at most fifteen lines', async () => {
  const folder = new URL('.', import.meta.url);
  const names = (await readdir(folder)).filter(name => !name.includes('.test.'));
  expect(names).toHaveLength(3);
  for (const name of names) {
    const lines = (await readFile(new URL(name, folder), 'utf8')).split('\n').length - 1;
    expect([name, lines <= 15]).toEqual([name, true]);
  }
});
