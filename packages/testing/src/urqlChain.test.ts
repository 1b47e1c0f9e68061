import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { authExchange } from '@latchkey/urql';
import {
  Client,
  type ClientOptions,
  CombinedError,
  cacheExchange,
  createRequest,
  type Exchange,
  fetchExchange,
  makeOperation,
  makeResult,
  mapExchange,
  type Operation,
  type OperationResult,
  ssrExchange,
  subscriptionExchange,
} from '@urql/core';
import { cacheExchange as graphcache, offlineExchange, type SerializedRequest } from '@urql/exchange-graphcache';
import { persistedExchange } from '@urql/exchange-persisted';
import { retryExchange } from '@urql/exchange-retry';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { filter, fromPromise, makeSubject, map, merge, mergeMap, pipe, subscribe, tap } from 'wonka';
import { signedIn } from './signedIn.ts';

const me = '{ me { id name } }';
const addItem = 'mutation { addItem(title: "of A") { id owner } }';

/** As in the README: another attempt does not resolve a `TokenError`. */
const retryIf = ({ networkError }: CombinedError) => networkError !== undefined && !TokenError.is(networkError);

/** As in the README. */
const isOfflineError = (error?: CombinedError) =>
  error?.networkError instanceof TypeError ||
  (TokenError.is(error?.networkError) && error.networkError.code === 'unavailable');

describe('authExchange among other exchanges of urql', () => {
  let server: Oli;
  let auth: TokenManager;

  const client = (exchanges: Exchange[], options: Partial<ClientOptions> = {}) =>
    new Client({ url: server.url, exchanges, ...options });
  const operations = () => server.requests.filter(({ kind }) => kind === 'graphql');
  const renewals = () => server.stats().tokenRequests.refresh;
  const good = () => ({ data: { me: { name: server.users[0].name } } });
  const signInAsNext = () => {
    const [, { username, password }] = server.users;
    return auth.signIn({ username, password });
  };

  beforeEach(async () => {
    server = await startOli();
    auth = await signedIn(server);
  });
  afterEach(async () => {
    auth.dispose();
    await server.close();
  });

  test.for([
    ['cacheExchange', cacheExchange],
    ['graphcache', graphcache({})],
  ] as const)('B108 with %s before it, each refused refetch is renewed', async ([, cache]) => {
    const caching = client([cache, authExchange(auth), fetchExchange]);
    expect(await caching.query(me, {}).toPromise()).toMatchObject(good());
    for (const n of [1, 2]) {
      server.expireNow();
      const result = await caching.query(me, {}, { requestPolicy: 'network-only' }).toPromise();
      expect(result).toMatchObject(good());
      expect(renewals()).toBe(n);
    }
  });

  test('B100 the operation of a retried result can be executed again', async () => {
    const caching = client([cacheExchange, authExchange(auth), fetchExchange]);
    server.expireNow();
    const { operation } = await caching.query(me, {}).toPromise();
    expect(operation.context).not.toHaveProperty('latchkey');
    server.expireNow();
    const context = { ...operation.context, requestPolicy: 'network-only' as const };
    expect(await caching.executeRequestOperation({ ...operation, context }).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(2);
  });

  describe('an exchange behind it that dispatches the operations again', () => {
    /** Dispatches each operation that it has seen again, when it is asked to. */
    function redispatching() {
      const seen: Operation[] = [];
      let dispatch: (operation: Operation) => void = () => {};
      const exchange: Exchange = ({ client, forward }) => {
        dispatch = operation => client.reexecuteOperation(operation);
        return operations$ =>
          forward(
            pipe(
              operations$,
              tap(operation => operation.kind !== 'teardown' && seen.push(operation)),
            ),
          );
      };
      const again = (): void => {
        const [{ kind, context, ...rest }] = seen as [Operation];
        dispatch(makeOperation(kind, { ...rest, kind, context }, { ...context, requestPolicy: 'network-only' }));
      };
      return { exchange, again, seen };
    }
    const lastToken = () => operations().at(-1)?.headers.authorization;
    const current = () => auth.fresh()?.accessToken;

    /** Runs a query, lets the session change, and returns the results of the query when it was dispatched again. */
    async function run(document: string, change: () => unknown) {
      const { exchange, again, seen } = redispatching();
      const fetchOptions = { headers: { 'x-trace': '7' } };
      const watching = client([cacheExchange, authExchange(auth), exchange, fetchExchange], { fetchOptions });
      const results: OperationResult[] = [];
      const { unsubscribe } = pipe(
        document.startsWith('mutation') ? watching.mutation(document, {}) : watching.query(document, {}),
        subscribe(result => results.push({ ...result })),
      );
      await expect.poll(() => results).toHaveLength(1);
      await change();
      again();
      await expect.poll(() => results.filter(({ stale }) => !stale).length).toBe(2);
      unsubscribe();
      return { result: results.at(-1) as OperationResult, seen };
    }

    test('B119 sends them with the token that is current then', async () => {
      const { result, seen } = await run(me, () => auth.renew());
      expect(result.error).toBeUndefined();
      expect(lastToken()).toBe(`Bearer ${current()}`);
      expect(operations().at(-1)?.headers['x-trace']).toBe('7');
      expect(seen.at(-1)?.context.requestPolicy).toBe('network-only');
    });

    test('B119 has their refusals renewed, and B100 the result has the operation that was dispatched', async () => {
      const { result } = await run(me, () => server.expireNow());
      expect(result).toMatchObject(good());
      expect(renewals()).toBe(1);
      expect(result.operation.context).toMatchObject({
        requestPolicy: 'network-only',
        fetchOptions: { headers: { 'x-trace': '7' } },
      });
      expect(result.operation.context).not.toHaveProperty('latchkey');
      expect(JSON.stringify(result.operation.context.fetchOptions)).not.toContain('Bearer');
    });

    test('B119 sends them without a token after a sign-out', async () => {
      await run('{ public { motd } }', () => auth.signOut());
      expect(operations().map(({ headers }) => headers.authorization)).toEqual([
        expect.stringMatching(/^Bearer /),
        undefined,
      ]);
    });

    test('B119 sends a query with the token of the next user', async () => {
      const { result } = await run(me, signInAsNext);
      expect(result.data).toMatchObject({ me: { name: server.users[1].name } });
      expect(lastToken()).toBe(`Bearer ${current()}`);
    });

    test('B103 does not send a mutation of the session before as the next user', async () => {
      const { exchange, again } = redispatching();
      const watching = client([authExchange(auth), exchange, fetchExchange]);
      await watching.mutation(addItem, {}).toPromise();
      await signInAsNext();
      again();
      await watching.query('{ public { motd } }', {}).toPromise();
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test('B119 an ssrExchange behind it revalidates a restored result with the token', async () => {
      const serverSide = ssrExchange({ isClient: false });
      await client([authExchange(auth), serverSide, fetchExchange])
        .query(me, {})
        .toPromise();
      const initialState = serverSide.extractData();
      const restored = ssrExchange({ isClient: true, initialState, staleWhileRevalidate: true });
      await auth.renew();
      const results: OperationResult[] = [];
      const { unsubscribe } = pipe(
        client([authExchange(auth), restored, fetchExchange]).query(me, {}),
        subscribe(result => results.push(result)),
      );
      await expect.poll(() => results.length).toBe(2);
      unsubscribe();
      expect(lastToken()).toBe(`Bearer ${current()}`);
      expect(results.at(-1)).toMatchObject(good());
    });
  });

  test.for(['before', 'after'])('B108 works with retryExchange %s it', async place => {
    let isDown = true;
    const failing: typeof fetch = (input, init) => {
      if (!isDown) return fetch(input, init);
      isDown = false;
      return Promise.reject(new TypeError('fetch failed'));
    };
    const retry = retryExchange({ initialDelayMs: 1, maxNumberAttempts: 3, retryIf });
    const chain = place === 'after' ? [authExchange(auth), retry] : [retry, authExchange(auth)];
    server.expireNow();
    const retrying = client([...chain, fetchExchange], { fetch: failing });
    expect(await retrying.query(me, {}).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(1);
  });

  test('B103 a retryExchange before it does not send a mutation of an ended session as the next user', async () => {
    const retry = retryExchange({ initialDelayMs: 1, retryIf });
    server.expireNow();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const result = client([retry, authExchange(auth), fetchExchange])
      .mutation(addItem, {})
      .toPromise();
    await arrived;
    await auth.signOut();
    await signInAsNext();
    release();
    expect(await result).toMatchObject({ error: { networkError: { code: 'signedOut' } } });
    expect(operations()).toHaveLength(1);
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test('B108 a mapExchange before it does not see a refusal that the retry resolves', async () => {
    const seen: unknown[] = [];
    const watching = mapExchange({ onError: error => void seen.push(error) });
    server.expireNow();
    expect(
      await client([watching, authExchange(auth), fetchExchange])
        .query(me, {})
        .toPromise(),
    ).toMatchObject(good());
    expect(seen).toEqual([]);
  });

  test('B108 a mapExchange after it sees the refusal, and the retry resolves it', async () => {
    const seen: unknown[] = [];
    const watching = mapExchange({
      onOperation: operation => operation,
      onResult: async result => result,
      onError: error => void seen.push(error),
    });
    server.expireNow();
    expect(
      await client([authExchange(auth), watching, fetchExchange])
        .query(me, {})
        .toPromise(),
    ).toMatchObject(good());
    expect(seen).toHaveLength(1);
    expect(renewals()).toBe(1);
  });

  /** A mapExchange that holds the first result back until `release` is called. */
  function holdFirstResult() {
    let release: () => void = () => {};
    const released = new Promise<void>(resolve => (release = resolve));
    let results = 0;
    const exchange = mapExchange({
      onResult: result => (results++ === 0 ? released.then(() => result) : result),
    });
    return { exchange, release, released, results: () => results };
  }

  test('B88 a refusal that mapExchange holds until the operation is torn down causes no renewal', async () => {
    const held = holdFirstResult();
    server.expireNow();
    const holding = client([authExchange(auth), held.exchange, fetchExchange]);
    const results: unknown[] = [];
    const { unsubscribe } = pipe(
      holding.query(me, {}),
      subscribe(result => results.push(result)),
    );
    await expect.poll(held.results).toBe(1);
    unsubscribe();
    held.release();
    await held.released;
    await holding.query('{ public { motd } }', {}).toPromise(); // a retry would be sent before it
    expect(results).toEqual([]);
    expect(operations()).toHaveLength(2);
    expect(renewals()).toBe(0);
  });

  test('B88 a refusal that mapExchange holds does not reach a later operation with the same query', async () => {
    const held = holdFirstResult();
    server.expireNow();
    const holding = client([authExchange(auth), held.exchange, fetchExchange]);
    const query = (next: (result: OperationResult) => void) => pipe(holding.query(me, {}), subscribe(next));
    const { unsubscribe } = query(() => {});
    await expect.poll(held.results).toBe(1);
    unsubscribe();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const results: OperationResult[] = [];
    const answered = new Promise<void>(resolve => query(result => results.push(result) && resolve()));
    await arrived;
    held.release();
    await held.released;
    release();
    await answered;
    expect(results).toMatchObject([good()]);
    expect(renewals()).toBe(1);
  });

  /** Dispatches so many queries, and tears each down before it is sent. */
  function tearDown(client: Client, count: number): void {
    for (let n = 0; n < count; n++) {
      pipe(
        client.query('query ($n: Int) { items(first: $n) { id } }', { n }),
        subscribe(() => {}),
      ).unsubscribe();
    }
  }

  test('B88 a refusal that mapExchange holds until the operation is torn down causes no renewal, also after a thousand teardowns', async () => {
    const held = holdFirstResult();
    server.expireNow();
    const holding = client([authExchange(auth), held.exchange, fetchExchange]);
    tearDown(holding, 999);
    const { unsubscribe } = pipe(
      holding.query(me, {}),
      subscribe(() => {}),
    );
    await expect.poll(held.results).toBe(1);
    unsubscribe();
    tearDown(holding, 1);
    held.release();
    await held.released;
    await holding.query('{ public { motd } }', {}).toPromise(); // a retry would be sent before it
    expect(operations()).toHaveLength(2);
    expect(renewals()).toBe(0);
  });

  test('B88 an answer that mapExchange holds does not reach a later operation with the same query, also after a thousand teardowns', async () => {
    const held = holdFirstResult();
    const holding = client([authExchange(auth), held.exchange, fetchExchange]);
    const query = (next: (result: OperationResult) => void) => pipe(holding.query(me, {}), subscribe(next));
    tearDown(holding, 999);
    const { unsubscribe } = query(() => {});
    await expect.poll(held.results).toBe(1);
    unsubscribe();
    tearDown(holding, 1);
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const results: OperationResult[] = [];
    query(result => results.push(result));
    await arrived;
    held.release();
    await held.released;
    release();
    await expect.poll(held.results).toBe(2);
    expect(results).toMatchObject([good()]);
  });

  test('B108 a result that ssrExchange restored needs no request', async () => {
    const serverSide = ssrExchange({ isClient: false });
    await client([serverSide, authExchange(auth), fetchExchange])
      .query(me, {})
      .toPromise();
    const before = operations().length;
    const restored = ssrExchange({ isClient: true, initialState: serverSide.extractData() });
    const browser = client([restored, authExchange(auth), fetchExchange]);
    expect(browser.readQuery(me, {})).toMatchObject(good());
    expect(operations()).toHaveLength(before);
  });

  test('a mutation that is unsubscribed during the renewal is executed, because urql never tears one down', async () => {
    server.expireNow();
    const release = server.holdTokenRequests();
    const requested = server.next('tokenRequest');
    const { unsubscribe } = pipe(
      client([authExchange(auth), fetchExchange]).mutation(addItem, {}),
      subscribe(() => {}),
    );
    await requested;
    unsubscribe();
    release();
    await expect.poll(() => server.stats().mutationsExecuted).toBe(1);
  });

  describe('a refusal that the rendering server could not renew', () => {
    async function refusedData() {
      const authOfServer = createTokenManager({ renewal: 'never' });
      await authOfServer.adopt('expired');
      const serverSide = ssrExchange({ isClient: false });
      await client([serverSide, authExchange(authOfServer), fetchExchange])
        .query(me, {})
        .toPromise();
      return serverSide.extractData();
    }

    test('B108 is delivered by an ssrExchange before authExchange', async () => {
      server.refuseAs('code200');
      const restored = ssrExchange({ isClient: true, initialState: await refusedData() });
      const browser = client([restored, authExchange(auth), fetchExchange]);
      expect(browser.readQuery(me, {})).toMatchObject({ error: expect.any(CombinedError) });
    });

    test('B108 is renewed in the browser when ssrExchange is after authExchange, without a warning', async () => {
      const warnings = vi.spyOn(console, 'warn');
      server.refuseAs('code200');
      const restored = ssrExchange({ isClient: true, initialState: await refusedData() });
      const browser = client([authExchange(auth), restored, fetchExchange]);
      expect(await browser.query(me, {}).toPromise()).toMatchObject(good());
      expect(renewals()).toBe(1);
      expect(warnings).not.toHaveBeenCalled();
      warnings.mockRestore();
    });

    test('B108 is requested again by the browser when results with errors are not transferred, also a 401 without a body', async () => {
      server.refuseAs('empty401');
      const data = Object.entries(await refusedData());
      const initialState = Object.fromEntries(data.filter(([, { error }]) => !error));
      const browser = client([ssrExchange({ isClient: true, initialState }), authExchange(auth), fetchExchange]);
      expect(await browser.query(me, {}).toPromise()).toMatchObject(good());
      expect(data).toHaveLength(1);
    });
  });

  test.for(['before', 'after'])('B97 persisted queries work %s it, also with an expired token', async place => {
    const hashing = persistedExchange({ preferGetForPersistedQueries: false });
    const chain = place === 'after' ? [authExchange(auth), hashing] : [hashing, authExchange(auth)];
    const persisted = client([...chain, fetchExchange]);
    server.expireNow();
    expect(await persisted.query(me, {}).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(1);
    await persisted.query(me, {}, { requestPolicy: 'network-only' }).toPromise();
    expect(operations().at(-1)?.body).not.toContain('"query"');
  });

  test('B106 the retry of a GET query bypasses the HTTP cache', async () => {
    const modes: unknown[] = [];
    const watching: typeof fetch = (input, init) => {
      modes.push([init?.method, init?.cache]);
      return fetch(input, init);
    };
    server.expireNow();
    const getting = client([authExchange(auth), fetchExchange], { fetch: watching, preferGetMethod: true });
    expect(await getting.query(me, {}).toPromise()).toMatchObject(good());
    expect(modes).toEqual([
      ['GET', undefined],
      ['GET', 'no-store'],
    ]);
  });

  describe('offlineExchange', () => {
    /** The storage of one user, in memory. A page would use a database. */
    function createStorage() {
      let kept: SerializedRequest[] = [];
      return {
        readData: async () => ({}),
        writeData: async () => {},
        readMetadata: async () => kept,
        writeMetadata: (mutations: SerializedRequest[]) => {
          kept = mutations;
        },
        onOnline(back: () => void) {
          this.goOnline = back;
        },
        goOnline: undefined as (() => void) | undefined,
        kept: () => kept.length,
      };
    }

    async function connect(storage: ReturnType<typeof createStorage>) {
      storage.goOnline = undefined;
      const optimistic = { addItem: () => ({ __typename: 'Item', id: '0' }) };
      const offline = offlineExchange({ storage, optimistic, isOfflineError });
      const caching = client([offline, authExchange(auth), fetchExchange]);
      await expect.poll(() => storage.goOnline).toBeDefined();
      auth.on('signedOut', () => storage.onOnline(() => {})); // as in the README
      return caching;
    }

    beforeEach(async () => {
      auth.dispose();
      auth = await signedIn(server, { cooldownMs: 0 });
    });

    test('B108 keeps a mutation whose token cannot be renewed, and sends it once the network is back', async () => {
      const storage = createStorage();
      const caching = await connect(storage);
      await caching.query('{ items { id } }', {}).toPromise();
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      const result = caching.mutation(addItem, {}).toPromise();
      await expect.poll(storage.kept).toBe(1);
      storage.goOnline?.();
      expect(await result).toMatchObject({ data: { addItem: { id: expect.any(String) } } });
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test('B109 with a storage per user, disconnected at the end of the session, sends no mutation as the next user', async () => {
      const [first, next] = [createStorage(), createStorage()];
      const caching = await connect(first);
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      void caching.mutation(addItem, {}).toPromise();
      await expect.poll(first.kept).toBe(1);
      await auth.signOut();
      await signInAsNext();
      const later = await connect(next);
      expect(await later.query(me, {}).toPromise()).toMatchObject({ data: { me: { name: server.users[1].name } } });
      for (const storage of [first, next]) storage.goOnline?.();
      expect(await later.query('{ items { id } }', {}).toPromise()).toMatchObject({ data: expect.anything() });
      expect(server.stats().mutationsExecuted).toBe(0);
      expect(first.kept()).toBe(1);
    });
  });

  test('B80 fetchOptions may be a function', async () => {
    const fetchOptions = () => ({ headers: new Headers({ 'x-trace': '7' }) });
    await client([authExchange(auth), fetchExchange], { fetchOptions })
      .query(me, {})
      .toPromise();
    expect(operations()[0]?.headers).toMatchObject({
      'x-trace': '7',
      authorization: expect.stringMatching(/^Bearer /),
    });
  });
});

describe('authExchange before a stub of a transport', () => {
  const refused = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };

  async function manager() {
    let renewals = 0;
    const auth = createTokenManager({ renew: () => `token-${++renewals}` });
    await auth.adopt('token-0');
    return auth;
  }

  test('B93 a refused subscription over subscriptionExchange is resubscribed, and the old one is closed first', async () => {
    const calls: string[] = [];
    const transport = subscriptionExchange({
      forwardSubscription: (_, operation) => ({
        subscribe(sink) {
          const token = (operation.context.fetchOptions as { headers: { authorization: string } }).headers
            .authorization;
          calls.push(`open ${token}`);
          const isRefused = token === 'Bearer token-0';
          const answer = isRefused ? { errors: [refused] } : { data: { n: 1 } };
          queueMicrotask(() => sink.next(answer as Parameters<typeof sink.next>[0]));
          return { unsubscribe: () => calls.push(`close ${token}`) };
        },
      }),
    });
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), transport] });
    const first = await new Promise(resolve => pipe(client.subscription('subscription { n }', {}), subscribe(resolve)));
    expect(first).toMatchObject({ data: { n: 1 } });
    expect(calls).toEqual(['open Bearer token-0', 'close Bearer token-0', 'open Bearer token-1']);
  });

  test('B93 late events of the refused stream are not delivered during the renewal', async () => {
    let emit: (answer: object) => void = () => {};
    let opened = 0;
    const transport = subscriptionExchange({
      forwardSubscription: () => ({
        subscribe(sink) {
          opened++;
          emit = answer => sink.next(answer as Parameters<typeof sink.next>[0]);
          return { unsubscribe: () => {} };
        },
      }),
    });
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), transport] });
    const results: unknown[] = [];
    const answered = new Promise(resolve => {
      pipe(
        client.subscription('subscription { n }', {}),
        subscribe(result => {
          results.push(result.data ?? result.error);
          if (result.data) resolve(result);
        }),
      );
    });
    await expect.poll(() => opened).toBe(1);
    const emitOld = emit;
    emitOld({ errors: [refused] });
    emitOld({ data: { n: 'late' }, errors: [refused] });
    await expect.poll(() => opened).toBe(2);
    emit({ data: { n: 'new' } });
    await answered;
    expect(results).toEqual([{ n: 'new' }]);
    expect(opened).toBe(2);
  });

  test.for([
    ['a socket', undefined],
    ['HTTP', new Response('')],
  ] as const)(
    'B93 a last result with which a transport over %s answers the teardown is not delivered',
    async ([, response]) => {
      const { source, next } = makeSubject<OperationResult>();
      const opened: Operation[] = [];
      const emit = (answer: object) => {
        const operation = opened.at(-1);
        if (operation) next(makeResult(operation, answer as never, response));
      };
      const transport: Exchange = () => operations$ => {
        const unanswered$ = pipe(
          operations$,
          filter(operation => {
            if (operation.kind === 'teardown') emit({ data: { n: 'last' }, hasNext: false });
            else opened.push(operation);
            return false;
          }),
          map(operation => makeResult(operation, { data: {} })),
        );
        return merge([source, unanswered$]);
      };
      const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), transport] });
      const results: unknown[] = [];
      pipe(
        client.subscription('subscription { n }', {}),
        subscribe(({ data, error }) => results.push(error ?? data)),
      );
      emit({ errors: [refused], hasNext: true });
      await expect.poll(() => opened).toHaveLength(2);
      emit({ data: { n: 'new' }, hasNext: true });
      expect(results).toEqual([{ n: 'new' }]);
    },
  );

  test('every teardown is forwarded', async () => {
    const seen: string[] = [];
    const end: Exchange = () => operations$ =>
      pipe(
        operations$,
        filter(({ kind }) => {
          seen.push(kind);
          return false;
        }),
        mergeMap((operation: Operation) => fromPromise(Promise.resolve(makeResult(operation, { data: {} })))),
      );
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), end] });
    const { unsubscribe } = pipe(
      client.query(me, {}),
      subscribe(() => {}),
    );
    unsubscribe();
    const operation = client.createRequestOperation('query', createRequest(me, {}));
    client.reexecuteOperation({ ...operation, kind: 'teardown' });
    expect(seen).toEqual(['query', 'teardown', 'teardown']);
  });

  test('three identical mutations that are refused have three results', async () => {
    let executed = 0;
    const end: Exchange = () => operations$ =>
      pipe(
        operations$,
        filter(({ kind }) => kind === 'mutation'),
        mergeMap(operation => {
          const { authorization } = (operation.context.fetchOptions as { headers: { authorization: string } }).headers;
          const isRefused = authorization === 'Bearer token-0';
          const answer = isRefused ? { errors: [refused] } : { data: { n: ++executed } };
          return fromPromise(Promise.resolve(makeResult(operation, answer as never)));
        }),
      );
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), end] });
    const results = await Promise.all([1, 2, 3].map(() => client.mutation('mutation { n }', {}).toPromise()));
    expect(new Set(results.map(({ data }) => (data as { n: number }).n))).toEqual(new Set([1, 2, 3]));
  });

  test('B86 a failed renewal is a result with the TokenError as its network error', async () => {
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt('token-0');
    const end: Exchange = () => operations$ =>
      pipe(
        operations$,
        filter(({ kind }) => kind !== 'teardown'),
        mergeMap(operation => fromPromise(Promise.resolve(makeResult(operation, { errors: [refused] } as never)))),
      );
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(auth), end] });
    const { error } = await client.query(me, {}).toPromise();
    expect(error).toBeInstanceOf(CombinedError);
    expect(error?.networkError).toMatchObject({ code: 'sessionExpired', refusal: { messages: ['x'] } });
  });
});
