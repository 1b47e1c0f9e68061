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
import { filter, fromPromise, mergeMap, pipe, subscribe } from 'wonka';
import { signedIn } from './signedIn.ts';

const me = '{ me { id name } }';
const addItem = 'mutation { addItem(title: "of A") { id owner } }';

/** As the README has it: what is not mended here does not get better by another try. */
const retryIf = ({ networkError }: CombinedError) => networkError !== undefined && !TokenError.is(networkError);

/** As the README has it. */
const isOfflineError = (error?: CombinedError) =>
  error?.networkError instanceof TypeError ||
  (TokenError.is(error?.networkError) && error.networkError.code === 'unavailable');

describe('the exchange among other exchanges of urql', () => {
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
  ] as const)('B108 %s in front of it: a refetch that is refused is renewed as the first was', async ([, cache]) => {
    const caching = client([cache, authExchange(auth), fetchExchange]);
    expect(await caching.query(me, {}).toPromise()).toMatchObject(good());
    for (const n of [1, 2]) {
      server.expireNow();
      const result = await caching.query(me, {}, { requestPolicy: 'network-only' }).toPromise();
      expect(result).toMatchObject(good());
      expect(renewals()).toBe(n);
    }
  });

  test('B100 a result that is executed again after a repeat starts afresh', async () => {
    const caching = client([cacheExchange, authExchange(auth), fetchExchange]);
    server.expireNow();
    const { operation } = await caching.query(me, {}).toPromise();
    expect(operation.context).not.toHaveProperty('latchkey');
    server.expireNow();
    const context = { ...operation.context, requestPolicy: 'network-only' as const };
    expect(await caching.executeRequestOperation({ ...operation, context }).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(2);
  });

  test.for(['in front of', 'behind'])('B108 retryExchange %s it', async place => {
    let isDown = true;
    const failing: typeof fetch = (input, init) => {
      if (!isDown) return fetch(input, init);
      isDown = false;
      return Promise.reject(new TypeError('fetch failed'));
    };
    const retry = retryExchange({ initialDelayMs: 1, maxNumberAttempts: 3, retryIf });
    const chain = place === 'behind' ? [authExchange(auth), retry] : [retry, authExchange(auth)];
    server.expireNow();
    const retrying = client([...chain, fetchExchange], { fetch: failing });
    expect(await retrying.query(me, {}).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(1);
  });

  test('B103 retryExchange in front of it does not send a mutation of a session that is over as the next user', async () => {
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

  test('B108 mapExchange in front of it does not see a refusal that was mended', async () => {
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

  test('B108 mapExchange behind it sees the refusal, and the operation is mended all the same', async () => {
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

  test('B88 a refusal that mapExchange keeps back until the operation is left costs no renewal', async () => {
    let goOn: () => void = () => {};
    const held = new Promise<void>(resolve => (goOn = resolve));
    let kept = 0;
    const slow = mapExchange({
      onResult(result) {
        if (kept++ === 0) return held.then(() => result);
        return result;
      },
    });
    server.expireNow();
    const asking = client([authExchange(auth), slow, fetchExchange]);
    const heard: unknown[] = [];
    const { unsubscribe } = pipe(
      asking.query(me, {}),
      subscribe(result => heard.push(result)),
    );
    await expect.poll(() => kept).toBe(1);
    unsubscribe();
    goOn();
    await held;
    await asking.query('{ public { motd } }', {}).toPromise(); // a turn in which the left one could have been sent
    expect(heard).toEqual([]);
    expect(operations()).toHaveLength(2);
    expect(renewals()).toBe(0);
  });

  test('B88 a refusal that mapExchange keeps back does not reach who asks the same again', async () => {
    let goOn: () => void = () => {};
    const held = new Promise<void>(resolve => (goOn = resolve));
    let kept = 0;
    const slow = mapExchange({
      onResult: result => (kept++ === 0 ? held.then(() => result) : result),
    });
    server.expireNow();
    const asking = client([authExchange(auth), slow, fetchExchange]);
    const ask = (listen: (result: OperationResult) => void) => pipe(asking.query(me, {}), subscribe(listen));
    const { unsubscribe } = ask(() => {});
    await expect.poll(() => kept).toBe(1);
    unsubscribe();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const heard: OperationResult[] = [];
    const answered = new Promise<void>(resolve => ask(result => heard.push(result) && resolve()));
    await arrived;
    goOn();
    await held;
    release();
    await answered;
    expect(heard).toMatchObject([good()]);
    expect(renewals()).toBe(1);
  });

  test('B108 what ssrExchange has restored needs no request', async () => {
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

  test('a mutation whose consumer has left during the renewal is executed: urql tears no mutation down', async () => {
    server.expireNow();
    const release = server.holdTokenRequests();
    const asked = server.next('tokenRequest');
    const { unsubscribe } = pipe(
      client([authExchange(auth), fetchExchange]).mutation(addItem, {}),
      subscribe(() => {}),
    );
    await asked;
    unsubscribe();
    release();
    await expect.poll(() => server.stats().mutationsExecuted).toBe(1);
  });

  describe('what a server was refused and could not renew', () => {
    async function refusedData() {
      const serversAuth = createTokenManager({ renewal: 'never' });
      await serversAuth.adopt('dead');
      const serverSide = ssrExchange({ isClient: false });
      await client([serverSide, authExchange(serversAuth), fetchExchange])
        .query(me, {})
        .toPromise();
      return serverSide.extractData();
    }

    test('B108 ssrExchange in front of it hands to the user', async () => {
      server.refuseAs('code200');
      const restored = ssrExchange({ isClient: true, initialState: await refusedData() });
      const browser = client([restored, authExchange(auth), fetchExchange]);
      expect(browser.readQuery(me, {})).toMatchObject({ error: expect.any(CombinedError) });
    });

    test('B108 is renewed in the browser where ssrExchange is behind it, and nothing is warned about', async () => {
      const warnings = vi.spyOn(console, 'warn');
      server.refuseAs('code200');
      const restored = ssrExchange({ isClient: true, initialState: await refusedData() });
      const browser = client([authExchange(auth), restored, fetchExchange]);
      expect(await browser.query(me, {}).toPromise()).toMatchObject(good());
      expect(renewals()).toBe(1);
      expect(warnings).not.toHaveBeenCalled();
      warnings.mockRestore();
    });

    test('B108 is asked for by the browser where results with errors are not handed on, also a 401 without a body', async () => {
      server.refuseAs('empty401');
      const data = Object.entries(await refusedData());
      const initialState = Object.fromEntries(data.filter(([, { error }]) => !error));
      const browser = client([ssrExchange({ isClient: true, initialState }), authExchange(auth), fetchExchange]);
      expect(await browser.query(me, {}).toPromise()).toMatchObject(good());
      expect(data).toHaveLength(1);
    });
  });

  test.for(['in front of', 'behind'])('B97 persisted queries work %s it, also with a dead token', async place => {
    const hashing = persistedExchange({ preferGetForPersistedQueries: false });
    const chain = place === 'behind' ? [authExchange(auth), hashing] : [hashing, authExchange(auth)];
    const persisted = client([...chain, fetchExchange]);
    server.expireNow();
    expect(await persisted.query(me, {}).toPromise()).toMatchObject(good());
    expect(renewals()).toBe(1);
    await persisted.query(me, {}, { requestPolicy: 'network-only' }).toPromise();
    expect(operations().at(-1)?.body).not.toContain('"query"');
  });

  test('B106 a GET query that was refused is repeated past the HTTP cache', async () => {
    const modes: unknown[] = [];
    const seeing: typeof fetch = (input, init) => {
      modes.push([init?.method, init?.cache]);
      return fetch(input, init);
    };
    server.expireNow();
    const getting = client([authExchange(auth), fetchExchange], { fetch: seeing, preferGetMethod: true });
    expect(await getting.query(me, {}).toPromise()).toMatchObject(good());
    expect(modes).toEqual([
      ['GET', undefined],
      ['GET', 'no-store'],
    ]);
  });

  describe('offlineExchange', () => {
    /** One for each user; in a page, a database of its own. */
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
      auth.on('signedOut', () => storage.onOnline(() => {})); // as the README has it
      return caching;
    }

    beforeEach(async () => {
      auth.dispose();
      auth = await signedIn(server, { cooldownMs: 0 });
    });

    test('B108 keeps a mutation whose token cannot be renewed, and sends it when the network is back', async () => {
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

    test('B109 with a storage for each user, cut off when the session ends, sends nothing of the last one as the next', async () => {
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

describe('what the exchange says to the transport', () => {
  const refused = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };

  async function manager() {
    let renewals = 0;
    const auth = createTokenManager({ renew: () => `token-${++renewals}` });
    await auth.adopt('token-0');
    return auth;
  }

  test('B93 a refused subscription over subscriptionExchange is resubscribed, and the old one is closed first', async () => {
    const said: string[] = [];
    const transport = subscriptionExchange({
      forwardSubscription: (_, operation) => ({
        subscribe(sink) {
          const token = (operation.context.fetchOptions as { headers: { authorization: string } }).headers
            .authorization;
          said.push(`open ${token}`);
          const isDead = token === 'Bearer token-0';
          const answer = isDead ? { errors: [refused] } : { data: { n: 1 } };
          queueMicrotask(() => sink.next(answer as Parameters<typeof sink.next>[0]));
          return { unsubscribe: () => said.push(`close ${token}`) };
        },
      }),
    });
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), transport] });
    const first = await new Promise(resolve => pipe(client.subscription('subscription { n }', {}), subscribe(resolve)));
    expect(first).toMatchObject({ data: { n: 1 } });
    expect(said).toEqual(['open Bearer token-0', 'close Bearer token-0', 'open Bearer token-1']);
  });

  test('B93 what the old transport still says during the renewal is not heard', async () => {
    let speak: (answer: object) => void = () => {};
    let opened = 0;
    const transport = subscriptionExchange({
      forwardSubscription: () => ({
        subscribe(sink) {
          opened++;
          speak = answer => sink.next(answer as Parameters<typeof sink.next>[0]);
          return { unsubscribe: () => {} };
        },
      }),
    });
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), transport] });
    const heard: unknown[] = [];
    const answered = new Promise(resolve => {
      pipe(
        client.subscription('subscription { n }', {}),
        subscribe(result => {
          heard.push(result.data ?? result.error);
          if (result.data) resolve(result);
        }),
      );
    });
    await expect.poll(() => opened).toBe(1);
    const old = speak;
    old({ errors: [refused] });
    old({ data: { n: 'late' }, errors: [refused] });
    await expect.poll(() => opened).toBe(2);
    speak({ data: { n: 'new' } });
    await answered;
    expect(heard).toEqual([{ n: 'new' }]);
    expect(opened).toBe(2);
  });

  test('every teardown is passed on', async () => {
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
          const isDead = authorization === 'Bearer token-0';
          const answer = isDead ? { errors: [refused] } : { data: { n: ++executed } };
          return fromPromise(Promise.resolve(makeResult(operation, answer as never)));
        }),
      );
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(await manager()), end] });
    const results = await Promise.all([1, 2, 3].map(() => client.mutation('mutation { n }', {}).toPromise()));
    expect(new Set(results.map(({ data }) => (data as { n: number }).n))).toEqual(new Set([1, 2, 3]));
  });

  test('B86 a renewal that fails becomes a result with the TokenError as its network error', async () => {
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
