import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { print } from 'graphql';
import { createClient } from 'graphql-sse';
import { Observable } from 'rxjs';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

/** Subscriptions over SSE: this client has no link of its own for them. */
function sseLink(url: string): ApolloLink {
  return new ApolloLink(
    ({ query, variables, getContext }) =>
      new Observable(observer =>
        createClient({ url, headers: getContext().headers, retryAttempts: 0 }).subscribe(
          { query: print(query), variables },
          {
            next: result => observer.next(result as ApolloLink.Result),
            error: error => observer.error(error),
            complete: () => observer.complete(),
          },
        ),
      ),
  );
}

export const apolloAdapter: Adapter = {
  name: 'Apollo Client',
  hasSubscriptions: true,
  headerFormats: ['object'],
  tokenErrorOf: ({ error }) => error,
  connect(auth, { url, fetch, ...options }) {
    const http = new HttpLink({ uri: url, ...(fetch && { fetch }) });
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.from([
        authLink(auth, options),
        ApolloLink.split(({ operationType }) => operationType === 'subscription', sseLink(url), http),
      ]),
    });
    const contextOf = ({ auth: choice, headers }: RunOptions = {}) => ({
      queryDeduplication: false,
      ...(choice && { auth: choice }),
      ...(headers && { headers }),
      ...(options.origins && { uri: url }), // the address of HttpLink is not seen by links before it
    });
    return {
      run: (text, options) => {
        const document = gql(text);
        const context = contextOf(withKey(text, options));
        const isMutation = text.startsWith('mutation');
        const run: Promise<Answer> = isMutation
          ? client.mutate({ mutation: document, context, fetchPolicy: 'no-cache', errorPolicy: 'all' })
          : client.query({ query: document, context, fetchPolicy: 'no-cache', errorPolicy: 'all' });
        return run.catch((error: unknown) => ({ error }));
      },
      watch(text, { answer, end }, options) {
        const observable = ApolloLink.execute(
          client.link,
          { query: gql(text), context: contextOf(options) },
          { client },
        );
        const subscription = observable.subscribe({
          next: ({ data, errors }) => answer({ data, ...(errors && { error: errors }) }),
          error: (error: unknown) => {
            answer({ error });
            end();
          },
          complete: end,
        });
        return () => subscription.unsubscribe();
      },
    };
  },
};
