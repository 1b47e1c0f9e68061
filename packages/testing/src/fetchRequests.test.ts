import { createTokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { describe, expect, test, vi } from 'vitest';

const endpoint = 'https://api.example/graphql';
const cooldownMs = 10_000;

/** Starts an API on a fake clock. It refuses an expired token, and one chosen request whatever its token. */
async function start() {
  let now = 0;
  let renewals = 0;
  let expired = -1;
  let isForbidden: (serialized: string) => boolean = () => false;
  const clock = { now: () => now, setTimeout: () => 0, clearTimeout: () => {} };
  const auth = createTokenManager({ renew: () => `token-${++renewals}`, clock, cooldownMs });
  await auth.adopt('token-0');
  const answering: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const serialized = await serialize(request);
    const isExpired = request.headers.get('authorization') === `Bearer token-${expired}`;
    const isRefused = isExpired || isForbidden(serialized);
    return isRefused ? new Response('', { status: 401 }) : Response.json({ data: { n: 1 } });
  };
  const send = authFetch(auth, { fetch: answering });
  const statusOf = async (create: CreateRequest) => (await send(...create())).status;
  return {
    send,
    statusOf,
    renewals: () => renewals,
    expireToken() {
      expired = renewals;
    },

    /** Refuses this request twice, a cool-down apart. For two more cool-downs its refusals cause no renewal. */
    async refuseTwice(create: CreateRequest): Promise<void> {
      const forbidden = await serialize(new Request(...create()));
      isForbidden = serialized => serialized === forbidden;
      expect(await statusOf(create)).toBe(401);
      now += cooldownMs;
      expect(await statusOf(create)).toBe(401);
      expect(renewals).toBe(2);
      now += cooldownMs * 1.5; // the cool-down of the second token set is over
    },
    accept() {
      isForbidden = () => false;
    },
  };
}

type CreateRequest = () => readonly [input: RequestInfo | URL, init?: RequestInit];

/** Equal requests give equal strings, although the boundary of a form is random. */
const serialize = async (request: Request) =>
  `${request.method} ${request.url} ${(await request.text()).replaceAll(/formdata-undici-\d+/g, '')}`;

const get =
  (url: string, init: RequestInit = {}): CreateRequest =>
  () => [`https://api.example${url}`, init];
const post =
  (body: unknown): CreateRequest =>
  () => [endpoint, { method: 'POST', body: JSON.stringify(body) }];
const request =
  (body: unknown): CreateRequest =>
  () => [new Request(...post(body)())];
const blob =
  (body: unknown): CreateRequest =>
  () => [endpoint, { method: 'POST', body: new Blob([JSON.stringify(body)], { type: 'application/json' }) }];
const form =
  (fields: Record<string, string>): CreateRequest =>
  () => [endpoint, { method: 'POST', body: new URLSearchParams(fields) }];
/** @see https://github.com/jaydenseric/graphql-multipart-request-spec */
function upload(operations: unknown): CreateRequest {
  const body = new FormData();
  body.set('operations', JSON.stringify(operations));
  body.set('map', '{"0":["variables.file"]}');
  body.set('0', new Blob(['a file']));
  return () => [endpoint, { method: 'POST', body }];
}
const persisted = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

const pairs: readonly (readonly [string, CreateRequest, CreateRequest])[] = [
  ['a resource', get('/admin'), get('/items')],
  ['a HEAD', get('/admin', { method: 'HEAD' }), get('/items', { method: 'HEAD' })],
  [
    'a POST to a resource',
    get('/admin', { method: 'POST', body: '{}' }),
    get('/items', { method: 'POST', body: '{}' }),
  ],
  ['a method', get('/items', { method: 'DELETE' }), get('/items')],
  ['a query in the URL', get('/graphql?query={admin}'), get('/graphql?query={items}')],
  ['a document', post({ query: '{ admin(is: "a") }' }), post({ query: '{ items(is: "a") }' })],
  ['a document in a Request', request({ query: '{ admin }' }), request({ query: '{ items }' })],
  ['a document in a Blob', blob({ query: '{ admin }' }), blob({ query: '{ items }' })],
  ['a document in a form', form({ query: '{ admin }' }), form({ query: '{ items }' })],
  ['an upload', upload({ query: 'mutation { a }' }), upload({ query: 'mutation { b }' })],
  ['a persisted query', post(persisted('aa')), post(persisted('bb'))],
  ['a batch', post([{ query: '{ n }' }, { query: '{ admin }' }]), post([{ query: '{ n }' }, { query: '{ items }' }])],
];

test.for(pairs)(
  'B85 %s that is refused whatever its token does not prevent the renewal for another one',
  async ([, one, other]) => {
    const api = await start();
    await api.refuseTwice(one);
    api.expireToken();
    expect(await api.statusOf(other)).toBe(200);
    expect(api.renewals()).toBe(3);
  },
);

test.for([
  ['a document', post({ query: '{ n }' }), post({ query: '{ n }' })],
  [
    'a document with a variable named query',
    post({ query: '{ n }', variables: { query: 'a' } }),
    post({ query: '{ n }', variables: { query: 'b' } }),
  ],
  ['a document by its id', post({ doc_id: '7', variables: 1 }), post({ doc_id: '7', variables: 2 })],
  ['a document with other variables', post({ query: '{ n }', variables: 1 }), post({ query: '{ n }', variables: 2 })],
  ['a resource', get('/admin'), get('/admin')],
] as const)('B85 %s that is refused whatever its token does not cause a renewal each time', async ([, one, again]) => {
  const api = await start();
  await api.refuseTwice(one);
  api.expireToken();
  expect(await api.statusOf(again)).toBe(401);
  expect(api.renewals()).toBe(2);
});

// Their good answers are not noticed: a HEAD has no body, and bodies that need time to read are read only after a refusal.
const unnoticed = ['a HEAD', 'a document in a Request', 'a document in a Blob'];

test.for(pairs.filter(([name]) => !unnoticed.includes(name)))(
  'B85 %s that was refused whatever its token causes renewals again once it was accepted',
  async ([, one]) => {
    const api = await start();
    await api.refuseTwice(one);
    api.accept();
    expect(await api.statusOf(one)).toBe(200);
    api.expireToken();
    expect(await api.statusOf(one)).toBe(200);
    expect(api.renewals()).toBe(3);
  },
);

test.for([undefined, 'force-cache'] as const)(
  'B106 the retry of a GET bypasses the HTTP cache, which may hold the refusal: %s',
  async cache => {
    const auth = createTokenManager({ renew: () => 'token-1' });
    await auth.adopt('token-0');
    const caches: unknown[] = [];
    const answering: typeof fetch = async (_, init) => {
      caches.push(init?.cache);
      return caches.length === 1 ? new Response('', { status: 401 }) : Response.json({ data: { n: 1 } });
    };
    const response = await authFetch(auth, { fetch: answering })(`${endpoint}?query={n}`, { ...(cache && { cache }) });
    expect(await response.json()).toEqual({ data: { n: 1 } });
    expect(caches).toEqual([cache, 'no-store']);
  },
);

test('a request is not parsed when its answer is good', async () => {
  const api = await start();
  const body = JSON.stringify({ query: '{ n }' });
  const parsing = vi.spyOn(JSON, 'parse');
  await api.send(endpoint, { method: 'POST', body });
  expect(parsing.mock.calls.map(([source]) => source)).toEqual(['{"data":{"n":1}}']);
  parsing.mockRestore();
});

test('null is accepted as init, as by fetch itself', async () => {
  const api = await start();
  expect((await api.send(endpoint, null as never)).status).toBe(200);
});

test('a good answer is delivered before the body of its Request ends', async () => {
  const auth = createTokenManager({ renew: () => 'token' });
  await auth.adopt('token');
  const body = new ReadableStream({ start: controller => controller.enqueue(new TextEncoder().encode('{"query":')) });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
  const send = authFetch(auth, { fetch: () => Promise.resolve(Response.json({ data: { n: 1 } })) });
  expect(await (await send(new Request(endpoint, init))).json()).toEqual({ data: { n: 1 } });
});

test('a Request is sent unchanged while signed out', async () => {
  const auth = createTokenManager({ renew: () => 'token' });
  const inits: unknown[] = [];
  const request = new Request(endpoint, { headers: { 'x-trace': '7' }, referrerPolicy: 'no-referrer' });
  await authFetch(auth, {
    fetch: (_, init) => {
      inits.push(init);
      return Promise.resolve(Response.json({ data: { n: 1 } }));
    },
  })(request);
  expect(inits).toEqual([{}]);
});

async function managerOf() {
  let renewals = 0;
  const auth = createTokenManager({ renew: () => `token-${++renewals}` });
  await auth.adopt('token-0');
  return auth;
}

test.each(['no-referrer', 'origin'] as const)('a Request keeps its referrer policy %s', async referrerPolicy => {
  const auth = await managerOf();
  const sent: Request[] = [];
  const send = authFetch(auth, {
    fetch: async (input, init) => {
      sent.push(new Request(input, init));
      return Response.json({}, { status: sent.length === 1 ? 401 : 200 });
    },
  });
  await send(new Request(endpoint, { referrerPolicy }));
  expect(sent.map(request => request.referrerPolicy)).toEqual([referrerPolicy, referrerPolicy]);
  expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer token-0', 'Bearer token-1']);
});

test('a Blob without text(), as in React Native, is sent again in a retry', async () => {
  const auth = await managerOf();
  const body = Object.assign(new Blob(['{"query":"{ n }"}'], { type: 'application/json' }), { text: undefined });
  const sent: unknown[] = [];
  const send = authFetch(auth, {
    fetch: async (_, init) => {
      sent.push(init?.body);
      return Response.json({ data: {} }, { status: sent.length === 1 ? 401 : 200 });
    },
  });
  expect((await send(endpoint, { method: 'PUT', body: body as unknown as Blob })).status).toBe(401); // may be a mutation
  expect((await send(endpoint, { body: body as unknown as Blob })).status).toBe(200);
  expect(sent).toEqual([body, body]);
});

test('an invalid address is passed to fetch', async () => {
  const auth = await managerOf();
  const sending = vi.fn(async () => Response.json({ data: {} }));
  await authFetch(auth, { fetch: sending })(null as unknown as string);
  expect(sending).toHaveBeenCalledOnce();
});

test('B91 omit is passed to a nested authFetch, which sends no header either', async () => {
  const [outer, inner] = [await managerOf(), await managerOf()];
  const sent: unknown[] = [];
  const send = authFetch(outer, {
    origins: ['https://other.example'],
    fetch: authFetch(inner, {
      fetch: async (_, init) => {
        sent.push(new Headers(init?.headers).get('authorization'));
        return Response.json({ data: {} });
      },
    }),
  });
  await send(endpoint);
  await send(endpoint, { auth: 'omit' });
  expect(sent).toEqual(['Bearer token-0', null]);
});

test('a Request of another realm keeps its headers', async () => {
  const auth = await managerOf();
  const foreign = { url: endpoint, method: 'POST', headers: new Headers({ 'x-trace': '7' }), body: null };
  const inits: RequestInit[] = [];
  const send = authFetch(auth, {
    fetch: async (_, init = {}) => {
      inits.push(init);
      return Response.json({ data: {} });
    },
  });
  await send(foreign as Request);
  expect(inits[0]?.headers).toEqual({ 'x-trace': '7', authorization: 'Bearer token-0' });
});

test('B88 a request that is aborted in flight and then refused causes no renewal', async () => {
  const renew = vi.fn(() => 'token-1');
  const auth = createTokenManager({ renew });
  await auth.adopt('token-0');
  const controller = new AbortController();
  const send = authFetch(auth, {
    fetch: async () => {
      controller.abort(); // this fetch ignores the signal
      return new Response(null, { status: 401 });
    },
  });
  await expect(send(endpoint, { signal: controller.signal })).rejects.toBe(controller.signal.reason);
  expect(renew).not.toHaveBeenCalled();
});

describe('B87 an abort', () => {
  test.for(['its first token', 'the successor of its token'])(
    'while the request waits for %s rejects with the reason of the caller, and the renewal continues',
    async awaited => {
      let renewed: ((token: string) => void) | undefined;
      const renew = () => new Promise<string>(resolve => (renewed = resolve));
      const auth = createTokenManager({ renew, restore: awaited === 'its first token' });
      if (awaited !== 'its first token') await auth.adopt('token-0');
      let sent = 0;
      const refusing: typeof fetch = async () => {
        sent++;
        return new Response(null, { status: 401 });
      };
      const controller = new AbortController();
      const answer = authFetch(auth, { fetch: refusing })(endpoint, { signal: controller.signal });
      await expect.poll(() => renewed).toBeDefined();
      const sentBefore = sent;
      const reason = new Error('The reason of the caller.');
      controller.abort(reason);
      await expect(answer).rejects.toBe(reason);
      renewed?.('token-1');
      await expect.poll(() => auth.fresh()?.accessToken).toBe('token-1');
      expect(sent).toBe(sentBefore);
    },
  );

  test('while the request is in flight rejects with the reason of fetch', async () => {
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt('token-0');
    const controller = new AbortController();
    const reason = new Error('The reason of the caller.');
    const hanging: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const answer = authFetch(auth, { fetch: hanging })(endpoint, { signal: controller.signal });
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});
