import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gql } from '@apollo/client/core';
import { useQuery } from '@vue/apollo-composable';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import { listen } from './listen.ts';
import { root } from './trackedFiles.ts';

const stored = new Map<string, string>();
const localStorage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
  removeItem: (key: string) => void stored.delete(key),
};
const left: string[] = [];
let renewals = 0;
let valid = 1;
let close: () => Promise<void>;

/** What a page has and Node lacks: an origin for relative URLs, a storage and a location. */
beforeAll(async () => {
  const server = createServer(({ url, headers }, response) => {
    response.setHeader('content-type', 'application/json');
    if (url === '/refresh') return response.end(JSON.stringify({ access_token: `token-${++renewals}` }));
    const isGood = headers.authorization === `Bearer token-${valid}`;
    response.statusCode = isGood ? 200 : 401;
    return response.end(isGood ? '{"data":{"me":{"__typename":"User","id":"1","name":"Mara"}}}' : '{}');
  });
  const { origin, ...listening } = await listen(server);
  close = listening.close;
  const fetchOfNode = fetch;
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => fetchOfNode(new URL(path, origin), init));
  vi.stubGlobal('localStorage', localStorage);
  vi.stubGlobal('location', { assign: (path: string) => void left.push(path) });
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await close();
});

test('the program for Apollo Client 3 runs: vue-apollo, a persisted cache, a refused token, a sign-out', async () => {
  const { auth } = await import('./apollo3Program.ts');
  expect(renewals).toBe(1); // by `restore`
  valid = 2;
  const scope = effectScope();
  const name = await scope.run(
    () =>
      new Promise((resolve, reject) => {
        const { onResult, onError } = useQuery(gql`{ me { id name } }`);
        onResult(({ data }) => data && resolve(data.me.name));
        onError(reject);
      }),
  );
  expect(name).toBe('Mara');
  expect(renewals).toBe(2);
  await expect.poll(() => [...stored.values()].join()).toContain('Mara');
  await auth.signOut();
  await expect.poll(() => left).toEqual(['/login']);
  expect([...stored]).toEqual([]);
  scope.stop();
});

test('APOLLO3.md shows the program that runs', async () => {
  const page = await readFile(join(root, 'packages/apollo/APOLLO3.md'), 'utf8');
  expect(page).toContain(await readFile(join(import.meta.dirname, 'apollo3Program.ts'), 'utf8'));
});
