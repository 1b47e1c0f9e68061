import { Readable } from 'node:stream';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startServer } from './startServer.ts';

const url = 'https://api.example/graphql';
const query = { method: 'POST', body: '{"query":"{ n }"}', headers: { 'content-type': 'application/json' } };
const good = { data: { n: 1 } };

async function managerOf(): Promise<TokenManager> {
  let renewals = 0;
  const auth = createTokenManager({ renew: () => `token-${++renewals}` });
  await auth.adopt('token-0');
  return auth;
}

/** A fetch that refuses the first token with what `refuse` returns. */
function refusing(refuse: () => unknown) {
  const sent: unknown[] = [];
  const fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    sent.push([request.headers.get('authorization'), await request.text()]);
    return sent.length === 1 ? refuse() : Response.json(good);
  }) as typeof globalThis.fetch;
  return { fetch, sent };
}

const refusal = () => Response.json({ errors: [{ message: 'Unauthorized' }] }, { status: 401 });

afterEach(() => vi.restoreAllMocks());

describe('a refused body', () => {
  test.for([
    [
      'of which somebody holds an unread copy',
      () => {
        const response = new Response(new ReadableStream(), { status: 401 });
        response.clone();
        return response;
      },
    ],
    [
      'that somebody has locked',
      () => {
        const response = refusal();
        response.body?.getReader();
        return response;
      },
    ],
    [
      'that somebody has read',
      async () => {
        const response = refusal();
        await response.text();
        return response;
      },
    ],
    ['that never ends, and is not JSON', () => new Response(new ReadableStream(), { status: 401 })],
    ['without cancel', () => ({ status: 401, ok: false, headers: new Headers(), body: {} })],
    ['of a mock without headers', () => ({ status: 401, ok: false })],
    [
      'of a mock with plain headers',
      () => ({ status: 401, ok: false, headers: { 'content-type': 'application/json' } }),
    ],
  ] as const)('%s does not prevent the retry', async ([, refuse]) => {
    const { fetch, sent } = refusing(refuse);
    const response = await authFetch(await managerOf(), { fetch })(url, query);
    expect(await response.json()).toEqual(good);
    expect(sent).toEqual([
      ['Bearer token-0', query.body],
      ['Bearer token-1', query.body],
    ]);
  });
});

/** As node-fetch 3: its body is a stream of Node's, and a copy of it waits for the other one. */
function nodeFetchResponse(text: string, status = 200): Response {
  const body = Readable.from([text]);
  const read = async () => (await body.toArray()).join('');
  const headers = new Headers({ 'content-type': 'application/json' });
  const clone = () => ({ text: () => new Promise(() => {}) });
  return { status, ok: status < 300, headers, url, body, text: read, clone, bodyUsed: false } as unknown as Response;
}

test('a body of node-fetch, of which no copy can be read, is judged and delivered', async () => {
  const { fetch, sent } = refusing(() => nodeFetchResponse('{"errors":[{"message":"Unauthorized"}]}'));
  expect(await (await authFetch(await managerOf(), { fetch })(url, query)).json()).toEqual(good);
  expect(sent).toHaveLength(2);
  const accepting = (async () => nodeFetchResponse(JSON.stringify(good))) as typeof fetch;
  const response = await authFetch(await managerOf(), { fetch: accepting })(url, query);
  expect([response.status, response.url, await response.json()]).toEqual([200, url, good]);
});

describe('the body of a Request', () => {
  const endless = () =>
    new Request(url, {
      ...query,
      body: new ReadableStream({ start: controller => controller.enqueue(new TextEncoder().encode('{"query":')) }),
      duplex: 'half',
    } as RequestInit);

  test.for([404, 403, 500])('is not read when the answer is %i, which is no refusal', async status => {
    const fetch = async () => new Response('', { status });
    expect((await authFetch(await managerOf(), { fetch })(endless())).status).toBe(status);
  });

  test('that does not end is not waited for when the answer is a refusal', async () => {
    const auth = await managerOf();
    let sent = 0;
    const fetch = async () => new Response('', { status: ++sent === 1 ? 401 : 200 });
    expect((await authFetch(auth, { fetch })(endless())).status).toBe(200);
  });

  test('is sent again where the platform does not show it, as in Firefox', async () => {
    const { fetch, sent } = refusing(refusal);
    const request = new Request(url, query);
    Object.defineProperty(request, 'body', { value: undefined });
    expect((await authFetch(await managerOf(), { fetch })(request)).status).toBe(200);
    expect(sent).toHaveLength(2);
  });
});

test.for(['get', 'head', 'Get'])('the method %s is a query', async method => {
  const { fetch, sent } = refusing(() =>
    Response.json({ data: { n: null }, errors: [{ path: ['n', 'm'], extensions: { code: 'UNAUTHENTICATED' } }] }),
  );
  expect((await authFetch(await managerOf(), { fetch })(`${url}?query={n}`, { method })).status).toBe(200);
  expect(sent).toHaveLength(2);
});

test('B89 a bulk request that is not GraphQL, and was executed in part, is not sent twice', async () => {
  const partly = { created: [1, 2], errors: [{ message: 'Unauthorized' }] };
  const { fetch, sent } = refusing(() => Response.json(partly, { status: 207 }));
  const response = await authFetch(await managerOf(), { fetch })(url, { ...query, body: '{"items":[1,2,3]}' });
  expect(await response.json()).toEqual(partly);
  expect(sent).toHaveLength(1);
});

const nthMicrotask = (n: number, run: () => void): void =>
  n === 0 ? run() : queueMicrotask(() => nthMicrotask(n - 1, run));

test.for(['its first token', 'the successor of its token'])(
  'B17 a request that waits for %s is not sent after a sign-out, whenever that comes',
  async awaited => {
    for (let n = 0; n < 20; n++) {
      let renewed: (token: string) => void = () => {};
      const renew = () => new Promise<string>(resolve => (renewed = resolve));
      const auth = createTokenManager({ renew, restore: awaited === 'its first token' });
      if (awaited !== 'its first token') await auth.adopt('token-0');
      const sent: unknown[] = [];
      const fetch = (async (_: unknown, init?: RequestInit) => {
        const token = new Headers(init?.headers).get('authorization');
        sent.push([token !== null, auth.state.status === 'signedIn']);
        return token === 'Bearer token-0' ? refusal() : Response.json(good);
      }) as typeof globalThis.fetch;
      const answer = authFetch(auth, { fetch })(url, query).catch((error: unknown) => error);
      await expect.poll(() => auth.state.renewing).toBe(true);
      auth.subscribe(() => {
        if (auth.fresh()?.accessToken === 'token-1') nthMicrotask(n, () => void auth.signOut());
      });
      renewed('token-1');
      await answer;
      for (const [hasToken, isSignedIn] of sent as [boolean, boolean][]) expect(hasToken, String(n)).toBe(isSignedIn);
    }
  },
);

test('the connection of a refused answer is freed', async () => {
  await using server = await startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(isRefused ? 401 : 200, { 'content-type': isRefused ? 'text/plain' : 'application/json' });
    if (isRefused) response.write('It goes on.');
    else response.end(JSON.stringify(good));
    if (isRefused) response.on('close', () => closed.push(true));
  });
  const closed: boolean[] = [];
  expect(await (await authFetch(server.auth)(server.url, query)).json()).toEqual(good);
  await expect.poll(() => closed).toEqual([true]);
});
