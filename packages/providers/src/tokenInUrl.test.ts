import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { startCollectiveAccess } from '@latchkey/emulators';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';
import { expect, test, vi } from 'vitest';
import { collectiveAccess } from './collectiveAccess.ts';
import { startScript } from './startScript.ts';
import { tokenInUrl } from './tokenInUrl.ts';

type Run = (auth: TokenManager, url: string, fetch: typeof globalThis.fetch) => Promise<unknown>;

const clients: readonly (readonly [string, Run])[] = [
  [
    'Apollo Client',
    async (auth, uri, fetch) => {
      const link = ApolloLink.from([authLink(auth), new HttpLink({ uri, fetch })]);
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      return (await client.query({ query: gql('{ me { name } }') })).data;
    },
  ],
  [
    'urql',
    async (auth, url, fetch) => {
      const client = new Client({ url, fetch, exchanges: [authExchange(auth), fetchExchange], preferGetMethod: false });
      return (await client.query('{ me { name } }', {}).toPromise()).data as unknown;
    },
  ],
  [
    'authFetch',
    async (auth, url, fetch) => {
      const response = await authFetch(auth, { fetch })(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ me { name } }"}',
      });
      return ((await response.json()) as { data: unknown }).data;
    },
  ],
  [
    'authFetch with a Request',
    async (auth, url, fetch) => {
      const headers = { 'content-type': 'application/json' };
      const request = new Request(url, { method: 'POST', headers, body: '{"query":"{ me { name } }"}' });
      return ((await (await authFetch(auth, { fetch })(request)).json()) as { data: unknown }).data;
    },
  ],
];

test.each(clients)('through %s the token is in the URL only, renewed after a refusal', async (_, run) => {
  await using server = await startCollectiveAccess({ generation: 'G1' });
  const museum = collectiveAccess({ baseUrl: server.origin, unsafeTokenInUrl: true });
  const auth = createTokenManager(museum);
  await auth.signIn(server.users[0]);
  server.expireNow();
  expect(await run(auth, `${server.url}?lang=en`, museum.fetch)).toMatchObject({
    me: { name: expect.any(String) as string },
  });
  const operations = server.requests.filter(({ url }) => url.includes('lang=en'));
  expect(operations).toHaveLength(2);
  for (const { url, headers } of operations) {
    expect(new URL(url).searchParams.get('jwt')).toMatch(/^eyJ/);
    expect(headers).not.toHaveProperty('authorization');
  }
  expect(server.stats().tokenRequests).toMatchObject({ signIn: 1, refresh: 1 });
});

test('without the option there is no such fetch', () => {
  expect(collectiveAccess({ baseUrl: 'https://museum.example' })).not.toHaveProperty('fetch');
});

test('a request to another origin, without a token or with another scheme is sent as it is', async () => {
  await using server = await startScript(() => ({ json: {} }));
  const send = tokenInUrl('https://museum.example', 'jwt');
  const sendHere = tokenInUrl(server.origin, 'jwt');
  await send(`${server.origin}/a`, { headers: { authorization: 'Bearer Canary-1' } });
  await sendHere(`${server.origin}/b`);
  await sendHere(`${server.origin}/c`, { headers: { authorization: 'Basic Canary-1' } });
  expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/a', 'Bearer Canary-1'],
    ['/b', undefined],
    ['/c', 'Basic Canary-1'],
  ]);
});

test('the URL of the response does not show the token, and a redirect is not followed', async () => {
  await using elsewhere = await startScript(() => ({ json: {} }));
  await using server = await startScript(({ url }) =>
    url.startsWith('/moved') ? { status: 302, headers: { location: `${elsewhere.origin}${url}` } } : { json: {} },
  );
  const send = tokenInUrl(server.origin, 'jwt');
  const headers = { authorization: 'Bearer Canary-1' };
  const response = await send(`${server.origin}/item?id=7`, { headers });
  expect(response.url).toBe(`${server.origin}/item?id=7`);
  expect(server.requests[0]?.url).toBe('/item?id=7&jwt=Canary-1');
  expect((await send(`${server.origin}/moved`, { headers })).status).toBe(302);
  expect(elsewhere.requests).toHaveLength(0);
});

test('a relative URL is one of the page', async () => {
  await using server = await startScript(() => ({ json: {} }));
  vi.stubGlobal('document', { baseURI: `${server.origin}/app/` });
  try {
    const send = tokenInUrl(server.origin, 'jwt');
    await send('/item', { headers: { authorization: 'Bearer Canary-1' } });
  } finally {
    vi.unstubAllGlobals();
  }
  expect(server.requests[0]?.url).toBe('/item?jwt=Canary-1');
});
