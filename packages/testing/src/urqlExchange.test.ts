import type { ServerResponse } from 'node:http';
import { setTimeout as nextTurn } from 'node:timers/promises';
import { createTokenManager, headerReceiver, type TokenManager, type TokenParts } from '@latchkey/core';
import { startOli } from '@latchkey/emulators';
import { authExchange } from '@latchkey/urql';
import {
  Client,
  composeExchanges,
  createRequest,
  type Exchange,
  type ExchangeIO,
  fetchExchange,
  makeResult,
  mapExchange,
  type Operation,
  type OperationResult,
  ssrExchange,
} from '@urql/core';
import { describe, expect, test, vi } from 'vitest';
import { fromValue, makeSubject, map, never, pipe, subscribe, take, tap, toPromise } from 'wonka';
import { signedIn } from './signedIn.ts';
import { startServer } from './startServer.ts';

const query = '{ n }';
const refusal = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };

/** Starts a server that accepts every token but the first. */
const start = () =>
  startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isRefused ? { errors: [refusal] } : { data: { n: 1 } }));
  });

test('the exchange calls forward once, also when it retries', async () => {
  await using server = await start();
  let forwards = 0;
  const counting: Exchange = input => {
    const forward: ExchangeIO = operations$ => {
      forwards++;
      return input.forward(operations$);
    };
    return authExchange(server.auth)({ ...input, forward });
  };
  const client = new Client({ url: server.url, exchanges: [counting, fetchExchange] });
  const results = await Promise.all([1, 2, 3].map(n => client.query(`{ n${n}: n }`, {}).toPromise()));
  expect(results.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  expect(forwards).toBe(1);
});

test('an operation of an unknown kind is forwarded unchanged', async () => {
  await using server = await start();
  const seen: Operation[] = [];
  const { source, next } = makeSubject<Operation>();
  const client = new Client({ url: server.url, exchanges: [] });
  const forward: ExchangeIO = operations$ =>
    pipe(
      operations$,
      tap(operation => seen.push(operation)),
      map(operation => makeResult(operation, { data: null })),
    );
  const results: OperationResult[] = [];
  pipe(
    authExchange(server.auth)({ client, forward, dispatchDebug: () => {} })(source),
    subscribe(result => results.push(result)),
  );
  const known = client.createRequestOperation('query', createRequest(query, {}));
  const unknown = { ...known, kind: 'telepathy' } as unknown as Operation;
  next(unknown);
  expect(seen[0]).toBe(unknown);
  expect(results[0]?.operation).toBe(unknown);
});

test.for(['query', 'mutation', 'subscription'] as const)(
  'the result of a retried %s has the operation that the client dispatched',
  async kind => {
    await using server = await start();
    const dispatched: Operation[] = [];
    const watching: Exchange =
      ({ forward }) =>
      operations$ =>
        forward(
          pipe(
            operations$,
            tap(operation => operation.kind !== 'teardown' && dispatched.push(operation)),
          ),
        );
    const client = new Client({
      url: server.url,
      exchanges: [watching, authExchange(server.auth), fetchExchange],
      fetchSubscriptions: true,
    });
    const result = await new Promise<OperationResult>(resolve => {
      pipe(client[kind](`${kind} { n }`, {}), subscribe(resolve));
    });
    expect(result.data).toEqual({ n: 1 });
    expect(dispatched).toHaveLength(1);
    const [{ key, context }] = dispatched as [Operation];
    expect(result.operation).toMatchObject({ kind, key });
    expect(result.operation.context._instance).toBe(context._instance);
    expect(Object.keys(result.operation.context)).toEqual(Object.keys(context));
  },
);

test('an error that stays in the merged results of a query is one refusal with one renewal', async () => {
  const parts = [
    { data: { n: 1 }, hasNext: true },
    { incremental: [{ errors: [refusal], data: null, path: [] }], hasNext: true },
    { incremental: [{ data: { slow: 2 }, path: [] }], hasNext: true },
    { incremental: [{ data: { slower: 3 }, path: [] }], hasNext: false },
  ];
  await using server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"' });
    for (const part of parts)
      response.write(`\r\n---\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(part)}`);
    response.end('\r\n-----');
  });
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
  const results: OperationResult[] = [];
  await new Promise<void>(resolve => {
    pipe(
      client.query('{ n ... @defer { slow } ... @defer { slower } }', {}),
      subscribe(result => {
        results.push({ ...result });
        if (!result.hasNext) resolve();
      }),
    );
  });
  expect(results.map(({ error }) => error?.graphQLErrors.length ?? 0)).toEqual([0, 1, 1, 1]);
  expect(results.at(-1)?.data).toEqual({ n: 1, slow: 2, slower: 3 });
  expect(server.sent).toEqual(['token-0']);
  expect(server.renewals()).toBe(1);
});

test('an error that stays in the merged results of a subscription is judged once, and later events are delivered', async () => {
  const streams: ServerResponse[] = [];
  const send = (event: object) => streams.at(-1)?.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
  await using server = await startServer((_, response) => {
    streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    send({ data: { n: null }, errors: [refusal] });
  });
  const client = new Client({
    url: server.url,
    exchanges: [authExchange(server.auth), fetchExchange],
    fetchSubscriptions: true,
  });
  const results: unknown[] = [];
  const { unsubscribe } = pipe(
    client.subscription('subscription { n }', {}),
    subscribe(({ data, error }) => results.push([(data as { n: unknown }).n, error?.graphQLErrors.length])),
  );
  await expect.poll(() => results).toEqual([[null, 1]]); // of the second stream
  send({ data: { n: 1 } });
  await expect.poll(() => results).toHaveLength(2);
  await server.auth.renew(); // a refusal of a replaced token would be retried without a renewal
  send({ data: { n: 2 } });
  await expect
    .poll(() => results)
    .toEqual([
      [null, 1],
      [1, 1],
      [2, 1],
    ]);
  expect(server.sent).toEqual(['token-0', 'token-1']);
  expect(server.renewals()).toBe(2);
  unsubscribe();
});

test.for(['mutation', 'query', 'subscription'] as const)(
  'B118 what the transport of a refused %s still delivers is not taken for the answer to the retry',
  async kind => {
    const partOf = (part: object) => `\r\n---\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(part)}\r\n---`;
    const opened: ServerResponse[] = [];
    await using server = await startServer((_, response) => {
      opened.push(response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"' }));
      if (opened.length === 1) response.write(partOf({ errors: [refusal], hasNext: true }));
    });
    const client = new Client({
      url: server.url,
      exchanges: [authExchange(server.auth), fetchExchange],
      fetchSubscriptions: true,
    });
    const results: unknown[] = [];
    let resolve: () => void = () => {};
    const done = new Promise<void>(resolved => (resolve = resolved));
    const { unsubscribe } = pipe(
      client[kind](`${kind} { n }`, {}),
      subscribe(({ data, error }) => {
        results.push(error ?? data);
        if (data) resolve();
      }),
    );
    await expect.poll(() => opened).toHaveLength(2); // the retry is being executed
    opened[0]?.end(`${partOf({ hasNext: false })}--`);
    await expect.poll(() => opened[0]?.closed).toBe(true);
    await nextTurn();
    opened[1]?.write(partOf({ data: { n: 1 }, hasNext: true }));
    await done;
    await nextTurn(); // urql's fetch throws when it is torn down while it emits
    unsubscribe();
    expect(results).toEqual([{ n: 1 }]);
    expect(server.sent).toEqual(['token-0', 'token-1']);
  },
);

/** Records what nobody catches. */
function watchUncaught() {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const errors: unknown[] = [];
  const watch = (error: unknown) => void errors.push(error);
  for (const event of events) process.on(event, watch);
  return {
    errors,
    [Symbol.dispose]() {
      for (const event of events) process.off(event, watch);
    },
  };
}

describe.for(['text/event-stream', 'multipart/mixed; boundary="-"'])('a subscription as %s', type => {
  const serialize = (event: object) =>
    type === 'text/event-stream'
      ? `event: next\ndata: ${JSON.stringify(event)}\n\n`
      : `\r\n---\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(event)}\r\n---`;

  /** Starts a server whose streams emit an event at once, and stay open. */
  async function startStreams() {
    const streams: ServerResponse[] = [];
    const send = (n: number) => streams.at(-1)?.write(serialize({ data: { n }, hasNext: true }));
    const server = await startServer((_, response) => {
      streams.push(response.writeHead(200, { 'content-type': type }));
      send(1);
    });
    return {
      server,
      send,
      areClosed: () => streams.map(({ closed }) => closed),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }

  /** Subscribes, and returns what the consumer sees: data and errors. */
  function watch(auth: TokenManager, url: string): readonly unknown[] {
    const client = new Client({ url, exchanges: [authExchange(auth), fetchExchange], fetchSubscriptions: true });
    const seen: unknown[] = [];
    pipe(
      client.subscription('subscription { n }', {}),
      subscribe(({ data, error }) => seen.push(error?.networkError ?? data)),
    );
    return seen;
  }

  test('B103 fails with signedOut at the first event after the sign-out, and throws nothing that nobody catches', async () => {
    using uncaught = watchUncaught();
    await using api = await startStreams();
    const { auth, url } = api.server;
    const seen = watch(auth, url);
    await expect.poll(() => seen).toEqual([{ n: 1 }]);
    await auth.signOut();
    api.send(2);
    await expect.poll(api.areClosed).toEqual([true]);
    expect(seen).toEqual([{ n: 1 }, expect.objectContaining({ code: 'signedOut' })]);
    expect(uncaught.errors).toEqual([]);
  });

  test('B101 fails with an error when receive throws, and throws nothing that nobody catches', async () => {
    using uncaught = watchUncaught();
    await using api = await startStreams();
    const receive = headerReceiver(() => {
      throw new Error('The receiver failed.');
    });
    const auth = createTokenManager({ renew: () => null, receive });
    await auth.adopt('token-0');
    const seen = watch(auth, api.server.url);
    await expect.poll(api.areClosed).toEqual([true]);
    expect(seen).toMatchObject([{ code: 'misconfigured', cause: { message: 'The receiver failed.' } }]);
    expect(uncaught.errors).toEqual([]);
    auth.dispose();
  });
});

test('a 401 without a status text, as over HTTP/2, is recognised by its number', async () => {
  await using server = await startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(isRefused ? 401 : 200, '', { 'content-type': isRefused ? 'text/plain' : 'application/json' });
    response.end(isRefused ? '' : '{"data":{"n":1}}');
  });
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
  expect((await client.query(query, {}).toPromise()).data).toEqual({ n: 1 });
});

test('ssrExchange transfers the result of the retry to the browser', async () => {
  await using server = await startOli();
  const auth = await signedIn(server);
  server.expireNow();
  const ssr = ssrExchange({ isClient: false });
  const client = new Client({ url: server.url, exchanges: [ssr, authExchange(auth), fetchExchange] });
  await client.query('{ me { name } }', {}).toPromise();
  const [restored] = Object.values(ssr.extractData());
  expect(restored).not.toHaveProperty('error');
  expect(JSON.parse(restored?.data ?? '')).toMatchObject({ me: { name: server.users[0].name } });
  auth.dispose();
});

test('four thousand operations wait for one token and are sent together, at linear cost', async () => {
  const renewals: ((parts: TokenParts) => void)[] = [];
  const auth = createTokenManager({ restore: true, renew: () => new Promise(resolve => renewals.push(resolve)) });
  const client = new Client({ url: 'http://127.0.0.1', exchanges: [] });
  const { source, next } = makeSubject<Operation>();
  const sent: Operation[] = [];
  const forward: ExchangeIO = operations$ =>
    pipe(
      operations$,
      tap(operation => sent.push(operation)),
      map(operation => makeResult(operation, { data: { n: 1 } })),
    );
  pipe(
    authExchange(auth)({ client, forward, dispatchDebug: () => {} })(source),
    subscribe(() => {}),
  );
  const operations = Array.from({ length: 4000 }, (_, n) =>
    client.createRequestOperation('query', createRequest('query ($n: Int) { n }', { n })),
  );
  const calls = vi.spyOn(auth, 'fresh');
  for (const operation of operations) next(operation);
  await expect.poll(() => renewals).toHaveLength(1);
  expect(sent).toEqual([]);
  renewals[0]?.({ accessToken: 'token-1', expiresInS: 1e-6 }); // expired on arrival, which must not start another renewal
  await expect.poll(() => sent.length).toBe(operations.length);
  expect(calls).toHaveBeenCalledTimes(operations.length); // not quadratic
  expect(sent.map(({ key }) => key)).toEqual(operations.map(({ key }) => key));
  expect(renewals).toHaveLength(1);
  auth.dispose();
});

test.for(['sent at once', 'that waits for its token', 'refused and retried'] as const)(
  'the function fetchOptions of an operation %s is called once per attempt, and once more before a wait',
  async kind => {
    await using server = await start();
    let answer: (token: string) => void = () => {};
    const renewal = new Promise<string>(resolve => (answer = resolve));
    const auth = createTokenManager({ renew: () => renewal, restore: kind === 'that waits for its token' });
    if (kind !== 'that waits for its token') await auth.adopt(kind === 'sent at once' ? 'token-1' : 'token-0');
    const fetchOptions = vi.fn(() => ({ headers: { 'x-trace': '1' } }));
    const client = new Client({ url: server.url, fetchOptions, exchanges: [authExchange(auth), fetchExchange] });
    const result = client.query(query, {}).toPromise();
    answer('token-1');
    expect((await result).data).toEqual({ n: 1 });
    expect(fetchOptions).toHaveBeenCalledTimes(kind === 'sent at once' ? 1 : 2);
    auth.dispose();
  },
);

test("the function fetchOptions of an operation with the caller's token is called once, and its answer is not judged", async () => {
  await using server = await start();
  const fetchOptions = vi.fn(() => ({ headers: { authorization: 'Bearer token-0' } }));
  const client = new Client({ url: server.url, fetchOptions, exchanges: [authExchange(server.auth), fetchExchange] });
  const { error, operation } = await client.query(query, {}).toPromise();
  expect(error?.graphQLErrors).toHaveLength(1);
  expect(operation.context.fetchOptions).toBe(fetchOptions);
  expect(fetchOptions).toHaveBeenCalledOnce();
  expect(server.renewals()).toBe(0);
});

test('an operation that waits is answered although the source of operations has ended', async () => {
  await using server = await start();
  const auth = createTokenManager({ renew: async () => 'token-1', restore: true });
  const client = new Client({ url: server.url, exchanges: [] });
  const operation = client.createRequestOperation('query', createRequest(query, {}));
  const exchange = composeExchanges([authExchange(auth), fetchExchange]);
  const io = exchange({ client, forward: () => never, dispatchDebug: () => {} });
  const result = await pipe(fromValue(operation), io, take(1), toPromise);
  expect(result.data).toEqual({ n: 1 });
  auth.dispose();
});

test('B80 an operation that waits is sent with the fetchOptions of the time when it is sent', async () => {
  let trace = 'before the wait';
  const traces: unknown[] = [];
  await using server = await startServer(({ headers }, response) => {
    traces.push(headers['x-trace']);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
  });
  const renew = async () => {
    trace = 'after the wait';
    return 'token-1';
  };
  const auth = createTokenManager({ restore: true, renew });
  const fetchOptions = () => ({ headers: { 'x-trace': trace } });
  const client = new Client({ url: server.url, fetchOptions, exchanges: [authExchange(auth), fetchExchange] });
  expect((await client.query(query, {}).toPromise()).data).toEqual({ n: 1 });
  expect(traces).toEqual(['after the wait']);
  auth.dispose();
});

test('B108 an exchange after authExchange may write into the headers, which are sent with that operation only', async () => {
  const ids: unknown[] = [];
  await using server = await startServer(({ headers }, response) => {
    ids.push(headers['x-id']);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
  });
  const writing = mapExchange({
    onOperation({ kind, context }) {
      if (kind === 'query' && ids.length === 0)
        (context.fetchOptions as { headers: Record<string, string> }).headers['x-id'] = '1';
    },
  });
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), writing, fetchExchange] });
  for (const document of ['{ n }', '{ m: n }'])
    expect((await client.query(document, {}).toPromise()).data).toEqual({ n: 1 });
  expect(ids).toEqual(['1', undefined]);
  expect(server.sent).toEqual(['token-0', 'token-0']);
});

test('B101 an exchange after authExchange that throws at the retry fails that operation only', async () => {
  await using server = await start();
  const error = new Error('The exchange failed.');
  let attempts = 0;
  const throwing = mapExchange({
    onOperation({ kind }) {
      if (kind === 'query' && ++attempts === 2) throw error;
    },
  });
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), throwing, fetchExchange] });
  expect((await client.query(query, {}).toPromise()).error?.networkError).toBe(error);
  expect((await client.query(query, {}).toPromise()).data).toEqual({ n: 1 });
  expect(server.sent).toEqual(['token-0', 'token-1']);
});

test.for(['its first token', 'the successor of its token', 'nothing'])(
  'B87 the signal in fetchOptions ends the wait of an operation for %s with its reason',
  async awaited => {
    await using server = await start();
    let answer: (token: string) => void = () => {};
    const renew = () => new Promise<string>(resolve => (answer = resolve));
    const auth = createTokenManager({ renew, restore: awaited === 'its first token' });
    if (awaited !== 'its first token') await auth.adopt('token-0');
    const controller = new AbortController();
    const reason = new Error('The user has left.');
    if (awaited === 'nothing') controller.abort(reason);
    const client = new Client({ url: server.url, exchanges: [authExchange(auth), fetchExchange] });
    const fetchOptions = { signal: controller.signal };
    const result = client.query(query, {}, { fetchOptions }).toPromise();
    if (awaited !== 'nothing') await expect.poll(() => auth.state.renewing).toBe(true);
    controller.abort(reason);
    expect((await result).error?.networkError).toBe(reason);
    answer('token-1');
    expect(server.sent).toEqual(awaited === 'the successor of its token' ? ['token-0'] : []);
    auth.dispose();
  },
);

test('GQL-07 a result whose error an exchange has made is delivered', async () => {
  await using server = await start();
  const error = new Error('Made by an exchange.') as never;
  const failing: Exchange = () => operations$ =>
    pipe(
      operations$,
      map(operation => ({ operation, data: undefined, error, stale: false, hasNext: false })),
    );
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), failing] });
  expect((await client.query(query, {}).toPromise()).error).toBe(error);
});
