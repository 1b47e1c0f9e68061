import { createRequire } from 'node:module';
import {
  ApolloClient,
  ApolloError,
  ApolloLink,
  gql,
  HttpLink,
  InMemoryCache,
  Observable,
} from '@apollo/client/core/index.js';
import { BatchHttpLink } from '@apollo/client/link/batch-http/index.js';
import { onError } from '@apollo/client/link/error/index.js';
import { RetryLink } from '@apollo/client/link/retry/index.js';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions/index.js';
import { authLink } from '@latchkey/apollo/v3';
import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import type { AdapterOptions } from '@latchkey/core/adapter';
import { createClient } from 'graphql-ws-6';
import { expect, inject, test, vi } from 'vitest';
import { type Server, startServer } from './startServer.ts';
import { startTransports } from './startTransports.ts';

const query = gql`{ n }`;
const refusal = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };
const json = { 'content-type': 'application/json' };

/** Starts a server that refuses the first token with this body. */
const start = (status: number, body: unknown) =>
  startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(isRefused ? status : 200, json);
    response.end(JSON.stringify(isRefused ? body : { data: { n: 1 } }));
  });

const clientOf = (...links: ApolloLink[]) =>
  new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from(links) });
const connect = ({ auth, url }: Server, options?: AdapterOptions) =>
  clientOf(authLink(auth, options), new HttpLink({ uri: url }));

const own = { ApolloClient, ApolloLink, HttpLink, InMemoryCache };
const directory = inject('versions').includes('3.11') ? 'apollo-client-3-11' : 'apollo-client-3-14';
/** The CommonJS copy of the client, whose classes and symbols are its own. */
const other: typeof own = createRequire(import.meta.url)(`${directory}/core`);
const copies = [
  ['of the link’s copy', own],
  ['of the CommonJS copy', other],
] as const;

/** The kinds of events that the manager emits. */
function eventsOf(auth: TokenManager): string[] {
  const events: string[] = [];
  for (const name of ['refused', 'forbidden', 'retried'] as const) auth.on(name, () => void events.push(name));
  return events;
}

// HttpLink of version 3 emits such an answer as a result, and then its error.
const partial = { data: { n: null, m: 1 }, errors: [{ ...refusal, path: ['n'] }] };

test('B107 a 401 with data and errors is one good answer', async () => {
  await using server = await start(401, partial);
  const { data, error } = await connect(server).query({ query });
  expect(error).toBeUndefined();
  expect(data).toEqual({ n: 1 });
  expect(server.sent).toEqual(['token-0', 'token-1']);
});

test.for([
  [401, 'never', ['refused']],
  [403, 'safe', ['forbidden']],
] as const)(
  'B107 a %i with data and errors that is delivered is judged once, mutations: %s',
  async ([status, mutations, expected]) => {
    await using server = await start(status, partial);
    const events = eventsOf(server.auth);
    const client = connect(server, { mutations });
    await expect(client.mutate({ mutation: gql`mutation { n m }` })).rejects.toBeInstanceOf(ApolloError);
    expect(events).toEqual(expected);
    expect(server.sent).toEqual(['token-0']);
  },
);

test('B86 a failed renewal is the networkError and the cause of the ApolloError', async () => {
  const auth = createTokenManager({ renew: () => null });
  await auth.adopt('token-0');
  await using server = await start(401, partial);
  const error: unknown = await connect({ ...server, auth })
    .query({ query })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApolloError);
  const { networkError, cause } = error as ApolloError;
  expect(networkError).toMatchObject({ code: 'sessionExpired', refusal: { status: 401, messages: ['x'] } });
  expect(TokenError.is(networkError)).toBe(true);
  expect(cause).toBe(networkError);
});

test('B108 an onError link sees a refusal that the retry resolves only after authLink', async () => {
  await using server = await start(401, { errors: [refusal] });
  const http = new HttpLink({ uri: server.url });
  const seen: string[] = [];
  const watching = (place: string) => onError(() => void seen.push(place));
  const client = clientOf(watching('before'), authLink(server.auth), watching('after'), http);
  expect((await client.query({ query })).data).toEqual({ n: 1 });
  expect(seen).toEqual(['after']);
});

test('B108 each attempt of a RetryLink before it has the current token', async () => {
  let attempts = 0;
  await using server = await startServer(({ headers }, response) => {
    if (++attempts === 1) return response.destroy();
    const isRefused = headers.authorization === 'Bearer token-0';
    return response
      .writeHead(isRefused ? 401 : 200, json)
      .end(JSON.stringify(isRefused ? { errors: [refusal] } : { data: { n: 1 } }));
  });
  const retry = new RetryLink({ delay: { initial: 1 }, attempts: { retryIf: error => !TokenError.is(error) } });
  const client = clientOf(retry, authLink(server.auth), new HttpLink({ uri: server.url }));
  expect((await client.query({ query })).data).toEqual({ n: 1 });
  expect(server.sent).toEqual(['token-0', 'token-0', 'token-1']);
});

test('B96 a refused batch is renewed once and sent once more, as a batch', async () => {
  await using server = await startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    const answer = isRefused ? { errors: [refusal] } : { data: { n: 1 } };
    response.writeHead(isRefused ? 401 : 200, json).end(JSON.stringify([answer, answer]));
  });
  const batch = new BatchHttpLink({ uri: server.url, batchMax: 2, batchInterval: 1_000 }); // sent as soon as it is full
  const client = clientOf(authLink(server.auth), batch);
  const results = await Promise.all([query, gql`query Other { n }`].map(document => client.query({ query: document })));
  expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(server.sent).toEqual(['token-0', 'token-1']);
});

test.for(copies)('B93 a multipart subscription that the router refuses is one stream, client %s', async ([, copy]) => {
  const part = (body: object) => `--graphql\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(body)}\r\n`;
  await using server = await startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    response.writeHead(200, { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' });
    const first = isRefused ? { payload: null, errors: [refusal] } : { payload: { data: { n: 1 } } };
    response.end(`\r\n${part(first)}--graphql--\r\n`);
  });
  const link = copy.ApolloLink.from([authLink(server.auth), new copy.HttpLink({ uri: server.url })]);
  const client = new copy.ApolloClient({ cache: new copy.InMemoryCache(), link });
  const results: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    client
      .subscribe({ query: gql`subscription { n }` })
      .subscribe({ next: ({ data }) => void results.push(data), error: reject, complete: resolve });
  });
  expect(results).toEqual([{ n: 1 }]);
  expect(server.renewals()).toBe(1);
});

test('B93 a subscription over a socket that is refused is renewed and resubscribed', async () => {
  await using server = await startTransports();
  const connectionParams = async () => ({ authorization: `Bearer ${(await server.auth.get())?.accessToken}` });
  const sockets = createClient({ url: server.socketUrl, connectionParams });
  const client = clientOf(authLink(server.auth), new GraphQLWsLink(sockets as never));
  server.refuseOnce();
  const results: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    client
      .subscribe({ query: gql`subscription { count(to: 2) }` })
      .subscribe({ next: ({ data }) => void results.push(data), error: reject, complete: resolve });
  });
  expect(results).toEqual([{ count: 1 }, { count: 2 }]);
  expect(server.renewals()).toBe(1);
  await sockets.dispose();
});

test('B82 a refusal that a GraphQLWsLink emits as the graphQLErrors of an ApolloError is renewed', async () => {
  await using server = await start(200, {});
  const refusing = new ApolloLink(
    (operation, forward) =>
      new Observable(observer => {
        const { authorization } = operation.getContext().headers;
        if (authorization !== 'Bearer token-0') return forward(operation).subscribe(observer);
        observer.error(new ApolloError({ graphQLErrors: [refusal] }));
      }),
  );
  const client = clientOf(authLink(server.auth), refusing, new HttpLink({ uri: server.url }));
  expect((await client.query({ query })).data).toEqual({ n: 1 });
  expect(server.sent).toEqual(['token-1']);
});

test('B107 a client of the CommonJS copy of Apollo Client works with the link', async () => {
  expect(other.ApolloLink).not.toBe(ApolloLink);
  await using server = await start(401, { errors: [refusal] });
  const link = other.ApolloLink.from([authLink(server.auth), new other.HttpLink({ uri: server.url })]);
  const client = new other.ApolloClient({ cache: new other.InMemoryCache(), link });
  expect((await client.query({ query })).data).toEqual({ n: 1 });
  expect(server.renewals()).toBe(1);
});

test.for([true, false])('an operation reaches the next link synchronously, signed in: %s', async isSignedIn => {
  const auth = createTokenManager({ renew: () => null });
  if (isSignedIn) await auth.adopt('A0');
  const sent: unknown[] = [];
  const end = new ApolloLink(operation => {
    sent.push(operation.getContext().headers);
    return Observable.of({ data: { n: 1 } });
  });
  const observable = ApolloLink.execute(authLink(auth).concat(end), { query });
  const result = new Promise(resolve => observable.subscribe(resolve));
  expect(sent).toEqual([isSignedIn ? { authorization: 'Bearer A0' } : undefined]);
  expect(await result).toEqual({ data: { n: 1 } });
});

test('B100 two subscriptions to one observable are two operations', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await using server = await start(200, { errors: [refusal] });
  const observable = ApolloLink.execute(connect(server).link, { query });
  const first = () => new Promise((resolve, reject) => observable.subscribe({ next: resolve, error: reject }));
  expect(await Promise.all([first(), first()])).toEqual([{ data: { n: 1 } }, { data: { n: 1 } }]);
  expect(server.sent).toEqual(['token-0', 'token-0', 'token-1', 'token-1']);
  expect(warnings.mock.calls).toEqual([]);
});
