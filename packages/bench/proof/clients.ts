import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import type { TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';

/** Sends one query; resolves to its data, and rejects without data. */
type SendQuery = () => Promise<unknown>;

const url = 'http://127.0.0.1/';
const query = 'query Item($id: Int) { item(id: $id) { name } }';
const variables = { id: 1 };

function urqlClient(auth: TokenManager, send: typeof fetch): SendQuery {
  const client = new Client({
    url,
    exchanges: [authExchange(auth), fetchExchange],
    fetch: send,
    preferGetMethod: false,
    requestPolicy: 'network-only',
  });
  return async () => {
    const { data, error } = await client.query(query, variables).toPromise();
    if (error) throw error;
    return data;
  };
}

function apolloClient(auth: TokenManager, send: typeof fetch): SendQuery {
  const link = ApolloLink.from([authLink(auth), new HttpLink({ uri: url, fetch: send })]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const document = gql(query);
  return async () => (await client.query({ query: document, variables, fetchPolicy: 'network-only' })).data;
}

function plainFetch(auth: TokenManager, send: typeof fetch): SendQuery {
  const signedInFetch = authFetch(auth, { fetch: send });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables });
  return async () => {
    const response = await signedInFetch(url, { method: 'POST', headers, body });
    const { data } = (await response.json()) as { data?: unknown };
    if (!data) throw new Error('The query was not answered with data.');
    return data;
  };
}

/** The clients as applications set them up, but for the network. */
export const clients: Readonly<Record<string, (auth: TokenManager, send: typeof fetch) => SendQuery>> = {
  urql: urqlClient,
  Apollo: apolloClient,
  fetch: plainFetch,
};
