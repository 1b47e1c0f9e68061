import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, Observable } from '@apollo/client/core/index.js';
import { authLink } from '@latchkey/apollo/v3';
import type { Adapter, Answer } from './adapter.ts';
import { makeApolloAdapter, subscribeSse } from './makeApolloAdapter.ts';

const policies = { fetchPolicy: 'no-cache', errorPolicy: 'all' } as const;
const { version } = new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.empty() });

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

const answerOf = ({ data, errors }: Result): Answer => ({ data, ...(errors && { error: errors }) });

export const apollo3Adapter: Adapter = makeApolloAdapter({
  name: 'Apollo Client 3',
  version,
  tokenErrorOf: ({ error }) => (error as { networkError?: unknown } | undefined)?.networkError,
  connect(stages, { url, fetch }) {
    const sse = new ApolloLink(operation => new Observable(observer => subscribeSse(url, operation, observer)));
    const http = new HttpLink({ uri: url, ...(fetch && { fetch }) });
    const isSubscription = ({ query }: { query: ReturnType<typeof gql> }) =>
      query.definitions.some(definition => 'operation' in definition && definition.operation === 'subscription');
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.from([
        ...stages.map(({ auth, ...options }) => authLink(auth, options)),
        ApolloLink.split(isSubscription, sse, http),
      ]),
    });
    return {
      parse: gql,
      query: request => client.query({ ...request, ...policies }).then(answerOf),
      mutate: ({ query, context }) => client.mutate({ mutation: query, context, ...policies }).then(answerOf),
      execute: request => ApolloLink.execute(client.link, request),
    };
  },
});
