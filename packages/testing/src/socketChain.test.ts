import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { authLink } from '@latchkey/apollo';
import { TokenError, type TokenManager } from '@latchkey/core';
import { forwardSubscription } from '@latchkey/graphql-ws';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import type { Client as Sockets } from 'graphql-ws-6';
import { describe, expect, test } from 'vitest';
import { filter, pipe, subscribe } from 'wonka';
import { bareClient } from './socketClients.ts';
import { eventDocument, type SceneOptions, type SocketScene, socketScene } from './socketScene.ts';

interface Given {
  readonly auth: TokenManager;
  readonly sockets: Sockets;
  readonly url: string;
}
type Watch = (document: string, next: (event: unknown) => void) => () => void;

const eventOf = (data: unknown) => (data as { event?: { n: number } } | null | undefined)?.event?.n;

function viaLink(link: ApolloLink): Watch {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return (document, next) => {
    const subscription = client.subscribe({ query: gql(document) }).subscribe({
      next: ({ data, error }) => next(error ?? eventOf(data)),
      error: next,
    });
    return () => subscription.unsubscribe();
  };
}

const overSocket = ({ sockets }: Given) => subscriptionExchange({ forwardSubscription: forwardSubscription(sockets) });

function viaExchanges(url: string, exchanges: ConstructorParameters<typeof Client>[0]['exchanges']): Watch {
  const client = new Client({ url, exchanges });
  return (document, next) =>
    pipe(
      client.subscription(document, {}),
      filter(({ hasNext, error }) => hasNext || error !== undefined),
      subscribe(({ data, error }) => next(error?.networkError ?? error ?? eventOf(data))),
    ).unsubscribe;
}

/** The adapter in front of the socket, and beside it. */
const chains: readonly (readonly [string, boolean, (given: Given) => Watch])[] = [
  [
    'authLink in front',
    true,
    ({ auth, sockets }) => viaLink(ApolloLink.from([authLink(auth), new GraphQLWsLink(sockets)])),
  ],
  [
    'authLink beside it, by split',
    false,
    ({ auth, sockets, url }) => {
      const http = ApolloLink.from([authLink(auth), new HttpLink({ uri: url })]);
      const isForSocket = ({ operationType }: ApolloLink.Operation) => operationType === 'subscription';
      return viaLink(ApolloLink.split(isForSocket, new GraphQLWsLink(sockets), http));
    },
  ],
  [
    'authExchange in front',
    true,
    given => viaExchanges(given.url, [authExchange(given.auth), overSocket(given), fetchExchange]),
  ],
  [
    'authExchange behind',
    false,
    given => viaExchanges(given.url, [overSocket(given), authExchange(given.auth), fetchExchange]),
  ],
];

async function start(
  chain: (given: Given) => Watch,
  options: SceneOptions,
): Promise<SocketScene & { readonly connected: Watch }> {
  const scene = await socketScene(bareClient, options);
  const { auth, sockets, server } = scene;
  return { ...scene, connected: chain({ auth, sockets, url: server.url }) };
}

describe.for(chains)('%s', ([, isInFront, chain]) => {
  test.for(['close 4401', 'close 4403', 'error', 'next'] as const)(
    'B121 refused by %s: one renewal, two sockets, each subscription once, and no header in an operation',
    async refusal => {
      await using it = await start(chain, { refusal });
      const { server } = it;
      const all = Array.from({ length: 5 }, () => {
        const events: unknown[] = [];
        it.connected(eventDocument(), event => events.push(event));
        return events;
      });
      await expect.poll(() => server.openStreams()).toBe(5);
      server.expire();
      await expect.poll(() => [server.openStreams(2), server.openStreams()]).toEqual([5, 5]);
      server.publish();
      await expect.poll(() => all).toEqual(all.map(() => [1]));
      expect(server.connections.map(({ token }) => token)).toEqual([1, 2]);
      expect(server.renewals()).toBe(1);
      expect(server.subscribed.filter(token => token === 2)).toHaveLength(5);
      const operations = server.received.filter(message => message.includes('"subscribe"'));
      expect(operations).toHaveLength(10);
      for (const token of server.tokens) expect(operations.join()).not.toContain(token);
    },
  );

  test('B124 a sign-out ends subscriptions with signedOut, and closes the socket', async () => {
    await using it = await start(chain, {});
    const events: unknown[] = [];
    it.connected(eventDocument(), event => events.push(event));
    await expect.poll(() => it.server.openStreams()).toBe(1);
    void it.auth.signOut();
    await expect.poll(() => events).toHaveLength(1);
    const [error] = events;
    expect(TokenError.is(error) && error.code).toBe('signedOut');
    await expect.poll(() => it.server.connections.map(({ closed }) => closed?.code)).toEqual([4205]);
  });

  test.for(['close 4401', 'error'] as const)('B121 every token is refused by %s: one renewal', async refusal => {
    await using it = await start(chain, { refusal });
    const { server } = it;
    server.knobs.refusesAll = true;
    const events: unknown[] = [];
    it.connected(eventDocument(), event => events.push(event));
    await expect.poll(() => events).toHaveLength(1);
    await it.clock.advance(1);
    // an adapter in front knows a refusal that was delivered, but not a close event, which the client makes an error of its own
    expect(server.connections).toHaveLength(isInFront && refusal === 'close 4401' ? 3 : 2);
    const operations = server.received.filter(message => message.includes('"subscribe"'));
    expect(operations).toHaveLength(refusal === 'error' ? 2 : 0); // sockets that are closed before they are acknowledged get none
    expect(server.renewals()).toBe(1);
    expect(events).toHaveLength(1);
  });
});
