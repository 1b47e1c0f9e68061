import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedProtocolErrors, PROTOCOL_ERRORS_SYMBOL } from '@apollo/client/errors';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { ErrorLink } from '@apollo/client/link/error';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { defer, EMPTY, type Observable, of, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signedIn } from './signedIn.ts';

const me = gql`{ me { name } }`;
const query = { query: me, fetchPolicy: 'no-cache' } as const;

describe('authLink among other links of Apollo Client', () => {
  let server: Oli;
  let auth: TokenManager;

  const client = (...links: ApolloLink[]) =>
    new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from(links) });
  const http = () => new HttpLink({ uri: server.url });
  /** As in the README: another attempt does not resolve a `TokenError`. */
  const retryLink = () =>
    new RetryLink({ delay: { initial: 1 }, attempts: { retryIf: error => !TokenError.is(error) } });
  const operations = () => server.requests.filter(({ kind }) => kind === 'graphql');
  const good = () => ({ data: { me: { name: server.users[0].name } } });
  const execute = (link: ApolloLink) => ApolloLink.execute(link, { query: me }, { client: client(link) });

  beforeEach(async () => {
    server = await startOli();
    auth = await signedIn(server);
  });
  afterEach(async () => {
    auth.dispose();
    await server.close();
  });

  test('B108 an ErrorLink before it does not see a refusal that the retry resolves', async () => {
    const seen: unknown[] = [];
    const watching = new ErrorLink(({ error }) => void seen.push(error));
    server.expireNow();
    expect(await client(watching, authLink(auth), http()).query(query)).toMatchObject(good());
    expect(seen).toEqual([]);
  });

  test('B108 an ErrorLink after it sees the refusal, and the retry resolves it', async () => {
    const seen: unknown[] = [];
    const watching = new ErrorLink(({ error }) => void seen.push(error));
    server.expireNow();
    expect(await client(authLink(auth), watching, http()).query(query)).toMatchObject(good());
    expect(seen).toHaveLength(1);
  });

  test('B108 each attempt of a RetryLink before it has the current token', async () => {
    const retry = new RetryLink({ delay: { initial: 0, jitter: false }, attempts: { max: 3, retryIf: () => true } });
    let isDown = true;
    const failing = new ApolloLink((operation, forward) => {
      if (!isDown) return forward(operation);
      isDown = false;
      server.expireNow();
      throw new Error('The network is down.');
    });
    expect(await client(retry, authLink(auth), failing, http()).query(query)).toMatchObject(good());
    expect(server.stats().tokenRequests.refresh).toBe(1);
    expect(operations().at(-1)?.headers.authorization).toBe(`Bearer ${auth.fresh()?.accessToken}`);
  });

  test('B103 a RetryLink before it does not send a mutation of an ended session as the next user', async () => {
    const retrying = client(retryLink(), authLink(auth), http());
    server.expireNow();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const result = retrying.mutate({ mutation: gql`mutation { addItem(title: "of A") { id owner } }` });
    await arrived;
    await auth.signOut();
    const [, { username, password }] = server.users;
    await auth.signIn({ username, password });
    release();
    await expect(result).rejects.toSatisfy(error => TokenError.is(error) && error.code === 'signedOut');
    expect(operations()).toHaveLength(1);
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test('B108 a RetryLink before it, with the retryIf of the README, attempts again after a network error', async () => {
    let isDown = true;
    const failing: typeof fetch = (input, init) => {
      if (!isDown) return fetch(input, init);
      isDown = false;
      return Promise.reject(new TypeError('fetch failed'));
    };
    const http = new HttpLink({ uri: server.url, fetch: failing });
    const retrying = client(retryLink(), authLink(auth), http);
    expect(await retrying.query(query)).toMatchObject(good());
    expect(operations()).toHaveLength(1);
  });

  test('B100 the header of an earlier attempt is not taken for the caller’s', async () => {
    const link = ApolloLink.from([authLink(auth), http()]);
    const observable = execute(link);
    const once = () => new Promise(resolve => observable.subscribe({ next: resolve, error: resolve }));
    expect(await once()).toMatchObject(good());
    server.expireNow();
    expect(await once()).toMatchObject(good()); // a second subscription does not call the link's `request` again
    expect(server.stats().tokenRequests.refresh).toBe(1);
  });

  test.for([
    ['challenge401', 3], // RetryLink attempts again after any error, also of HTTP
    ['code200', 2],
  ] as const)(
    'B108 a RetryLink after it attempts again with the same token, and the retry resolves the refusal: %s',
    async ([shape, requests]) => {
      const retry = new RetryLink({ delay: { initial: 0, jitter: false }, attempts: { max: 2 } });
      server.refuseAs(shape);
      server.expireNow();
      const { accessToken } = auth.fresh() ?? {};
      expect(await client(authLink(auth), retry, http()).query(query)).toMatchObject(good());
      expect(server.stats().tokenRequests.refresh).toBe(1);
      const tokens = operations().map(({ headers }) => headers.authorization);
      expect(tokens.slice(0, -1)).toEqual(Array(requests - 1).fill(`Bearer ${accessToken}`));
      expect(tokens.at(-1)).toBe(`Bearer ${auth.fresh()?.accessToken}`);
    },
  );

  test.for(['challenge401', 'code200', 'resolver200', 'empty401'] as const)(
    'B96 a batch that is refused as %s is renewed once and sent once more, as a batch',
    async shape => {
      const batch = new BatchHttpLink({ uri: server.url, batchInterval: 1_000, batchMax: 3 }); // sent as soon as it is full
      const batching = client(authLink(auth), batch);
      server.refuseAs(shape);
      server.expireNow();
      const documents = [1, 2, 3].map(n => gql(`{ items(first: ${n}) { id } }`));
      const results = await Promise.all(documents.map(document => batching.query({ ...query, query: document })));
      expect(results.map(({ data }) => (data as { items: unknown[] }).items.length)).toEqual([1, 2, 3]);
      expect(operations()).toHaveLength(2);
      expect(server.stats().tokenRequests.refresh).toBe(1);
    },
  );

  test.for(['before', 'after'])(
    'B97 persisted queries work %s it, hash first and then the document, also with an expired token',
    async place => {
      const sha256 = async (document: string) =>
        Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(document))).toString('hex');
      const hashing = new PersistedQueryLink({ sha256 });
      const chain = place === 'after' ? [authLink(auth), hashing] : [hashing, authLink(auth)];
      const persisted = client(...chain, http());
      server.expireNow();
      expect(await persisted.query(query)).toMatchObject(good());
      expect(await persisted.query(query)).toMatchObject(good());
      expect(server.stats().tokenRequests.refresh).toBe(1);
      expect(operations().at(-1)?.body).not.toContain('"query"');
    },
  );

  test('B82 a 401 that is a result, not an error, is recognised by its status alone', async () => {
    const expired = { errors: [{ message: 'jwt expired' }] };
    const headers = { 'content-type': 'application/graphql-response+json' };
    const answers = [new Response(JSON.stringify(expired), { status: 401, headers }), Response.json(good())];
    const answering = new HttpLink({ uri: server.url, fetch: async () => answers.shift() ?? Response.error() });
    expect(await client(authLink(auth), answering).query(query)).toMatchObject(good());
    expect(answers).toEqual([]);
  });

  test('B86 a next link that throws synchronously fails the operation', async () => {
    const throwing = new ApolloLink((): Observable<ApolloLink.Result> => {
      throw new Error('The link failed.');
    });
    await expect(client(authLink(auth), throwing).query(query)).rejects.toThrow('The link failed.');
  });

  describe('with the caller’s signal', () => {
    test('already aborted, nothing is sent', async () => {
      const signal = AbortSignal.abort();
      const context = { fetchOptions: { signal } };
      const result = client(authLink(auth), http()).query({ ...query, context });
      await expect(result).rejects.toBe(signal.reason);
      expect(operations()).toHaveLength(0);
    });

    test('aborted during the renewal, the operation is not retried, and the renewal continues', async () => {
      const controller = new AbortController();
      server.expireNow();
      const release = server.holdTokenRequests();
      const requested = server.next('tokenRequest');
      const context = { fetchOptions: { signal: controller.signal } };
      const result = client(authLink(auth), http()).query({ ...query, context });
      await requested;
      controller.abort();
      await expect(result).rejects.toBe(controller.signal.reason);
      const renewed = new Promise(resolve => auth.on('renewed', resolve));
      release();
      await renewed;
      expect(operations()).toHaveLength(1);
    });
  });

  test('equal queries at the same time share one operation of the link and one retry', async () => {
    const sharing = client(authLink(auth), http());
    server.expireNow();
    await Promise.all([sharing.query(query), sharing.query(query), sharing.query(query)]);
    expect(operations()).toHaveLength(2);
  });
});

describe('results that only Apollo Client has', () => {
  const refused = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };
  const named = (name: string) => ({ data: { me: { name } } });

  /** A terminating link that answers each attempt with the next stream. */
  function answering(...streams: Observable<ApolloLink.Result>[]) {
    const tokens: unknown[] = [];
    const link = new ApolloLink(({ getContext }) => {
      tokens.push(getContext().headers?.authorization);
      return streams[tokens.length - 1] ?? EMPTY;
    });
    return { link, tokens };
  }

  async function run(document: string, ...streams: Observable<ApolloLink.Result>[]) {
    let renewals = 0;
    const auth = createTokenManager({ renew: () => `token-${++renewals}` });
    await auth.adopt('token-0');
    const { link, tokens } = answering(...streams);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    const results: unknown[] = [];
    await new Promise<void>(resolve => {
      ApolloLink.execute(ApolloLink.from([authLink(auth), link]), { query: gql(document) }, { client }).subscribe({
        next: result => results.push(result),
        error: error => resolve(void results.push(error)),
        complete: resolve,
      });
    });
    return { results, tokens };
  }
  const oldAndNew = ['Bearer token-0', 'Bearer token-1'];

  test('a multipart subscription that is refused in its protocol errors continues with a new token', async () => {
    const protocolErrors = { extensions: { [PROTOCOL_ERRORS_SYMBOL]: new CombinedProtocolErrors([refused]) } };
    const { results, tokens } = await run('subscription { ticks { n } }', of(protocolErrors), of(named('after')));
    expect(tokens).toEqual(oldAndNew);
    expect(results).toEqual([named('after')]);
  });

  test('B94 a refused deferred part is delivered, because the first payload was delivered', async () => {
    const part = { incremental: [{ errors: [refused], path: ['me'] }], hasNext: false } as ApolloLink.Result;
    const { results, tokens } = await run(
      '{ me { name } }',
      of({ ...named('first'), hasNext: true } as ApolloLink.Result, part),
    );
    expect(tokens).toHaveLength(1);
    expect(results).toHaveLength(2);
  });

  test('B94 a query whose first payload is refused is retried, and only the good stream is delivered', async () => {
    const first = { data: null, errors: [refused], hasNext: false } as ApolloLink.Result;
    const { results, tokens } = await run('{ me { name } }', of(first), of(named('good')));
    expect(tokens).toEqual(oldAndNew);
    expect(results).toEqual([named('good')]);
  });

  test('B93 the old stream is closed before the new one opens, and its late events are not delivered', async () => {
    const old = new Subject<ApolloLink.Result>();
    let wasObserved: boolean | undefined;
    const next = defer(() => {
      wasObserved = old.observed;
      old.next(named('late'));
      return of(named('new'));
    });
    const running = run('subscription { ticks { n } }', old, next);
    await expect.poll(() => old.observed).toBe(true);
    old.next({ data: null, errors: [refused] });
    const { results } = await running;
    expect(wasObserved).toBe(false);
    expect(results).toEqual([named('new')]);
  });
});
