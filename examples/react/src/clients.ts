import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import type { TokenManager } from '@latchkey/core';
import { authExchange } from '@latchkey/urql';
import { Client, cacheExchange, fetchExchange } from 'urql';
import { sseLink } from './sseLink.ts';

/** Two GraphQL clients that share one token manager, its token and every renewal. */
export interface Clients {
  readonly apollo: ApolloClient;
  readonly urql: Client;
}

/** The `fetch` of each client; the page passes one that also records operations for the timeline. */
export interface ClientFetches {
  readonly apollo: typeof fetch;
  readonly urql: typeof fetch;
}

export function createClients(auth: TokenManager, url: string, fetches: ClientFetches): Clients {
  return {
    apollo: createApolloClient(auth, url, fetches.apollo),
    urql: createUrqlClient(auth, url, fetches.urql),
  };
}

function createApolloClient(auth: TokenManager, url: string, fetch: typeof globalThis.fetch): ApolloClient {
  const httpLink = new HttpLink({ uri: url, fetch });
  const isSubscription = ({ operationType }: ApolloLink.Operation) => operationType === 'subscription';
  const sendingLink = ApolloLink.split(isSubscription, sseLink(url, fetch), httpLink);

  return new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from([authLink(auth), sendingLink]) });
}

function createUrqlClient(auth: TokenManager, url: string, fetch: typeof globalThis.fetch): Client {
  const exchanges = [cacheExchange, authExchange(auth), fetchExchange];

  return new Client({ url, exchanges, fetch, fetchSubscriptions: true, preferGetMethod: false });
}
