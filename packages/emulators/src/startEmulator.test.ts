import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventsIn, postForm, readReply, sendOperation } from './sendOperation.ts';
import { type Oli, startOli } from './startOli.ts';

let server: Oli;
beforeEach(async () => {
  server = await startOli();
});
afterEach(() => server.close());

const signIn = ({ username, password } = server.users[0]) =>
  postForm(server.tokenUrl, { username, password, grant_type: 'password', client_id: 'apiclient' });
const accessToken = async () => ((await signIn()).json as { access_token: string }).access_token;
const eventStream = { headers: { accept: 'text/event-stream' } };

describe('the schema', () => {
  test('returns the signed-in user and the owner of the items', async () => {
    const reply = await sendOperation(
      server.url,
      '{ me { id name } items(first: 1, after: 2) { id title owner } }',
      await accessToken(),
    );
    expect(reply.json).toEqual({
      data: { me: { id: '11', name: 'Mara Quill' }, items: [{ id: '3', title: 'Item 3', owner: 'Mara Quill' }] },
    });
  });

  test('counts each executed mutation', async () => {
    const token = await accessToken();
    const reply = await sendOperation(
      server.url,
      'mutation { a: bump(by: 2) b: bump addItem(title: "New") { title owner } }',
      token,
    );
    expect(reply.json).toEqual({ data: { a: 2, b: 3, addItem: { title: 'New', owner: 'Mara Quill' } } });
    expect(server.stats()).toMatchObject({
      operations: { received: 1, refused: 0, executed: 1 },
      mutationsExecuted: 3,
    });
  });

  test('reports a mutation that was executed in two requests when the server closes', async () => {
    const strict = await startOli();
    const [{ username, password }] = strict.users;
    const form = { username, password, grant_type: 'password', client_id: 'apiclient' };
    const token = ((await postForm(strict.tokenUrl, form)).json as { access_token: string }).access_token;
    for (const key of ['seen twice', 'seen once', 'seen twice'])
      await sendOperation(strict.url, 'mutation { a: bump b: bump }', token, { headers: { 'idempotency-key': key } });
    await sendOperation(strict.url, 'mutation { bump }', token);
    await sendOperation(strict.url, 'mutation { bump }', token);
    expect(strict.stats()).toMatchObject({ mutationsExecuted: 8, executedTwice: ['seen twice'] });
    await expect(strict.close()).rejects.toThrow('executed twice: seen twice');
  });

  test('has a field that needs no token', async () => {
    expect(await sendOperation(server.url, '{ public { motd } __typename }')).toMatchObject({
      status: 200,
      json: { data: { public: { motd: 'The harbour is open.' } } },
    });
    expect(await sendOperation(server.url, '{ public { motd } ...f } fragment f on Query { me { id } }')).toMatchObject(
      {
        status: 401,
      },
    );
  });

  test('has an error that is not about the token', async () => {
    const reply = await sendOperation(server.url, '{ broken }', await accessToken());
    expect(reply).toMatchObject({ status: 200, json: { data: { broken: null } } });
    expect(reply.body).toContain('Unauthorized to our own key');
  });

  test.each([
    ['CODE', 200, 'FORBIDDEN', undefined],
    ['STATUS_403', 403, undefined, undefined],
    ['INSUFFICIENT_SCOPE', 403, undefined, 'Bearer error="insufficient_scope", scope="admin"'],
    ['STEP_UP', 401, undefined, 'Bearer error="insufficient_user_authentication", acr_values="gold"'],
  ])('forbids as %s', async (as, status, code, challenge) => {
    const token = await accessToken();
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const reply = await sendOperation(server.url, `{ forbidden(as: ${as}) }`, token, { headers: { accept } });
      expect(reply).toMatchObject({ status, json: { data: { forbidden: null }, errors: [{ path: ['forbidden'] }] } });
      expect(reply.headers['www-authenticate']).toBe(challenge);
      expect((reply.json as { errors: { extensions?: { code: string } }[] }).errors[0]?.extensions?.code).toBe(code);
    }
  });

  test('is served by GET, in batches, as an upload, and by hash', async () => {
    const authorization = `Bearer ${await accessToken()}`;
    const query = '{ me { name } }';
    const body = { data: { me: { name: 'Mara Quill' } } };
    const get = async (search: object) => {
      const pairs = Object.entries(search).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      return (await fetch(`${server.url}?${new URLSearchParams(pairs)}`, { headers: { authorization } })).json();
    };
    const send = async (headers: Record<string, string>, content: string | FormData) =>
      (await fetch(server.url, { method: 'POST', headers: { authorization, ...headers }, body: content })).json();
    const upload = new FormData();
    upload.set('operations', JSON.stringify({ query }));
    upload.set('map', '{}');
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
    };

    expect(await get({ query })).toEqual(body);
    expect(await send({ 'content-type': 'application/json' }, JSON.stringify([{ query }, { query }]))).toEqual([
      body,
      body,
    ]);
    expect(await send({}, upload)).toEqual(body);
    expect(await get({ extensions })).toMatchObject({ errors: [{ message: 'PersistedQueryNotFound' }] });
    expect(await get({ extensions, query })).toEqual(body);
    expect(await get({ extensions })).toEqual(body);
    server.expireNow();
    expect(await get({ extensions })).toMatchObject({ error: 'invalid_token' });
  });
});

describe('a subscription', () => {
  test('counts ticks over an event stream', async () => {
    const reply = await sendOperation(
      server.url,
      'subscription { ticks(count: 2, everyMs: 1) { n owner } }',
      await accessToken(),
      eventStream,
    );
    expect(reply.headers['content-type']).toBe('text/event-stream');
    expect(eventsIn(reply)).toEqual([1, 2].map(n => ({ data: { ticks: { n, owner: 'Mara Quill' } } })));
  });

  test('is refused at the start', async () => {
    server.refuseAs('code200');
    const reply = await sendOperation(server.url, 'subscription { ticks { n } }', undefined, eventStream);
    expect(eventsIn(reply)).toEqual([
      { errors: [{ message: 'Unauthenticated', extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
  });

  test.each(['expireNow', 'revoke'] as const)('ends with a refusal after %s, with checkStreams', async invalidate => {
    server.configure({ checkStreams: true });
    const token = await accessToken();
    const started = server.next('executed');
    const answer = sendOperation(server.url, 'subscription { ticks(everyMs: 60000) { n } }', token, eventStream);
    await started;
    server[invalidate]();
    expect(eventsIn(await answer).at(-1)).toMatchObject({
      errors: [{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  test('ends with a refusal when its token expires, with checkStreams', async () => {
    server.configure({ checkStreams: true, accessLifetimeMs: 500 });
    const reply = await sendOperation(
      server.url,
      'subscription { ticks(everyMs: 60000) { n } }',
      await accessToken(),
      eventStream,
    );
    expect(eventsIn(reply)).toEqual([
      { data: { ticks: { n: 1 } } },
      { errors: [expect.objectContaining({ message: 'Unauthorized' })] },
    ]);
  });

  test('is closed with the server', async () => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await accessToken()}`,
        ...eventStream.headers,
      },
      body: JSON.stringify({ query: 'subscription { ticks { n } }' }),
    });
    const rest = response.text();
    await server.close();
    await expect(rest).rejects.toThrow(TypeError);
    await expect(fetch(server.url)).rejects.toThrow(TypeError);
  });
});

describe('tokens', () => {
  test('expire after their lifetime', async () => {
    server.configure({ accessLifetimeMs: 0 });
    expect(await sendOperation(server.url, '{ me { id } }', await accessToken())).toMatchObject({ status: 401 });
    server.configure({ accessLifetimeMs: 60_000 });
    expect(await sendOperation(server.url, '{ me { id } }', await accessToken())).toMatchObject({ status: 200 });
  });

  test('are dated by the clock of the server', async () => {
    server.configure({ clockSkewMs: 3_600_000 });
    const payload = (await accessToken()).split('.')[1] ?? '';
    const { iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number };
    expect(iat * 1000).toBeGreaterThan(Date.now() + 3_500_000);
  });

  test('of another server are forged', async () => {
    await using other = await startOli();
    expect(await sendOperation(other.url, '{ me { id } }', await accessToken())).toMatchObject({ status: 401 });
  });
});

describe('a failing token request', () => {
  test('fails as many times as requested', async () => {
    server.failTokenRequests(2, { status: 429, body: { error: 'slow_down' }, retryAfter: 7 });
    const failed = {
      status: 429,
      headers: { 'retry-after': '7', 'content-type': 'application/json' },
      json: { error: 'slow_down' },
    };
    expect(await signIn()).toMatchObject(failed);
    expect(await signIn()).toMatchObject(failed);
    expect(await signIn()).toMatchObject({ status: 200 });
    expect(server.stats().tokenRequests).toMatchObject({ total: 3, signIn: 3 });
  });

  test('can return a page, or an empty body', async () => {
    server.failTokenRequests(1, { status: 200, body: '<p>Sign in to the network</p>', contentType: 'text/html' });
    server.failTokenRequests(1, {});
    expect(await signIn()).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    const empty = await signIn();
    expect(empty).toMatchObject({ status: 503, body: '' });
    expect(empty.headers).not.toHaveProperty('content-type');
  });

  test('can drop the connection after or before the refresh token is used up', async () => {
    const { refresh_token } = (await signIn()).json as { refresh_token: string };
    const refresh = () =>
      postForm(server.tokenUrl, { refresh_token, grant_type: 'refresh_token', client_id: 'apiclient' });
    server.failTokenRequests(1, { drop: true, acts: false });
    await expect(refresh()).rejects.toThrow(TypeError);
    server.failTokenRequests(1, { drop: true });
    await expect(refresh()).rejects.toThrow(TypeError);
    expect(await refresh()).toMatchObject({
      json: { error_description: 'Maximum allowed refresh token reuse exceeded' },
    });
  });

  test('can hang', async () => {
    server.failTokenRequests(1, { hang: true });
    const arrived = server.next('tokenRequest');
    const answer = signIn();
    await arrived;
    await server.close();
    await expect(answer).rejects.toThrow(TypeError);
  });

  test('can be delayed', async () => {
    const order: string[] = [];
    const send = async (name: string) => {
      await signIn();
      order.push(name);
    };
    server.delayTokenRequests(100);
    const arrived = server.next('tokenRequest');
    const slow = send('slow');
    await arrived;
    server.delayTokenRequests(0);
    await send('quick');
    await slow;
    expect(order).toEqual(['quick', 'slow']);
  });
});

describe('a hold', () => {
  test('delays the answers of token requests, not their effects', async () => {
    const release = server.holdTokenRequests();
    const arrived = server.next('tokenRequest');
    const answer = signIn();
    expect(await arrived).toEqual({ name: 'tokenRequest', kind: 'signIn' });
    release();
    expect(await answer).toMatchObject({ status: 200 });
  });

  test('releases the requests that arrived during it only', async () => {
    const token = await accessToken();
    const order: string[] = [];
    const send = async (name: string) => {
      const executed = server.next('executed');
      const answer = sendOperation(server.url, `{ ${name}: me { id } }`, token).then(() => order.push(name));
      await executed;
      return answer;
    };
    const releaseFirst = server.holdOperations();
    const first = send('first');
    await server.next('executed');
    const releaseSecond = server.holdOperations();
    const second = send('second');
    await server.next('executed');
    releaseSecond();
    await second;
    releaseFirst();
    await first;
    expect(order).toEqual(['second', 'first']);
  });
});

test('a guard refuses one field of a mutation after another was executed', async () => {
  server.guard('addItem');
  const mutation = 'mutation { bump addItem(title: "x") { id } }';
  const token = await accessToken();
  expect(await sendOperation(server.url, mutation, token)).toMatchObject({
    status: 200,
    json: {
      data: { bump: 1, addItem: null },
      errors: [{ message: 'Unauthorized', path: ['addItem'], extensions: { code: 'UNAUTHENTICATED' } }],
    },
  });
  expect(server.stats()).toMatchObject({ operations: { refused: 1, executed: 1 }, mutationsExecuted: 1 });
  expect((await sendOperation(server.url, mutation, token)).json).not.toHaveProperty('errors');
});

test('requests are recorded verbatim', async () => {
  const token = await accessToken();
  await sendOperation(server.url, '{ me { id } }', token, { headers: { 'X-Trace': 'abc' } });
  expect(server.requests).toEqual([
    expect.objectContaining({ kind: 'token', method: 'POST', url: server.tokenUrl }),
    {
      kind: 'graphql',
      method: 'POST',
      url: server.url,
      headers: expect.objectContaining({ authorization: `Bearer ${token}`, 'x-trace': 'abc' }) as unknown,
      body: '{"query":"{ me { id } }"}',
    },
  ]);
  expect(server.requests[0]?.body).toBe(
    'username=mara.quill%40harbour.example&password=tide%2F9%5Emoss%3ALantern&grant_type=password&client_id=apiclient',
  );
});

test('a listener receives events until it is removed', async () => {
  const seen: unknown[] = [];
  const stop = server.on('refused', event => seen.push(event));
  await sendOperation(server.url, '{ me { id } items { id } }');
  stop();
  await sendOperation(server.url, '{ me { id } }');
  expect(seen).toEqual([{ name: 'refused', fields: ['me', 'items'] }]);
});

test('CORS allows a page of any origin', async () => {
  const origin = 'http://localhost:5173';
  const preflight = await readReply(await fetch(server.tokenUrl, { method: 'OPTIONS', headers: { origin } }));
  expect(preflight).toMatchObject({
    status: 200,
    headers: { 'access-control-allow-origin': origin, 'access-control-allow-methods': 'GET, POST, OPTIONS' },
  });
  for (const name of ['authorization', 'content-type', 'x-api-key']) {
    expect(preflight.headers['access-control-allow-headers']).toContain(name);
  }
  const answer = await sendOperation(server.url, '{ public { motd } }', undefined, { headers: { origin } });
  expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'origin' });
  expect(server.requests).toHaveLength(1);
});

test('an unknown path is answered by 404', async () => {
  expect((await fetch(`${server.origin}/elsewhere`)).status).toBe(404);
});
