import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, version } from '@apollo/client';
import { ServerError } from '@apollo/client/errors';
import { RetryLink } from '@apollo/client/link/retry';
import { authLink } from '@latchkey/apollo';
import { createTokenManager } from '@latchkey/core';
import { lastValueFrom, Observable, of, toArray } from 'rxjs';
import { expect, test, vi } from 'vitest';
import { type Server, startServer } from './startServer.ts';

const query = gql`{ n }`;
const refused = { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] };

/** Starts a server that accepts every token but the first. */
const start = () =>
  startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isRefused ? refused : { data: { n: 1 } }));
  });

function connect({ auth }: Server, transport: ApolloLink) {
  const link = ApolloLink.from([authLink(auth), transport]);
  return new ApolloClient({ cache: new InMemoryCache(), link });
}

const firstResult = (observable: Observable<ApolloLink.Result>) =>
  new Promise((resolve, reject) => observable.subscribe({ next: resolve, error: reject }));

test('runs under Apollo Client 4', async () => {
  await using server = await start();
  expect(version).toMatch(/^4\./);
  const { data } = await connect(server, new HttpLink({ uri: server.url })).query({ query });
  expect(data).toEqual({ n: 1 });
});

test('the observable is cold: nothing is forwarded before a subscription', async () => {
  await using server = await start();
  const forwarded: unknown[] = [];
  const http = new HttpLink({ uri: server.url });
  const client = connect(
    server,
    new ApolloLink((operation, forward) => {
      forwarded.push(operation);
      return forward(operation);
    }).concat(http),
  );
  const observable = ApolloLink.execute(client.link, { query }, { client });
  expect(forwarded).toEqual([]);
  expect(await firstResult(observable)).toEqual({ data: { n: 1 } });
  expect(forwarded).toHaveLength(2); // the refused attempt and the retry
});

test('two subscriptions to one observable share its context and are two operations', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await using server = await start();
  const client = connect(server, new HttpLink({ uri: server.url }));
  const observable = ApolloLink.execute(client.link, { query }, { client });
  const results = await Promise.all([firstResult(observable), firstResult(observable)]);
  expect(results).toEqual([{ data: { n: 1 } }, { data: { n: 1 } }]);
  expect(server.sent).toEqual(['token-0', 'token-0', 'token-1', 'token-1']);
  expect(server.renewals()).toBe(1);
  expect(warnings.mock.calls).toEqual([]); // the headers of the other operation are not those of another link
});

test.for([
  [undefined, [undefined, 'no-store']],
  ['force-cache', ['force-cache', 'no-store']], // the HTTP cache may hold the refusal
] as const)(
  'B106 the retry of a GET bypasses the HTTP cache, and B100 the next subscription starts afresh: %s',
  async ([cache, caches]) => {
    await using server = await start();
    const seen: unknown[] = [];
    const watching: typeof fetch = (input, init) => {
      seen.push(init?.cache);
      return fetch(input, init);
    };
    const client = connect(server, new HttpLink({ uri: server.url, useGETForQueries: true, fetch: watching }));
    const context = { fetchOptions: { keepalive: true, ...(cache && { cache }) } };
    const observable = ApolloLink.execute(client.link, { query, context }, { client });
    expect(await firstResult(observable)).toEqual({ data: { n: 1 } });
    expect(seen).toEqual(caches);
    expect(await firstResult(observable)).toEqual({ data: { n: 1 } });
    expect(seen).toEqual([...caches, cache]);
  },
);

test.for(['Authorization', 'authorization', 'AUTHORIZATION'])(
  'the token replaces the header %s in the options of HttpLink',
  async name => {
    await using server = await start();
    const client = connect(server, new HttpLink({ uri: server.url, headers: { [name]: 'Bearer old' } }));
    await client.query({ query });
    expect(server.sent).toEqual(['token-0', 'token-1']);
  },
);

test('an error of another copy of Apollo Client is recognised', async () => {
  await using server = await start();
  const { resolve } = createRequire(import.meta.url);
  const errors: { ServerError: typeof ServerError } = await import(
    join(dirname(resolve('@apollo/client/errors')), '../__cjs/errors/index.cjs')
  );
  expect(errors.ServerError).not.toBe(ServerError);
  const bodyText = JSON.stringify(refused);
  const failing = new ApolloLink(
    ({ getContext }) =>
      new Observable(observer => {
        if (getContext().headers?.authorization !== 'Bearer token-0') observer.next({ data: { n: 1 } });
        else
          observer.error(new errors.ServerError('x', { response: new Response(bodyText, { status: 500 }), bodyText }));
        observer.complete();
      }),
  );
  const { data } = await connect(server, failing).query({ query });
  expect(data).toEqual({ n: 1 });
  expect(server.renewals()).toBe(1);
});

test.for(['incremental', 'completed'])(
  'an error in %s[].errors renews the token, and the query is not retried',
  async place => {
    await using server = await start();
    const part = { [place]: [{ id: '0', path: [], ...refused }], hasNext: false };
    const streaming = new ApolloLink(
      () => of({ data: { n: 1 }, hasNext: true }, part) as Observable<ApolloLink.Result>,
    );
    const client = connect(server, streaming);
    const results = await lastValueFrom(ApolloLink.execute(client.link, { query }, { client }).pipe(toArray()));
    expect(results).toEqual([{ data: { n: 1 }, hasNext: true }, part]);
    await expect.poll(server.renewals).toBe(1); // for later operations
  },
);

test.for(['authorization', 'x-auth'])(
  'B100 fetch options that a link before ours sets for each attempt are sent, with the token in %s',
  async name => {
    let tokens = 0;
    const auth = createTokenManager({
      renew: () => `token-${++tokens}`,
      headers: ({ accessToken }) => ({ [name]: accessToken }),
    });
    await auth.adopt('token-0');
    let attempts = 0;
    const numbering = new ApolloLink((operation, forward) => {
      const integrity = `attempt ${++attempts}`;
      operation.setContext(({ fetchOptions }) => ({ fetchOptions: { ...fetchOptions, integrity } }));
      return forward(operation);
    });
    const seen: unknown[] = [];
    const http = new HttpLink({
      uri: 'http://127.0.0.1/graphql',
      fetch: async (_, init) => {
        seen.push([init?.integrity, init?.cache, init?.redirect]);
        if (seen.length === 2) throw new TypeError('fetch failed');
        return Response.json(seen.length === 1 ? refused : { data: { n: 1 } });
      },
    });
    const retry = new RetryLink({ delay: { initial: 1 }, attempts: { max: 2 } });
    const link = ApolloLink.from([retry, numbering, authLink(auth), http]);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    expect((await client.query({ query })).data).toEqual({ n: 1 });
    const redirect = name === 'x-auth' ? 'error' : undefined;
    expect(seen).toEqual([
      ['attempt 1', undefined, redirect],
      ['attempt 1', 'no-store', redirect],
      ['attempt 2', undefined, redirect],
    ]);
  },
);

test('B108 a link after authLink may write into the headers, which are sent with that operation only', async () => {
  const ids: unknown[] = [];
  await using server = await startServer(({ headers }, response) => {
    ids.push(headers['x-id']);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
  });
  const writing = new ApolloLink((operation, forward) => {
    if (ids.length === 0) (operation.getContext().headers as Record<string, string>)['x-id'] = '1';
    return forward(operation);
  });
  const client = connect(server, writing.concat(new HttpLink({ uri: server.url })));
  for (const document of [query, gql`{ m: n }`])
    expect((await client.query({ query: document, fetchPolicy: 'no-cache' })).data).toEqual({ n: 1 });
  expect(ids).toEqual(['1', undefined]);
  expect(server.sent).toEqual(['token-0', 'token-0']);
});

test.for([
  [
    'an error with a response of plain headers',
    { response: { status: 401, headers: { 'www-authenticate': 'Bearer' } } },
  ],
  ['an error with a response without headers', { response: { status: 401 } }],
  ['an error with a response that is null', { response: null, errors: 'Unauthorized' }],
  ['null', null],
  ['a string', 'Unauthorized'],
] as const)('GQL-07 a terminating link that fails with %s does not hang the operation', async ([, error]) => {
  await using server = await start();
  const isRefusal = error !== null && typeof error === 'object' && error.response !== null;
  const failing = new ApolloLink(
    ({ getContext }) =>
      new Observable(observer => {
        if (getContext().headers?.authorization === 'Bearer token-0') observer.error(error);
        else observer.next({ data: { n: 1 } });
        observer.complete();
      }),
  );
  const outcome = await connect(server, failing)
    .query({ query })
    .catch((thrown: unknown) => thrown);
  if (isRefusal) expect(outcome).toMatchObject({ data: { n: 1 } });
  else expect(outcome).not.toHaveProperty('data.n');
  expect(server.renewals()).toBe(isRefusal ? 1 : 0);
});

test('GQL-07 a terminating link that answers null does not hang the operation', async () => {
  await using server = await start();
  const client = connect(server, new ApolloLink(() => of(null) as never));
  const results = await lastValueFrom(ApolloLink.execute(client.link, { query }, { client }).pipe(toArray()));
  expect(results).toEqual([null]);
});

test('B104 context.uri may be a URL object, which is compared with the origins', async () => {
  await using server = await start();
  await using other = await start();
  const link = ApolloLink.from([authLink(server.auth, { origins: [server.url] }), new HttpLink()]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  for (const { url } of [server, other])
    await client.query({ query, context: { uri: new URL(url) }, fetchPolicy: 'no-cache' });
  expect(server.sent).toEqual(['token-0', 'token-1']);
  expect(other.sent).toEqual([undefined]);
});
