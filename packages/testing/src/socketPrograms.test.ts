import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApolloClient, gql } from '@apollo/client';
import type { Clock } from '@latchkey/core';
import type { Client } from '@urql/core';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { pipe, subscribe } from 'wonka';
import { type SocketServer, startSocketServer } from './startSocketServer.ts';
import { root } from './trackedFiles.ts';

// The programs of the README, as they stand there but for the address of the server.

const folder = join(root, 'packages/testing/programs/snippets');
const readme = await readFile(join(root, 'packages/graphql-ws/README.md'), 'utf8');
const programs = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, program = '']) => program);

const clock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer as number),
};

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
});
afterEach(() => vi.unstubAllGlobals());

/** What the application's own server does at `/refresh`: it keeps the refresh token of its cookie. */
async function serveRefresh(server: SocketServer): Promise<void> {
  let { refreshToken } = await server.signIn('Ada');
  const fetchOfNode = fetch;
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    if (path !== '/refresh') return fetchOfNode(path, init);
    const body = new URLSearchParams({ refresh_token: refreshToken });
    const response = await fetchOfNode(server.url.replace('graphql', 'token'), { method: 'POST', body });
    const answer = (await response.json()) as { readonly refresh_token: string; readonly access_token: string };
    refreshToken = answer.refresh_token;
    return Response.json({ access_token: answer.access_token });
  });
}

async function run(index: number, server: SocketServer): Promise<unknown> {
  const path = join(folder, `program-${process.pid}-${index}.ts`);
  const program = (programs[index] ?? '')
    .replaceAll('wss://api.example/graphql', server.socketUrl)
    .replaceAll('https://api.example/graphql', server.url);
  await writeFile(path, program);
  return ((await import(path)) as { readonly client: unknown }).client;
}

const document = 'subscription { event { n } }';

/** A subscription outlives its token, and a query goes over HTTP. */
async function follow(server: SocketServer, events: readonly unknown[], query: () => Promise<unknown>): Promise<void> {
  await expect.poll(() => server.openStreams()).toBe(1);
  server.publish();
  await expect.poll(() => events).toEqual([1]);
  server.expire();
  await expect.poll(() => server.subscribed).toHaveLength(2);
  await expect.poll(() => server.openStreams()).toBe(1);
  server.publish();
  await expect.poll(() => events).toEqual([1, 2]);
  const received = server.received.length;
  expect(await query()).toEqual({ me: 'Ada' });
  expect(server.received).toHaveLength(received);
}

test('the program for Apollo Client runs', async () => {
  await using server = await startSocketServer(clock);
  await serveRefresh(server);
  const client = (await run(0, server)) as ApolloClient;
  const events: unknown[] = [];
  const subscription = client
    .subscribe<{ event: { n: number } }>({ query: gql(document) })
    .subscribe({ next: ({ data, error }) => events.push(error ?? data?.event.n) });
  await follow(server, events, async () => (await client.query({ query: gql`{ me }` })).data);
  subscription.unsubscribe();
});

test('the program for urql runs', async () => {
  await using server = await startSocketServer(clock);
  await serveRefresh(server);
  const client = (await run(1, server)) as Client;
  const events: unknown[] = [];
  const { unsubscribe } = pipe(
    client.subscription<{ event: { n: number } }>(document, {}),
    subscribe(({ data, error }) => events.push(error ?? data?.event.n)),
  );
  await follow(server, events, async () => (await client.query('{ me }', {}).toPromise()).data);
  unsubscribe();
});
