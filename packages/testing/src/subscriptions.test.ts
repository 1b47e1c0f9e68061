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

/** Hears the one field of each event, or an error. Returns what leaves it. */
type Watch = (document: string, hear: (event: unknown) => void) => () => void;
type Connect = (server: Transports, sockets: Sockets) => Watch;

const fieldOf = (data: unknown) => Object.values((data ?? {}) as object)[0] as unknown;

const viaWsLink: Connect = ({ auth }, sockets) => {
  const link = ApolloLink.from([authLink(auth), new GraphQLWsLink(sockets)]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return (document, hear) => {
    const subscription = client.subscribe({ query: gql(document) }).subscribe({
      next: ({ data, error }) => hear(error ?? fieldOf(data)),
      error: hear,
    });
    return () => subscription.unsubscribe();
  };
};

const viaUrql = ({ url, auth }: Transports, transport: Exchange): Watch => {
  const client = new Client({ url, exchanges: [authExchange(auth), transport], fetchSubscriptions: true });
  return (document, hear) =>
    pipe(
      client.subscription(document, {}),
      filter(({ hasNext, error }) => hasNext || error !== undefined), // the end of a stream repeats its last event
      subscribe(({ data, error }) => hear(error ?? fieldOf(data))),
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
    /** The token of now dies, also on what is open. */
    expire(how: StreamRefusal) {
      server.kill();
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
    const heard: unknown[] = [];
    api.watch('subscription { count(to: 3) }', event => heard.push(event));
    await expect.poll(() => heard).toEqual([1, 2, 3]);
    expect(api.server.renewals()).toBe(times);
  },
);

describe.for(['an error', 'an event'] as const)('B93 a subscription that is refused after data by %s', how => {
  const nth = 'subscription { nth }';

  test.for(overSockets)(
    'goes on as often as tokens expire, and never has two streams, through %s',
    async ([, connect]) => {
      await using api = await start(connect);
      const { server } = api;
      const heard: unknown[] = [];
      const leave = api.watch(nth, event => heard.push(event));
      for (const times of [1, 2, 3]) {
        await expect.poll(() => heard).toHaveLength(times);
        api.expire(how);
      }
      await expect.poll(() => heard).toEqual([1, 2, 3, 4]);
      expect(server.executed).toEqual(['token-0', 'token-1', 'token-2', 'token-3']);
      expect(server.renewals()).toBe(3);
      leave();
      await expect.poll(server.streams.stats).toEqual({ open: 0, opened: 4, mostAtOnce: 1 });
    },
  );

  test.for([...overSockets, overHttp])(
    'is not opened again when it is left while the token is renewed, through %s',
    async ([, connect]) => {
      await using api = await start(connect);
      const { server } = api;
      const release = server.holdRenewals();
      const heard: unknown[] = [];
      const leave = api.watch(nth, event => heard.push(event));
      await expect.poll(() => heard).toEqual([1]);
      const refused = api.once('refused');
      api.expire(how);
      await refused;
      leave();
      await expect.poll(() => server.streams.stats().open).toBe(0);
      const renewed = api.once('renewed');
      release();
      await renewed;
      const others: unknown[] = [];
      const leaveOther = api.watch('subscription { other: nth }', event => others.push(event));
      await expect.poll(() => others).toEqual([2]);
      leaveOther();
      expect(heard).toEqual([1]);
      expect(server.streams.stats().opened).toBe(2);
    },
  );
});
