import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { authLink } from '@latchkey/apollo';
import {
  createTokenManager,
  headerReceiver,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
} from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';
import { retryExchange } from '@urql/exchange-retry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adapters } from './adapters.ts';
import { signedIn } from './signedIn.ts';

const url = 'http://127.0.0.1/graphql';

async function managerOf(options: TokenManagerOptions = {}): Promise<TokenManager> {
  let renewals = 0;
  const auth = createTokenManager({ renew: () => `token-${++renewals}`, ...options });
  await auth.adopt('token-0');
  return auth;
}

test.for(adapters)(
  'B104 $name: a token in the refusal is not adopted when the retry gets no response',
  async adapter => {
    const auth = await managerOf({ receive: headerReceiver(headers => headers.get('x-token')) });
    let sent = 0;
    const failing: typeof fetch = async () => {
      if (++sent === 1) return Response.json({ errors: [] }, { status: 401, headers: { 'x-token': 'of-the-refusal' } });
      throw new TypeError('fetch failed');
    };
    const { error } = await adapter.connect(auth, { url, fetch: failing }).run('{ n }');
    expect(error).toBeDefined();
    expect(sent).toBe(2);
    expect(auth.fresh()?.accessToken).toBe('token-1');
  },
);

describe.for([
  ['to an origin that is not listed', { uri: 'http://other.example/graphql' }, undefined],
  ['anonymous', { auth: 'omit' }, undefined],
  ['with the caller’s token', { headers: { authorization: 'Bearer of-the-caller' } }, 'Bearer of-the-caller'],
] as const)('when a link before authLink makes the second attempt %s', ([, change, authorization]) => {
  test('no header of the first attempt is sent', async () => {
    const auth = await managerOf({
      headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, 'x-api-key': 'the key' }),
    });
    const seen: Headers[] = [];
    const failing: typeof fetch = async (_, init) => {
      seen.push(new Headers(init?.headers));
      if (seen.length === 1) throw new TypeError('fetch failed');
      return Response.json({ data: { n: 1 } });
    };
    const changing = new ApolloLink((operation, forward) => {
      operation.setContext({ uri: url, ...(seen.length > 0 && change) });
      return forward(operation);
    });
    const retry = new RetryLink({ delay: { initial: 1 } });
    const http = new HttpLink({ fetch: failing });
    const link = ApolloLink.from([retry, changing, authLink(auth, { origins: [url] }), http]);
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    expect(await client.query({ query: gql`{ n }` })).toMatchObject({ data: { n: 1 } });
    expect(seen[0]?.get('x-api-key')).toBe('the key');
    expect([seen[1]?.get('authorization') ?? undefined, seen[1]?.get('x-api-key')]).toEqual([authorization, null]);
  });
});

test.for(['retryExchange', 'RetryLink'])(
  'B103 a mutation that %s sends again through two adapters has the header, and the session, of each manager',
  async name => {
    const ofGateway = await managerOf({ headers: ({ accessToken }) => ({ 'x-gateway': accessToken }) });
    const ofUser = await managerOf();
    const seen: unknown[] = [];
    const failing: typeof fetch = async (_, init) => {
      const headers = new Headers(init?.headers);
      seen.push([headers.get('x-gateway'), headers.get('authorization'), init?.redirect]);
      if (seen.length === 1) throw new TypeError('fetch failed');
      return Response.json({ data: { n: 1 } });
    };
    if (name === 'retryExchange') {
      const retry = retryExchange({ initialDelayMs: 1, maxNumberAttempts: 2 });
      const exchanges = [retry, authExchange(ofGateway), authExchange(ofUser), fetchExchange];
      const client = new Client({ url, exchanges, fetch: failing });
      expect(await client.mutation('mutation { n }', {}).toPromise()).toMatchObject({ data: { n: 1 } });
    } else {
      const retry = new RetryLink({ delay: { initial: 1 } });
      const http = new HttpLink({ uri: url, fetch: failing });
      const link = ApolloLink.from([retry, authLink(ofGateway), authLink(ofUser), http]);
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      expect(await client.mutate({ mutation: gql`mutation { n }` })).toMatchObject({ data: { n: 1 } });
    }
    expect(seen).toEqual(Array(2).fill(['token-0', 'Bearer token-0', 'error']));
  },
);

describe('B103 a later attempt of a link before ours belongs to the session of the first', () => {
  const addItem = 'mutation { addItem(title: "of A") { id owner } }';
  let server: Oli;
  let auth: TokenManager;

  beforeEach(async () => {
    server = await startOli();
    auth = await signedIn(server);
  });
  afterEach(async () => {
    auth.dispose();
    await server.close();
  });

  interface Retrying {
    readonly name: string;
    /** Attempts the mutation again after any error without a response, as by default. */
    run(fetcher: typeof fetch): Promise<{ readonly error?: unknown }>;
  }

  const clients: readonly Retrying[] = [
    {
      name: 'RetryLink',
      run(fetcher) {
        const http = new HttpLink({ uri: server.url, fetch: fetcher });
        const retry = new RetryLink({ delay: { initial: 1 } });
        const client = new ApolloClient({
          cache: new InMemoryCache(),
          link: ApolloLink.from([retry, authLink(auth), http]),
        });
        return client.mutate({ mutation: gql(addItem) }).then(
          () => ({}),
          error => ({ error }),
        );
      },
    },
    {
      name: 'retryExchange',
      async run(fetcher) {
        const retry = retryExchange({ initialDelayMs: 1, maxNumberAttempts: 4 });
        const client = new Client({
          url: server.url,
          exchanges: [retry, authExchange(auth), fetchExchange],
          fetch: fetcher,
        });
        const { error } = await client.mutation(addItem, {}).toPromise();
        return { error: error?.networkError };
      },
    },
  ];

  async function changeUser(): Promise<void> {
    const [, { username, password }] = server.users;
    await auth.signOut();
    await auth.signIn({ username, password });
  }

  test.for(clients)('$name: fails with signedOut when another user signs in before the refusal', async ({ run }) => {
    server.expireNow();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const result = run(fetch);
    await arrived;
    await changeUser();
    release();
    expect((await result).error).toSatisfy(error => TokenError.is(error) && error.code === 'signedOut');
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test.for(clients)('$name: fails with signedOut when another user signs in after a network error', async ({ run }) => {
    let sent = 0;
    const { error } = await run(async (input, init) => {
      if (++sent > 1) return fetch(input, init);
      await changeUser();
      throw new TypeError('fetch failed');
    });
    expect(error).toSatisfy(error => TokenError.is(error) && error.code === 'signedOut');
    expect(sent).toBe(1);
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test.for(clients)('$name: sends nothing anonymously after the session has expired', async ({ run }) => {
    server.revoke();
    let sent = 0;
    const { error } = await run((input, init) => {
      sent++;
      return fetch(input, init);
    });
    expect(error).toSatisfy(TokenError.is);
    expect(sent).toBe(1);
  });

  test.for(clients)('$name: is executed when the token was renewed after a network error', async ({ run }) => {
    let sent = 0;
    const { error } = await run(async (input, init) => {
      if (++sent > 1) return fetch(input, init);
      await auth.renew();
      throw new TypeError('fetch failed');
    });
    expect(error).toBeUndefined();
    expect(server.stats().mutationsExecuted).toBe(1);
  });
});
