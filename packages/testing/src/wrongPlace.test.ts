import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { authExchange } from '@latchkey/urql';
import { Client, cacheExchange, type Exchange, makeResult, ssrExchange } from '@urql/core';
import { of } from 'rxjs';
import { afterEach, expect, test, vi } from 'vitest';
import { filter, map, pipe } from 'wonka';

function manager(): TokenManager {
  const auth = createTokenManager({ renew: () => null });
  void auth.adopt('token');
  return auth;
}

const answering: Exchange = () => operations$ =>
  pipe(
    operations$,
    filter(({ kind }) => kind !== 'teardown'),
    map(operation => makeResult(operation, { data: { n: 1 } })),
  );

/** Reads twice, because warnings are given once. */
function readTwice(exchanges: Exchange[]): void {
  const client = new Client({ url: 'http://127.0.0.1', exchanges });
  expect([client.readQuery('{ n }', {}), client.readQuery('{ n }', {})]).toMatchObject([
    { data: { n: 1 } },
    { data: { n: 1 } },
  ]);
}

const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
afterEach(() => {
  warnings.mockClear();
  vi.unstubAllEnvs();
});
const messages = () => warnings.mock.calls.map(([message]) => message as string);

test('authExchange does not warn in its right place, nor in production', () => {
  readTwice([cacheExchange, authExchange(manager()), answering]);
  vi.stubEnv('NODE_ENV', 'production');
  readTwice([authExchange(manager()), cacheExchange, answering]);
  expect(messages()).toEqual([]);
});

test('authExchange does not warn before ssrExchange', () => {
  const server = ssrExchange({ isClient: false });
  readTwice([server, answering]);
  const restored = ssrExchange({ isClient: true, initialState: server.extractData() });
  readTwice([authExchange(manager()), restored, answering]);
  expect(messages()).toEqual([]);
});

test('authExchange warns once when it is before a cache', () => {
  readTwice([authExchange(manager()), cacheExchange, answering]);
  readTwice([authExchange(manager()), cacheExchange, answering]);
  expect(messages()).toEqual([expect.stringContaining('authExchange stands before a cache')]);
});

test('authLink warns once when a link after it replaces its header', async () => {
  const replacing = new SetContextLink(({ headers }) => ({ headers: { ...headers, authorization: 'Bearer old' } }));
  const refused = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];
  const end = new ApolloLink(() => of({ errors: refused }));
  for (const links of [
    [replacing, authLink(manager())],
    [authLink(manager()), replacing],
    [authLink(manager()), replacing],
  ]) {
    const link = ApolloLink.from([...links, end]);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    const outcome = await client.query({ query: gql`{ n }` }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Error);
  }
  expect(messages()).toEqual([expect.stringContaining('A link behind authLink replaces')]);
});

test('authLink warns when a link after it replaces the header of a later refused operation only', async () => {
  vi.resetModules(); // each warning is given once per process
  const { authLink } = await import('@latchkey/apollo');
  let renewals = 0;
  const auth = createTokenManager({ renew: () => `token-${++renewals}`, cooldownMs: 0 });
  await auth.adopt('token-0');
  const replacing = new SetContextLink(({ headers }, { operationName }) => ({
    headers: operationName === 'Replaced' ? { ...headers, authorization: 'Bearer old' } : headers,
  }));
  const refused = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];
  const end = new ApolloLink(({ getContext }) =>
    of(getContext().headers?.authorization === 'Bearer token-1' ? { data: { n: 1 } } : { errors: refused }),
  );
  const link = ApolloLink.from([authLink(auth), replacing, end]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const fetchPolicy = 'no-cache';
  expect((await client.query({ query: gql`query Intact { n }`, fetchPolicy })).data).toEqual({ n: 1 });
  expect(renewals).toBe(1);
  expect(messages()).toEqual([]);
  await expect(client.query({ query: gql`query Replaced { n }`, fetchPolicy })).rejects.toThrow();
  expect(messages()).toEqual([expect.stringContaining('A link behind authLink replaces')]);
});
