import * as apollo from '@apollo/client';
import * as apollo3 from '@apollo/client/core/index.js';
import { authLink } from '@latchkey/apollo';
import { authLink as authLink3 } from '@latchkey/apollo/v3';
import { choiceOf, type FuzzClient, type Request, type Watcher } from './fuzzClient.ts';

/** Shows what a promise of a client brings. */
function watchPromise(result: Promise<unknown>, { see, end }: Watcher): undefined {
  result.then(see, (error: unknown) => see({ thrown: error })).finally(end);
}

const observerOf = ({ see, end }: Watcher) => ({
  next: see,
  error(error: unknown) {
    see({ thrown: error });
    end();
  },
  complete: end,
});

const contextOf = (request: Request) => ({
  ...choiceOf(request),
  uri: request.url,
  headers: request.headers,
  fetchOptions: { ...request.fetchOptions, signal: request.signal },
});

const optionsOf = (request: Request) => ({
  fetchPolicy: 'no-cache' as const,
  errorPolicy: request.script.errorPolicy,
  context: contextOf(request),
});

const httpOptions = ({ script }: Request) => ({ useGETForQueries: script.shape === 'get' });

export const apolloClient: FuzzClient = {
  name: 'apollo',
  version: apollo.version,
  start(request, watcher) {
    const http = new apollo.HttpLink(httpOptions(request));
    const link = request.auth ? apollo.ApolloLink.from([authLink(request.auth, request.options), http]) : http;
    const client = new apollo.ApolloClient({ cache: new apollo.InMemoryCache(), link });
    const document = apollo.gql(request.document);
    const { script } = request;
    if (script.surface === 'link') {
      const results = apollo.ApolloLink.execute(link, { query: document, context: contextOf(request) }, { client });
      const subscription = results.subscribe(observerOf(watcher));
      return () => subscription.unsubscribe();
    }
    if (script.kind === 'query') watchPromise(client.query({ query: document, ...optionsOf(request) }), watcher);
    else watchPromise(client.mutate({ mutation: document, ...optionsOf(request) }), watcher);
    return undefined;
  },
};

export const apollo3Client: FuzzClient = {
  name: 'apollo3',
  version: new apollo3.ApolloClient({ cache: new apollo3.InMemoryCache(), link: apollo3.ApolloLink.empty() }).version,
  start(request, watcher) {
    const http = new apollo3.HttpLink(httpOptions(request));
    const link = request.auth ? apollo3.ApolloLink.from([authLink3(request.auth, request.options), http]) : http;
    const document = apollo3.gql(request.document);
    const { script } = request;
    if (script.surface === 'link') {
      const results = apollo3.ApolloLink.execute(link, { query: document, context: contextOf(request) });
      const subscription = results.subscribe(observerOf(watcher));
      return () => subscription.unsubscribe();
    }
    const client = new apollo3.ApolloClient({ cache: new apollo3.InMemoryCache(), link });
    if (script.kind === 'query') watchPromise(client.query({ query: document, ...optionsOf(request) }), watcher);
    else watchPromise(client.mutate({ mutation: document, ...optionsOf(request) }), watcher);
    return undefined;
  },
};
