import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import type { Client } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/http';
import { createSchema, Repeater } from 'graphql-yoga';
import { beforeAll, describe, expect, test } from 'vitest';
import { listen } from './listen.ts';
import { testClock } from './testClock.ts';
import { root } from './trackedFiles.ts';

// The program of the README of @latchkey/fetch, as it stands there, against a server of graphql-sse.

const folder = join(root, 'packages/testing/programs/sse/snippets');
let createStreams: (auth: TokenManager, url: string, singleConnection: boolean) => Client;

beforeAll(async () => {
  const readme = await readFile(join(root, 'packages/fetch/README.md'), 'utf8');
  const program =
    [...readme.matchAll(/```ts\n(.*?)```/gs)].find(([, code]) => code?.includes('graphql-sse'))?.[1] ?? '';
  expect(program.split('export function')[1]?.trim().split('\n').length).toBeLessThanOrEqual(10);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const path = join(folder, `program-${process.pid}.ts`);
  await writeFile(path, program);
  ({ createStreams } = (await import(path)) as { createStreams: typeof createStreams });
});

type Push = (event: { n: number }) => unknown;

const turn = () => new Promise<void>(resolve => setImmediate(resolve));
const settled = async () => {
  for (let n = 0; n < 5; n++) await turn();
};

/** A server that accepts the newest token, and a manager whose renewals bring it. */
async function start(singleConnection: boolean) {
  const clock = testClock(settled);
  let valid = 0;
  let renewals = 0;
  let isDown = false;
  const streams = new Set<Push>();
  const requests: string[] = [];
  const subscribed: string[] = [];
  const schema = createSchema<{ token: string }>({
    typeDefs: 'type Query { a: Int } type Subscription { n: Int }',
    resolvers: {
      Subscription: {
        n: {
          subscribe: (_, _args, { token }) => {
            subscribed.push(token);
            return new Repeater<{ n: number }>(async (push, stop) => {
              streams.add(push);
              await stop;
              streams.delete(push);
            });
          },
        },
      },
    },
  });
  const handler = createHandler<{ token: string }>({
    schema,
    context: ({ raw }) => ({ token: raw.headers.authorization?.replace('Bearer ', '') ?? '' }),
  });
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (request.method !== 'DELETE') requests.push(token); // with a single connection it deletes what it had subscribed to
    if (token !== `token-${valid}` && !token.startsWith('bob')) response.writeHead(401).end();
    else void handler(request, response);
  });
  const { origin, close } = await listen(server);
  const auth = createTokenManager({
    clock,
    renew: async () => {
      if (isDown) throw new Error('offline');
      renewals++;
      return `token-${valid}`;
    },
  });
  await auth.adopt('token-0');
  const client = createStreams(auth, `${origin}/graphql`, singleConnection);
  return {
    auth,
    clock,
    requests,
    subscribed,
    streams,
    renewals: () => renewals,
    setDown: (down: boolean) => (isDown = down),
    /** The token ends, and the connections of its streams drop. */
    expire() {
      valid++;
      server.closeAllConnections();
    },
    publish: (n: number) => {
      for (const push of streams) void push({ n });
    },
    watch() {
      const events: unknown[] = [];
      let isOver = false;
      client.subscribe(
        { query: 'subscription { n }' },
        {
          next: ({ data }) => events.push(data?.n),
          error: error => {
            events.push(TokenError.is(error) ? error.code : error);
            isOver = true;
          },
          complete: () => (isOver = true),
        },
      );
      return { events, isOver: () => isOver };
    },
    later: (condition: () => boolean) =>
      expect
        .poll(async () => {
          if (!condition()) await clock.advance(500);
          return condition();
        })
        .toBe(true),
    async [Symbol.asyncDispose]() {
      client.dispose();
      auth.dispose();
      await close();
    },
  };
}

describe.for([
  ['distinct connections', false],
  ['a single connection', true],
] as const)('graphql-sse, %s', ([, singleConnection]) => {
  test('B93 a token that ends: one renewal, and all streams go on', async () => {
    await using it = await start(singleConnection);
    const all = [it.watch(), it.watch(), it.watch()];
    await expect.poll(() => it.streams.size).toBe(3);
    it.publish(1);
    await expect.poll(() => all.map(({ events }) => events)).toEqual([[1], [1], [1]]);
    it.expire();
    await it.later(() => it.subscribed.filter(token => token === 'token-1').length === 3);
    await expect.poll(() => it.streams.size).toBe(3);
    it.publish(2);
    await expect
      .poll(() => all.map(({ events }) => events))
      .toEqual([
        [1, 2],
        [1, 2],
        [1, 2],
      ]);
    expect(it.renewals()).toBe(1);
  });

  test('B125 the auth server is down: the stream waits, and resumes', async () => {
    await using it = await start(singleConnection);
    const { events, isOver } = it.watch();
    await expect.poll(() => it.streams.size).toBe(1);
    let failures = 0;
    it.auth.on('renewalFailed', () => failures++);
    it.setDown(true);
    it.expire();
    await it.later(() => failures > 3);
    expect([events, isOver()]).toEqual([[], false]);
    it.setDown(false);
    await it.later(() => it.subscribed.includes('token-1'));
    await expect.poll(() => it.streams.size).toBe(1);
    it.publish(1);
    await expect.poll(() => events).toEqual([1]);
  });

  test('B124 a sign-out ends the stream, and nothing of it is subscribed as the next user', async () => {
    await using it = await start(singleConnection);
    const { events, isOver } = it.watch();
    await expect.poll(() => it.streams.size).toBe(1);
    void it.auth.signOut();
    void it.auth.adopt('bob-0');
    await expect.poll(isOver).toBe(true);
    await expect.poll(() => it.streams.size).toBe(0);
    it.publish(1);
    await it.clock.advance(60_000);
    expect(it.subscribed).toEqual(['token-0']);
    expect(events.filter(event => typeof event === 'number')).toEqual([]);
    expect(it.requests.filter(token => token.startsWith('bob'))).toEqual([]);
  });
});
