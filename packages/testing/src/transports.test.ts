import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQL17Alpha2Handler } from '@apollo/client/incremental';
import { authLink } from '@latchkey/apollo';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange, type OperationResult } from '@urql/core';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { describe, expect, test } from 'vitest';
import { pipe, subscribe } from 'wonka';
import { startTransports } from './startTransports.ts';

describe('B94 incremental delivery', () => {
  const inParts = [
    ['{ fast ... @defer { slow } }', { fast: 'fast', slow: 'slow' }],
    ['{ letters @stream }', { letters: ['a', 'b', 'c'] }],
  ] as const;

  test.for(inParts)('%s is retried when it is refused at its start, through Apollo Client', async ([query, whole]) => {
    await using server = await startTransports();
    server.expireToken();
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      incrementalHandler: new GraphQL17Alpha2Handler(),
      link: ApolloLink.from([authLink(server.auth), new HttpLink({ uri: server.url })]),
    });
    const { data } = await client.query({ query: gql(query) });
    expect(data).toMatchObject(whole);
    expect(server.renewals()).toBe(1);
  });

  test.for(inParts)('%s is retried when it is refused at its start, through urql', async ([query, whole]) => {
    await using server = await startTransports();
    server.expireToken();
    const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
    const results: OperationResult[] = [];
    await new Promise<void>(resolve => {
      pipe(
        client.query(query, {}),
        subscribe(result => {
          results.push({ ...result });
          if (!result.hasNext) resolve(); // without an unsubscribe: urql's fetch throws when it is torn down while it emits
        }),
      );
    });
    expect(results.at(-1)).toMatchObject({ hasNext: false });
    expect(results.map(({ error }) => error).filter(Boolean)).toEqual([]);
    expect(results.at(-1)?.data).toMatchObject(whole);
    expect(server.renewals()).toBe(1);
  });
});

describe('B95 uploads', () => {
  const mutation = 'mutation ($file: File!) { upload(file: $file) }';
  const file = () => new File(['in a file'], 'a.txt', { type: 'text/plain' });

  test('a file is sent again in the retry, through urql', async () => {
    await using server = await startTransports();
    server.expireToken();
    const client = new Client({ url: server.url, exchanges: [authExchange(server.auth), fetchExchange] });
    const { data, error } = await client.mutation(mutation, { file: file() }).toPromise();
    expect(error).toBeUndefined();
    expect(data).toEqual({ upload: 'a.txt: in a file' });
    expect(server.executed).toHaveLength(1);
  });

  test('a file is sent again in the retry, through Apollo Client', async () => {
    await using server = await startTransports();
    server.expireToken();
    const link = ApolloLink.from([authLink(server.auth), new UploadHttpLink({ uri: server.url })]);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    const { data } = await client.mutate({ mutation: gql(mutation), variables: { file: file() } });
    expect(data).toEqual({ upload: 'a.txt: in a file' });
    expect(server.executed).toHaveLength(1);
  });

  test('a file is sent again in the retry, through fetch', async () => {
    await using server = await startTransports();
    server.expireToken();
    const body = new FormData();
    body.set('operations', JSON.stringify({ query: mutation, variables: { file: null } }));
    body.set('map', JSON.stringify({ 0: ['variables.file'] }));
    body.set('0', file());
    const response = await authFetch(server.auth, { mutations: 'safe' })(server.url, { method: 'POST', body });
    expect(await response.json()).toEqual({ data: { upload: 'a.txt: in a file' } });
    expect(server.executed).toHaveLength(1);
  });
});
