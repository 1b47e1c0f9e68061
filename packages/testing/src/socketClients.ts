import { ApolloClient, gql, InMemoryCache, version } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { forwardSubscription } from '@latchkey/graphql-ws';
import { Client, type OperationResult, subscriptionExchange } from '@urql/core';
import manifest from '@urql/core/package.json' with { type: 'json' };
import type { Client as Sockets } from 'graphql-ws-6';
import { filter, onEnd, pipe, subscribe } from 'wonka';
import { WebSocket as WsSocket } from 'ws';

export interface SocketAnswer {
  readonly data?: unknown;
  /** As the client delivers it. */
  readonly error?: unknown;
}

export interface SocketObserver {
  readonly next: (answer: SocketAnswer) => void;
  readonly complete: () => void;
}

/** A client over a socket, reduced to what an application does with it. */
export interface SocketClient {
  readonly watch: (document: string, observer: SocketObserver) => () => void;
  readonly run: (document: string) => Promise<SocketAnswer>;
}

/** One kind of client that takes a client of graphql-ws. */
export interface SocketAdapter {
  readonly name: string;
  readonly version: string;
  /** The contract runs over `ws` and over the platform's own. */
  readonly webSocketImpl: unknown;
  readonly connect: (sockets: Sockets) => SocketClient;
}

/** Runs an operation to its end. */
const runBy = (watch: SocketClient['watch'], document: string) =>
  new Promise<SocketAnswer>(resolve => {
    let last: SocketAnswer = {};
    watch(document, { next: answer => (last = answer), complete: () => resolve(last) });
  });

/** The client by itself, as other libraries use it. */
export const bareClient: SocketAdapter = {
  name: 'graphql-ws',
  version: '6.4.2',
  webSocketImpl: WsSocket,
  connect(sockets) {
    const watch: SocketClient['watch'] = (query, { next, complete }) =>
      sockets.subscribe(
        { query },
        {
          next: ({ data, errors }) => next({ data, ...(errors && { error: errors }) }),
          error(error) {
            next({ error });
            complete();
          },
          complete,
        },
      );
    return { watch, run: document => runBy(watch, document) };
  },
};

const policies = { fetchPolicy: 'no-cache', errorPolicy: 'all', context: { queryDeduplication: false } } as const;

export const apolloSockets: SocketAdapter = {
  name: 'Apollo Client',
  version,
  webSocketImpl: WebSocket,
  connect(sockets) {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(sockets) });
    return {
      watch(document, { next, complete }) {
        const subscription = client.subscribe({ query: gql(document), ...policies }).subscribe({
          next: ({ data, error }) => next({ data, ...(error && { error }) }),
          error(error) {
            next({ error });
            complete();
          },
          complete,
        });
        return () => subscription.unsubscribe();
      },
      run(document) {
        const request = document.startsWith('mutation')
          ? client.mutate({ mutation: gql(document), ...policies })
          : client.query({ query: gql(document), ...policies });
        return request.then(({ data, error }) => ({ data, ...(error && { error }) })).catch(error => ({ error }));
      },
    };
  },
};

const answerOf = ({ data, error }: OperationResult): SocketAnswer => ({
  data,
  ...(error && { error: error.networkError ?? error.graphQLErrors }),
});

export const urqlSockets: SocketAdapter = {
  name: 'urql',
  version: manifest.version,
  webSocketImpl: WsSocket,
  connect(sockets) {
    const exchange = subscriptionExchange({
      forwardSubscription: forwardSubscription(sockets),
      enableAllOperations: true,
    });
    const client = new Client({ url: 'http://127.0.0.1', exchanges: [exchange], requestPolicy: 'network-only' });
    return {
      watch: (document, { next, complete }) =>
        pipe(
          client.subscription(document, {}),
          filter(({ hasNext, error }) => hasNext || error !== undefined), // at its end urql emits the last event again
          onEnd(complete),
          subscribe(result => next(answerOf(result))),
        ).unsubscribe,
      async run(document) {
        const isMutation = document.startsWith('mutation');
        return answerOf(await (isMutation ? client.mutation(document, {}) : client.query(document, {})).toPromise());
      },
    };
  },
};
