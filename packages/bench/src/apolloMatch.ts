import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { authLink } from '@latchkey/apollo';
import { from, Observable, switchMap } from 'rxjs';
import type { StubServer } from './createStubServer.ts';
import { floorLink } from './floorLink.ts';
import type { Chain, Match } from './match.ts';
import { signedInManager } from './signedInManager.ts';

const query = gql('query Item($id: Int) { item(id: $id) { name } }');
const accepted: ApolloLink.Result = { data: { item: { name: 'Mara' } } };
const refused: ApolloLink.Result = {
  errors: [{ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED' } }],
};

function stubLink(server: StubServer): ApolloLink {
  return new ApolloLink(
    operation =>
      new Observable(observer => {
        const { headers } = operation.getContext();
        server.handle(headers?.authorization, isRefused => {
          observer.next(isRefused ? refused : accepted);
          observer.complete();
        });
      }),
  );
}

/** @param done - called once, without an argument after an answer with data */
function execute(link: ApolloLink, client: ApolloClient, id: number, done: (error?: unknown) => void): void {
  let hasData = false;
  ApolloLink.execute(link, { query, variables: { id } }, { client }).subscribe({
    next: ({ data }) => {
      hasData = data != null;
    },
    error: done,
    complete: () => done(hasData ? undefined : new Error('An operation was not answered with data.')),
  });
}

function executeAll(link: ApolloLink, client: ApolloClient, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending = count;
    const done = (error?: unknown) => {
      if (error) reject(error);
      else if (--pending === 0) resolve();
    };
    for (let id = 0; id < count; id++) execute(link, client, id, done);
  });
}

function chainOf(server: StubServer, ...links: readonly ApolloLink[]): Chain {
  const link = ApolloLink.from([...links, stubLink(server)]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return { prepare: count => () => executeAll(link, client, count) };
}

/**
 * A `SetContextLink` that attaches the token from memory, and an `ErrorLink` that renews it and sends the operation again.
 * The documentation's `getNewToken()` is synchronous; here it is a promise, converted with `from` of rxjs.
 *
 * @see https://www.apollographql.com/docs/react/networking/authentication#header
 * @see https://www.apollographql.com/docs/react/data/error-handling#retrying-operations
 */
function documentedLinks(server: StubServer, signedInWith: string): ApolloLink[] {
  let token = signedInWith;
  const contextLink = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: token ? `Bearer ${token}` : '' },
  }));
  const errorLink = new ErrorLink(({ error, operation, forward }) => {
    if (!CombinedGraphQLErrors.is(error)) return;
    for (const { extensions } of error.errors) {
      if (extensions?.code !== 'UNAUTHENTICATED') continue;
      return from(server.renew()).pipe(
        switchMap(renewed => {
          token = renewed;
          const { headers } = operation.getContext();
          operation.setContext({ headers: { ...headers, authorization: `Bearer ${renewed}` } });
          return forward(operation);
        }),
      );
    }
  });
  return [contextLink, errorLink];
}

export const apolloMatch: Match = {
  adapter: 'authLink',
  peerName: 'SetContextLink + ErrorLink',
  bare: async server => chainOf(server),
  ours: async (server, token) => chainOf(server, authLink(await signedInManager(server, token))),
  peer: async (server, token) => chainOf(server, ...documentedLinks(server, token)),
  floor: async (server, token) => chainOf(server, floorLink(server, token)),
};
