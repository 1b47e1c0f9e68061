import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { authExchange } from '@latchkey/urql';
import { Client, cacheExchange, type Exchange, makeResult, type Operation } from '@urql/core';
import { of } from 'rxjs';
import { expect, test } from 'vitest';
import { filter, map, pipe, subscribe } from 'wonka';

const me = '{ me { name } }';
const data = { me: { __typename: 'User', name: 'Mara' } };

function manager(isSignedIn: boolean): TokenManager {
  const auth = createTokenManager({ renew: () => null });
  if (isSignedIn) void auth.adopt('A0');
  return auth;
}

test.for([true, false])('an Apollo operation reaches the next link synchronously, signed in: %s', isSignedIn => {
  const auth = manager(isSignedIn);
  const sent: ApolloLink.Operation[] = [];
  const end = new ApolloLink(operation => {
    sent.push(operation);
    return of({ data });
  });
  const client = new ApolloClient({ cache: new InMemoryCache(), link: end });
  let received: unknown;
  const operation = ApolloLink.execute(ApolloLink.from([authLink(auth), end]), { query: gql(me) }, { client });
  operation.subscribe(result => {
    received = result.data;
  });
  expect(received).toEqual(data);
  expect(sent.map(({ getContext }) => getContext().headers)).toEqual([
    isSignedIn ? { authorization: 'Bearer A0' } : undefined,
  ]);
});

/** An exchange that answers synchronously. */
const answering =
  (sent: Operation[]): Exchange =>
  () =>
  operations$ =>
    pipe(
      operations$,
      filter(({ kind }) => kind !== 'teardown'),
      map(operation => {
        sent.push(operation);
        return makeResult(operation, { data });
      }),
    );

test.for([true, false])('a urql operation reaches the next exchange synchronously, signed in: %s', isSignedIn => {
  const sent: Operation[] = [];
  const client = new Client({
    url: 'http://127.0.0.1',
    exchanges: [authExchange(manager(isSignedIn)), answering(sent)],
  });
  let received: unknown;
  pipe(
    client.query(me, {}),
    subscribe(result => {
      received = result.data;
    }),
  );
  expect(received).toEqual(data);
  expect(sent.map(({ context }) => context.fetchOptions)).toEqual([
    isSignedIn ? { headers: { authorization: 'Bearer A0' } } : undefined,
  ]);
});

test('readQuery of urql answers from the cache before the exchange', () => {
  const sent: Operation[] = [];
  const exchanges = [cacheExchange, authExchange(manager(true)), answering(sent)];
  const client = new Client({ url: 'http://127.0.0.1', exchanges });
  expect(client.readQuery(me, {})?.data).toEqual(data);
  expect(client.readQuery(me, {})?.data).toEqual(data);
  expect(sent).toHaveLength(1);
});

test('the operation of a urql result has no trace of the attempt', () => {
  const sent: Operation[] = [];
  const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(manager(true)), answering(sent)] });
  const { operation } = client.readQuery(me, {}) ?? {};
  expect(operation?.context).not.toHaveProperty('latchkey');
  expect(operation?.context.fetchOptions).toBeUndefined();
});
