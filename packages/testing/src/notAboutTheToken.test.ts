import { createServer } from 'node:http';
import { createTokenManager, defaultDialect, TokenError, type TokenManager } from '@latchkey/core';
import { expect, test } from 'vitest';
import type { Adapter } from './adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { listen } from './listen.ts';
import { startServer } from './startServer.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const adapters: readonly Adapter[] = [apolloAdapter, urqlAdapter, fetchAdapter];
const wrongPassword = JSON.stringify({
  data: { changePassword: null },
  errors: [{ message: 'x', path: ['changePassword'], extensions: { code: 'UNAUTHENTICATED' } }],
});

test.for(adapters.flatMap(adapter => [200, 401, 403].map(status => ({ adapter, name: adapter.name, status }))))(
  "B91 $name: 'unjudged' sends the token, and delivers a refusal with $status that is about something else",
  async ({ adapter, status }) => {
    await using server = await startServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(wrongPassword);
    });
    const events: string[] = [];
    for (const name of ['refused', 'forbidden', 'renewed'] as const) server.auth.on(name, () => events.push(name));
    const client = adapter.connect(server.auth, { url: server.url });
    const answer = await client.run('mutation { changePassword }', { auth: 'unjudged' });
    expect(answer.error).toBeDefined();
    expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
    expect(server.sent).toEqual(['token-0']);
    expect(events).toEqual([]);
  },
);

test.for(adapters)("B91 $name: 'unjudged' belongs to its session, and waits for its token", async adapter => {
  await using server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
  });
  const auth = createTokenManager({ renew: async () => 'first', restore: true });
  const client = adapter.connect(auth, { url: server.url });
  expect((await client.run('mutation { n }', { auth: 'unjudged' })).error).toBeUndefined();
  expect(server.sent).toEqual(['first']);
  auth.dispose();
});

/** A server that redirects to another origin, which refuses everybody, and to a path of its own, which takes `token-1`. */
async function startRedirects() {
  const refused = await startServer((_, response) => {
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"errors":[{"message":"Unauthorized"}]}');
  });
  const server = createServer(({ url = '', headers }, response) => {
    const isRefused = headers.authorization !== 'Bearer token-1';
    const [path] = url.split('?');
    if (path === '/moved') response.writeHead(308, { location: refused.url }).end();
    else if (path === '/graphql') response.writeHead(308, { location: url.replace('/graphql', '/graphql/') }).end();
    else response.writeHead(isRefused ? 401 : 200, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
  });
  const { origin, close } = await listen(server);
  return {
    origin,
    refused,
    async [Symbol.asyncDispose]() {
      await close();
      await refused[Symbol.asyncDispose]();
    },
  };
}

test.for(adapters)(
  'B83 $name: a 401 from another origin, where a redirect has removed the token, renews nothing',
  async adapter => {
    await using servers = await startRedirects();
    const { auth, sent, renewals } = servers.refused;
    const client = adapter.connect(auth, { url: `${servers.origin}/moved`, origins: [servers.origin] });
    const answer = await client.run('query { n }');
    expect(answer.error).toBeDefined();
    expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
    expect(sent).toEqual([undefined]);
    expect(renewals()).toBe(0);
  },
);

test.for(adapters)('B82 $name: a 401 behind a redirect within the origin is renewed', async adapter => {
  await using servers = await startRedirects();
  const { auth, renewals } = servers.refused;
  const answer = await adapter.connect(auth, { url: `${servers.origin}/graphql` }).run('query { n }');
  expect(answer).toEqual({ data: expect.objectContaining({ n: 1 }) });
  expect(renewals()).toBe(1);
});

/** A fetch as a page has it before a gateway that answers an expired token without CORS headers. */
async function pageOf(auth: TokenManager) {
  const sent: (string | null)[] = [];
  const fetch = (async (_: unknown, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization');
    sent.push(token);
    if (token !== 'Bearer token-1') throw new TypeError('Failed to fetch');
    return Response.json({ data: { n: 1 } });
  }) as typeof globalThis.fetch;
  await auth.adopt('token-0');
  return { fetch, sent, url: 'https://api.example/graphql' };
}
const hidden = { ...defaultDialect, networkError: 'unauthenticated' } as const;

test.for(adapters)('B82 $name: a network error is a hidden 401 where the dialect has it so', async adapter => {
  const auth = createTokenManager({ renew: () => 'token-1' });
  const { fetch, sent, url } = await pageOf(auth);
  const answer = await adapter.connect(auth, { url, fetch, dialect: hidden }).run('query { n }');
  expect(answer).toEqual({ data: expect.objectContaining({ n: 1 }) });
  expect(sent).toEqual(['Bearer token-0', 'Bearer token-1']);
});

test.for(adapters)('B89 $name: a mutation that met a network error is not sent again', async adapter => {
  const auth = createTokenManager({ renew: () => 'token-1' });
  const { fetch, sent, url } = await pageOf(auth);
  const dialect = { ...hidden, refusesBeforeResolver: true };
  const answer = await adapter.connect(auth, { url, fetch, dialect }).run('mutation { n }');
  expect(String(answer.error)).toContain('Failed to fetch');
  expect(sent).toEqual(['Bearer token-0']);
  await expect.poll(() => auth.fresh()?.accessToken).toBe('token-1'); // for those that follow
});

test.for(adapters)('B83 $name: a network error is delivered by default', async adapter => {
  let renewals = 0;
  const auth = createTokenManager({ renew: () => `token-${++renewals}` });
  const { fetch, url } = await pageOf(auth);
  const { error } = await adapter.connect(auth, { url, fetch }).run('query { n }');
  expect(String(error)).toContain('Failed to fetch');
  expect(renewals).toBe(0);
});
