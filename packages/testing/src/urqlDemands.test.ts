import type { ServerResponse } from 'node:http';
import { createTokenManager, type TokenParts } from '@latchkey/core';
import { startOli } from '@latchkey/emulators';
import { authExchange } from '@latchkey/urql';
import {
  Client,
  createRequest,
  type Exchange,
  type ExchangeIO,
  fetchExchange,
  makeResult,
  type Operation,
  type OperationResult,
  ssrExchange,
} from '@urql/core';
import { expect, test, vi } from 'vitest';
import { makeSubject, map, pipe, subscribe, tap } from 'wonka';
import { signedIn } from './signedIn.ts';
import { startServer } from './startServer.ts';

const query = '{ n }';
const dead = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };

/** Takes every token but the first. */
const start = () =>
  startServer(({ headers }, response) => {
    const isDead = headers.authorization === 'Bearer token-0';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isDead ? { errors: [dead] } : { data: { n: 1 } }));
  });

test('the exchange calls forward once, whatever happens', async () => {
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

test('an operation of an unknown kind is passed on untouched', async () => {
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
  'the result of a repeated %s is the answer to the very operation that the client made',
  async kind => {
    await using server = await start();
    const made: Operation[] = [];
    const watching: Exchange =
      ({ forward }) =>
      operations$ =>
        forward(
          pipe(
            operations$,
            tap(operation => operation.kind !== 'teardown' && made.push(operation)),
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
    expect(made).toHaveLength(1);
    const [{ key, context }] = made as [Operation];
    expect(result.operation).toMatchObject({ kind, key });
    expect(result.operation.context._instance).toBe(context._instance);
    expect(Object.keys(result.operation.context)).toEqual(Object.keys(context));
  },
);

test('an error that stays in the merged results of a stream is one refusal, and costs one renewal', async () => {
  const parts = [
    { data: { n: 1 }, hasNext: true },
    { incremental: [{ errors: [dead], data: null, path: [] }], hasNext: true },
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

test('an error that stays in the merged results of a subscription is judged once: later events are delivered', async () => {
  const streams: ServerResponse[] = [];
  const say = (event: object) => streams.at(-1)?.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
  await using server = await startServer((_, response) => {
    streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    say({ data: { n: null }, errors: [dead] });
  });
  const client = new Client({
    url: server.url,
    exchanges: [authExchange(server.auth), fetchExchange],
    fetchSubscriptions: true,
  });
  const heard: unknown[] = [];
  const { unsubscribe } = pipe(
    client.subscription('subscription { n }', {}),
    subscribe(({ data, error }) => heard.push([(data as { n: unknown }).n, error?.graphQLErrors.length])),
  );
  await expect.poll(() => heard).toEqual([[null, 1]]); // of the second stream
  say({ data: { n: 1 } });
  await expect.poll(() => heard).toHaveLength(2);
  await server.auth.renew(); // now it is the error of an older token, for which nothing would have to be renewed
  say({ data: { n: 2 } });
  await expect
    .poll(() => heard)
    .toEqual([
      [null, 1],
      [1, 1],
      [2, 1],
    ]);
  expect(server.sent).toEqual(['token-0', 'token-1']);
  expect(server.renewals()).toBe(2);
  unsubscribe();
});

test('a 401 is known by its number, where there is no status text, as over HTTP/2', async () => {
  await using server = await startServer(({ headers }, response) => {
    const isDead = headers.authorization === 'Bearer token-0';
    response.writeHead(isDead ? 401 : 200, '', { 'content-type': isDead ? 'text/plain' : 'application/json' });
    response.end(isDead ? '' : '{"data":{"n":1}}');
  });
  const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
  expect((await client.query(query, {}).toPromise()).data).toEqual({ n: 1 });
});

test('what ssrExchange hands to a browser is the mended result', async () => {
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

test('four thousand operations wait for one token and leave together, at no more than linear cost', async () => {
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
  const looks = vi.spyOn(auth, 'fresh');
  for (const operation of operations) next(operation);
  await expect.poll(() => renewals).toHaveLength(1);
  expect(sent).toEqual([]);
  renewals[0]?.({ accessToken: 'token-1', expiresInS: 1e-6 }); // dead on arrival: that must not begin all anew
  await expect.poll(() => sent.length).toBe(operations.length);
  expect(looks).toHaveBeenCalledTimes(operations.length); // where each looks for all others, their square
  expect(sent.map(({ key }) => key)).toEqual(operations.map(({ key }) => key));
  expect(renewals).toHaveLength(1);
  auth.dispose();
});
