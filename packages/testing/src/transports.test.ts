import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQL17Alpha2Handler } from '@apollo/client/incremental';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { authLink } from '@latchkey/apollo';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange, type OperationResult, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws-6';
import { describe, expect, test } from 'vitest';
import { pipe, subscribe } from 'wonka';
import { startTransports, type Transports } from './startTransports.ts';

const count = 'subscription { count(to: 3) }';

function socketsOf({ socketUrl, auth }: Transports) {
  const connectionParams = async () => {
    const tokens = await auth.get();
    return tokens ? auth.headers(tokens) : {};
  };
  return createClient({ url: socketUrl, retryAttempts: 0, connectionParams });
}

describe.for([0, 1])('B93 a subscription over graphql-ws that is refused %i times', times => {
  const prepare = (server: Transports) => {
    if (times > 0) server.refuseOnce();
    return times;
  };

  test('is one stream through GraphQLWsLink', async () => {
    await using server = await startTransports();
    const renewals = prepare(server);
    const sockets = socketsOf(server);
    const link = ApolloLink.from([authLink(server.auth), new GraphQLWsLink(sockets)]);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    const heard: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      client.subscribe({ query: gql(count) }).subscribe({
        next: ({ data, error }) => heard.push(error ?? data),
        error: reject,
        complete: resolve,
      });
    });
    expect(heard).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    expect(server.renewals()).toBe(renewals);
    await sockets.dispose();
  });

  test('is one stream through subscriptionExchange', async () => {
    await using server = await startTransports();
    const renewals = prepare(server);
    const sockets = socketsOf(server);
    const transport = subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: sink => ({ unsubscribe: sockets.subscribe({ query, variables: variables ?? {} }, sink as never) }),
      }),
    });
    const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), transport] });
    const heard: unknown[] = [];
    await new Promise<void>(resolve => {
      pipe(
        client.subscription(count, {}),
        subscribe(({ data, error, hasNext }) => {
          if (hasNext) heard.push(error ?? data);
          if ((data as { count: number } | undefined)?.count === 3) resolve();
        }),
      );
    });
    expect(heard).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    expect(server.renewals()).toBe(renewals);
    await sockets.dispose();
  });
});

describe('B94 incremental delivery', () => {
  const deferred = '{ fast ... @defer { slow } }';

  test('a deferred query that is refused at its start is repeated, and arrives in its parts, through Apollo Client', async () => {
    await using server = await startTransports();
    server.kill();
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      incrementalHandler: new GraphQL17Alpha2Handler(),
      link: ApolloLink.from([authLink(server.auth), new HttpLink({ uri: server.url })]),
    });
    const { data } = await client.query({ query: gql(deferred) });
    expect(data).toMatchObject({ fast: 'fast', slow: 'slow' });
    expect(server.renewals()).toBe(1);
  });

  test.for([deferred, '{ letters @stream }'])(
    '%s is repeated when it is refused at its start, through urql',
    async query => {
      await using server = await startTransports();
      server.kill();
      const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
      const results: OperationResult[] = [];
      await new Promise<void>(resolve => {
        pipe(
          client.query(query, {}),
          subscribe(result => {
            results.push({ ...result });
            if (!result.hasNext) resolve(); // not left here: urql's fetch throws when it is left from within an answer
          }),
        );
      });
      expect(results.at(-1)).toMatchObject({ hasNext: false });
      expect(results.map(({ error }) => error).filter(Boolean)).toEqual([]);
      expect(results.at(-1)?.data).toMatchObject(
        query === deferred ? { fast: 'fast', slow: 'slow' } : { letters: ['a', 'b', 'c'] },
      );
      expect(server.renewals()).toBe(1);
    },
  );
});

describe('B95 uploads', () => {
  const mutation = 'mutation ($file: File!) { upload(file: $file) }';
  const file = () => new File(['in a file'], 'a.txt', { type: 'text/plain' });

  test('a file is sent again after a refusal, through urql', async () => {
    await using server = await startTransports();
    server.kill();
    const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
    const { data, error } = await client.mutation(mutation, { file: file() }).toPromise();
    expect(error).toBeUndefined();
    expect(data).toEqual({ upload: 'a.txt: in a file' });
    expect(server.executed).toHaveLength(1);
  });

  test('a file is sent again after a refusal, through fetch', async () => {
    await using server = await startTransports();
    server.kill();
    const body = new FormData();
    body.set('operations', JSON.stringify({ query: mutation, variables: { file: null } }));
    body.set('map', JSON.stringify({ 0: ['variables.file'] }));
    body.set('0', file());
    const response = await authFetch(server.auth, { mutations: 'safe' })(server.url, { method: 'POST', body });
    expect(await response.json()).toEqual({ data: { upload: 'a.txt: in a file' } });
    expect(server.executed).toHaveLength(1);
  });
});
