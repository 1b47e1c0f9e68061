import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { authLink } from '@latchkey/apollo';
import { authExchange } from '@latchkey/urql';
import { Client, type Exchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient, type Client as Sockets } from 'graphql-ws-6';
import { describe, expect, test } from 'vitest';
import { filter, pipe, subscribe } from 'wonka';
import type { StreamRefusal } from './createStreams.ts';
import { startTransports, type Transports } from './startTransports.ts';

/** Emits the only field of each event, or an error. Returns the function that unsubscribes. */
type Watch = (document: string, next: (event: unknown) => void) => () => void;
type Connect = (server: Transports, sockets: Sockets) => Watch;

const fieldOf = (data: unknown) => Object.values((data ?? {}) as object)[0] as unknown;

const viaWsLink: Connect = ({ auth }, sockets) => {
  const link = ApolloLink.from([authLink(auth), new GraphQLWsLink(sockets)]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return (document, next) => {
    const subscription = client.subscribe({ query: gql(document) }).subscribe({
      next: ({ data, error }) => next(error ?? fieldOf(data)),
      error: next,
    });
    return () => subscription.unsubscribe();
  };
};

const viaUrql = ({ url, auth }: Transports, transport: Exchange): Watch => {
  const client = new Client({ url, exchanges: [authExchange(auth), transport], fetchSubscriptions: true });
  return (document, next) =>
    pipe(
      client.subscription(document, {}),
      filter(({ hasNext, error }) => hasNext || error !== undefined), // at its end urql emits the last event again
      subscribe(({ data, error }) => next(error ?? fieldOf(data))),
    ).unsubscribe;
};

const viaSubscriptionExchange: Connect = (server, sockets) =>
  viaUrql(
    server,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: sink => ({ unsubscribe: sockets.subscribe({ query, variables: variables ?? {} }, sink as never) }),
      }),
    }),
  );

const overSockets = [
  ['GraphQLWsLink', viaWsLink],
  ['subscriptionExchange', viaSubscriptionExchange],
] as const;
const overHttp = ['fetchExchange', (server: Transports) => viaUrql(server, fetchExchange)] as const;

async function start(connect: Connect) {
  const server = await startTransports();
  const { auth, socketUrl } = server;
  const connectionParams = async () => {
    const tokens = await auth.get();
    return tokens ? auth.headers(tokens) : {};
  };
  const sockets = createClient({ url: socketUrl, retryAttempts: 0, connectionParams });
  return {
    server,
    watch: connect(server, sockets),
    once: (name: 'refused' | 'renewed') => new Promise(resolve => auth.on(name, resolve)),
    /** Invalidates the current token, and refuses open streams. */
    expire(how: StreamRefusal) {
      server.expireToken();
      server.streams.refuse(how);
    },
    async [Symbol.asyncDispose]() {
      await sockets.dispose();
      await server[Symbol.asyncDispose]();
    },
  };
}

test.for(overSockets.flatMap(([name, connect]) => [0, 1].map(times => [name, times, connect] as const)))(
  'B93 a subscription through %s that is refused %i times at its start is one stream',
  async ([, times, connect]) => {
    await using api = await start(connect);
    if (times > 0) api.server.refuseOnce();
    const events: unknown[] = [];
    api.watch('subscription { count(to: 3) }', event => events.push(event));
    await expect.poll(() => events).toEqual([1, 2, 3]);
    expect(api.server.renewals()).toBe(times);
  },
);

test.for(overSockets.flatMap(([name, connect]) => [4401, 4403].map(code => [name, code, connect] as const)))(
  'B121 a subscription through %s whose socket is closed with %i is one stream, with a new token',
  async ([, code, connect]) => {
    await using api = await start(connect);
    const { server } = api;
    const events: unknown[] = [];
    const unsubscribe = api.watch('subscription { nth }', event => events.push(event));
    await expect.poll(() => events).toEqual([1]);
    server.expireToken();
    server.closeSockets(code);
    await expect.poll(() => events).toEqual([1, 2]);
    expect(server.executed).toEqual(['token-0', 'token-1']);
    expect(server.renewals()).toBe(1);
    unsubscribe();
  },
);

test.for(overSockets)(
  'B122 a socket that is closed with another code renews nothing, through %s',
  async ([, connect]) => {
    await using api = await start(connect);
    const { server } = api;
    const events: unknown[] = [];
    api.watch('subscription { nth }', event => events.push(event));
    await expect.poll(() => events).toEqual([1]);
    server.closeSockets(4429);
    await expect.poll(() => events).toEqual([1, expect.anything()]);
    expect(server.renewals()).toBe(0);
  },
);

describe.for(['an error', 'an event'] as const)('B93 a subscription that is refused after data by %s', how => {
  const nth = 'subscription { nth }';

  test.for(overSockets)(
    'continues as often as tokens expire, and never has two streams, through %s',
    async ([, connect]) => {
      await using api = await start(connect);
      const { server } = api;
      const events: unknown[] = [];
      const unsubscribe = api.watch(nth, event => events.push(event));
      for (const times of [1, 2, 3]) {
        await expect.poll(() => events).toHaveLength(times);
        api.expire(how);
      }
      await expect.poll(() => events).toEqual([1, 2, 3, 4]);
      expect(server.executed).toEqual(['token-0', 'token-1', 'token-2', 'token-3']);
      expect(server.renewals()).toBe(3);
      unsubscribe();
      await expect.poll(server.streams.stats).toEqual({ open: 0, opened: 4, mostAtOnce: 1 });
    },
  );

  test.for([...overSockets, overHttp])(
    'is not opened again when it is unsubscribed during the renewal, through %s',
    async ([, connect]) => {
      await using api = await start(connect);
      const { server } = api;
      const release = server.holdRenewals();
      const events: unknown[] = [];
      const unsubscribe = api.watch(nth, event => events.push(event));
      await expect.poll(() => events).toEqual([1]);
      const refused = api.once('refused');
      api.expire(how);
      await refused;
      unsubscribe();
      await expect.poll(() => server.streams.stats().open).toBe(0);
      const renewed = api.once('renewed');
      release();
      await renewed;
      const otherEvents: unknown[] = [];
      const unsubscribeOther = api.watch('subscription { other: nth }', event => otherEvents.push(event));
      await expect.poll(() => otherEvents).toEqual([2]);
      unsubscribeOther();
      expect(events).toEqual([1]);
      expect(server.streams.stats().opened).toBe(2);
    },
  );
});
