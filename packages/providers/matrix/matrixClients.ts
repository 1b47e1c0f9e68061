import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { TokenError, type TokenErrorCode, type TokenManager } from '@latchkey/core';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';

/** A GraphQL client, as an application uses it. */
export interface MatrixClient {
  /** Runs a query or a mutation to its end. Never rejects. */
  readonly run: (document: string) => Promise<Answer>;
}

/** What an operation results in. */
export interface Answer {
  readonly data?: unknown;
  /** The code of the `TokenError` that the operation failed with, or `'refused'`: the API's own error was delivered. */
  readonly failure?: TokenErrorCode | 'refused';
}

/** Connects a client to a token manager. */
export interface ClientKind {
  readonly name: string;
  readonly connect: (auth: TokenManager, url: string) => MatrixClient;
}

function answerOf(data: unknown, error: unknown): Answer {
  if (error === undefined) return { data };
  return { failure: TokenError.is(error) ? error.code : 'refused' };
}

const apollo: ClientKind = {
  name: 'Apollo Client',
  connect(auth, url) {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.from([authLink(auth), new HttpLink({ uri: url })]),
    });
    const send = (document: string) =>
      document.startsWith('mutation')
        ? client.mutate({ mutation: gql(document), fetchPolicy: 'no-cache' })
        : client.query({ query: gql(document), fetchPolicy: 'no-cache' });
    return {
      run: document =>
        send(document).then(
          ({ data }) => answerOf(data, undefined),
          (error: unknown) => answerOf(undefined, error),
        ),
    };
  },
};

const urql: ClientKind = {
  name: 'urql',
  connect(auth, url) {
    const client = new Client({ url, exchanges: [authExchange(auth), fetchExchange], requestPolicy: 'network-only' });
    const send = (document: string) =>
      document.startsWith('mutation') ? client.mutation(document, {}) : client.query(document, {});
    return {
      async run(document) {
        const { data, error } = await send(document).toPromise();
        return answerOf(data, error?.networkError ?? error);
      },
    };
  },
};

/** The clients that every provider is tested with. */
export const matrixClients: readonly ClientKind[] = [apollo, urql];
