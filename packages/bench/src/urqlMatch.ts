import { setImmediate as nextTurn } from 'node:timers/promises';
import { authExchange } from '@latchkey/urql';
import {
  Client,
  CombinedError,
  composeExchanges,
  createRequest,
  type Exchange,
  gql,
  makeOperation,
  type Operation,
  type OperationContext,
  type OperationResult,
} from '@urql/core';
import { authExchange as peerExchange } from '@urql/exchange-auth';
import { filter, makeSubject, merge, onPush, pipe, subscribe } from 'wonka';
import type { StubServer } from './createStubServer.ts';
import { floorExchange } from './floorExchange.ts';
import type { Chain, Match } from './match.ts';
import { signedInManager } from './signedInManager.ts';

const request = createRequest(gql('query Item($id: Int) { item(id: $id) { name } }'), {});
const context: OperationContext = { url: 'http://127.0.0.1', requestPolicy: 'network-only' };
const accepted = { data: { item: { name: 'Mara' } }, error: undefined };
const refused = {
  data: undefined,
  error: new CombinedError({
    graphQLErrors: [{ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED' } }],
  }),
};

function authorizationOf({ context: { fetchOptions } }: Operation): string | undefined {
  const { headers } = (typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions) ?? {};
  const { authorization, Authorization } = (headers ?? {}) as { authorization?: string; Authorization?: string };
  return authorization ?? Authorization;
}

/** In one shape, as urql makes them. */
const resultOf = (operation: Operation, { data, error }: { readonly data: unknown; readonly error: unknown }) =>
  ({ operation, data, error, hasNext: false, stale: false }) as OperationResult;

/** Replaces fetchExchange. The chain has no client: the cost of urql's own grows faster than the number of operations. */
function stubExchange(server: StubServer): Exchange {
  return () => operations$ => {
    const { source, next } = makeSubject<OperationResult>();
    const send = (operation: Operation) => {
      if (operation.kind === 'teardown') return;
      server.handle(authorizationOf(operation), isRefused => next(resultOf(operation, isRefused ? refused : accepted)));
    };
    const sent$ = pipe(
      operations$,
      onPush(send),
      filter((operation): operation is never => operation === undefined),
    );
    return merge([source, sent$]);
  };
}

/** Resolves after `count` results with data, and rejects at one without. */
function countdown(
  count: number,
  resolve: () => void,
  reject: (error: Error) => void,
): (result: OperationResult) => void {
  let pending = count;
  return ({ data }) => {
    if (data == null) reject(new Error('An operation was not answered with data.'));
    else if (--pending === 0) resolve();
  };
}

function chainOf(server: StubServer, ...exchanges: readonly Exchange[]): Chain {
  const operations = makeSubject<Operation>();
  let answered: (result: OperationResult) => void = () => {};
  const client = new Client({ url: context.url, exchanges: [] });
  const forward = () => makeSubject<OperationResult>().source;
  const exchange = composeExchanges([...exchanges, stubExchange(server)]);
  pipe(
    exchange({ client, forward, dispatchDebug: () => {} })(operations.source),
    subscribe(result => answered(result)),
  );
  const makeOperations = (kind: 'query' | 'teardown', count: number) =>
    Array.from({ length: count }, (_, id) => makeOperation(kind, { ...request, key: id, variables: { id } }, context));

  function sendAll(queries: readonly Operation[]): Promise<void> {
    return new Promise((resolve, reject) => {
      answered = countdown(queries.length, resolve, reject);
      for (const query of queries) operations.next(query);
    });
  }

  return {
    prepare(count) {
      const queries = makeOperations('query', count);
      const teardowns = makeOperations('teardown', count);
      return async () => {
        await sendAll(queries);
        for (const teardown of teardowns) operations.next(teardown); // as the client does without subscribers
      };
    },
  };
}

/** @see https://github.com/urql-graphql/urql/blob/main/exchanges/auth/README.md */
function documentedExchange(server: StubServer, signedInWith: string): Exchange {
  return peerExchange(async utils => {
    let token = signedInWith;
    return {
      addAuthToOperation: operation =>
        token ? utils.appendHeaders(operation, { Authorization: `Bearer ${token}` }) : operation,
      willAuthError: () => !token,
      didAuthError: error => error.graphQLErrors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED'),
      async refreshAuth() {
        token = await server.renew();
      },
    };
  });
}

export const urqlMatch: Match = {
  adapter: 'authExchange',
  peerName: '@urql/exchange-auth',
  bare: async server => chainOf(server),
  ours: async (server, token) => chainOf(server, authExchange(await signedInManager(server, token))),
  async peer(server, token) {
    const chain = chainOf(server, documentedExchange(server, token));
    await nextTurn(); // its initialization is asynchronous
    return chain;
  },
  floor: async (server, token) => chainOf(server, floorExchange(server, token)),
};
