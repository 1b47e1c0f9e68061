import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, version } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { Observable } from 'rxjs';
import type { Adapter } from './adapter.ts';
import { makeApolloAdapter, subscribeSse } from './makeApolloAdapter.ts';

const policies = { fetchPolicy: 'no-cache', errorPolicy: 'all' } as const;

export const apolloAdapter: Adapter = makeApolloAdapter({
  name: 'Apollo Client',
  version,
  tokenErrorOf: ({ error }) => error,
  connect(stages, { url, fetch }) {
    const sse = new ApolloLink(operation => new Observable(observer => subscribeSse(url, operation, observer)));
    const http = new HttpLink({ uri: url, ...(fetch && { fetch }) });
    const transport = ApolloLink.split(({ operationType }) => operationType === 'subscription', sse, http);
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.from([...stages.map(({ auth, ...options }) => authLink(auth, options)), transport]),
    });
    return {
      parse: gql,
      query: request => client.query({ ...request, ...policies }),
      mutate: ({ query, context }) => client.mutate({ mutation: query, context, ...policies }),
      execute: request => ApolloLink.execute(client.link, request, { client }),
    };
  },
});
