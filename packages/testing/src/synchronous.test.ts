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

test.for([true, false])('an Apollo operation reaches the next link in the same turn, signed in: %s', isSignedIn => {
  const auth = manager(isSignedIn);
  const sent: ApolloLink.Operation[] = [];
  const end = new ApolloLink(operation => {
    sent.push(operation);
    return of({ data });
  });
  const client = new ApolloClient({ cache: new InMemoryCache(), link: end });
  let heard: unknown;
  const operation = ApolloLink.execute(ApolloLink.from([authLink(auth), end]), { query: gql(me) }, { client });
  operation.subscribe(result => {
    heard = result.data;
  });
  expect(heard).toEqual(data);
  expect(sent.map(({ getContext }) => getContext().headers)).toEqual([
    isSignedIn ? { authorization: 'Bearer A0' } : undefined,
  ]);
});

/** A transport that answers in the same turn. */
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

test.for([true, false])('a urql operation reaches the next exchange in the same turn, signed in: %s', isSignedIn => {
  const sent: Operation[] = [];
  const client = new Client({
    url: 'http://127.0.0.1',
    exchanges: [authExchange(manager(isSignedIn)), answering(sent)],
  });
  let heard: unknown;
  pipe(
    client.query(me, {}),
    subscribe(result => {
      heard = result.data;
    }),
  );
  expect(heard).toEqual(data);
  expect(sent.map(({ context }) => context.fetchOptions)).toEqual([
    isSignedIn ? { headers: { authorization: 'Bearer A0' } } : undefined,
  ]);
});

test('urql readQuery answers from the cache in front of the exchange', () => {
  const sent: Operation[] = [];
  const exchanges = [cacheExchange, authExchange(manager(true)), answering(sent)];
  const client = new Client({ url: 'http://127.0.0.1', exchanges });
  expect(client.readQuery(me, {})?.data).toEqual(data);
  expect(client.readQuery(me, {})?.data).toEqual(data);
  expect(sent).toHaveLength(1);
});

test('nothing of an attempt is left in the operation that a urql result carries', () => {
  const sent: Operation[] = [];
  const client = new Client({ url: 'http://127.0.0.1', exchanges: [authExchange(manager(true)), answering(sent)] });
  const { operation } = client.readQuery(me, {}) ?? {};
  expect(operation?.context).not.toHaveProperty('latchkey');
  expect(operation?.context.fetchOptions).toBeUndefined();
});
