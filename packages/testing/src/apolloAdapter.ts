import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { print } from 'graphql';
import { createClient } from 'graphql-sse';
import { Observable } from 'rxjs';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

/** Subscriptions over SSE, for which Apollo Client has no link. */
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
  connect: (auth, { url, fetch, ...options }) =>
    apolloAdapter.connectChain([{ auth, ...options }], { url, ...(fetch && { fetch }) }),
  connectChain(stages, { url, fetch }) {
    const http = new HttpLink({ uri: url, ...(fetch && { fetch }) });
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.from([
        ...stages.map(({ auth, ...options }) => authLink(auth, options)),
        ApolloLink.split(({ operationType }) => operationType === 'subscription', sseLink(url), http),
      ]),
    });
    const hasOrigins = stages.some(({ origins }) => origins);
    const contextOf = ({ auth: choice, headers, url: uri }: RunOptions = {}) => ({
      queryDeduplication: false,
      ...(choice && { auth: choice }),
      ...(headers && { headers }),
      ...((uri ?? hasOrigins) && { uri: uri ?? url }), // links do not see the uri of HttpLink
    });
    return {
      run: (document, options) => {
        const query = gql(document);
        const context = contextOf(withKey(document, options));
        const isMutation = document.startsWith('mutation');
        const run: Promise<Answer> = isMutation
          ? client.mutate({ mutation: query, context, fetchPolicy: 'no-cache', errorPolicy: 'all' })
          : client.query({ query, context, fetchPolicy: 'no-cache', errorPolicy: 'all' });
        return run.catch((error: unknown) => ({ error }));
      },
      watch(document, { next, complete }, options) {
        const observable = ApolloLink.execute(
          client.link,
          { query: gql(document), context: contextOf(options) },
          { client },
        );
        const subscription = observable.subscribe({
          next: ({ data, errors }) => next({ data, ...(errors && { error: errors }) }),
          error: (error: unknown) => {
            next({ error });
            complete();
          },
          complete,
        });
        return () => subscription.unsubscribe();
      },
    };
  },
};
