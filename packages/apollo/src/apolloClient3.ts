import { ApolloLink, Observable, type ObservableSubscription } from '@apollo/client/core/index.js'; // the path that Node finds
import type { TokenManager } from '@latchkey/core';
import { type AuthChoice, operationKind, type StreamOptions } from '@latchkey/core/adapter';
import { linkState, startOperation } from './authLink.ts';

declare module '@apollo/client/core/index.js' {
  interface DefaultContext {
    /** Whether this operation carries the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

/**
 * Keeps the operations of an Apollo Client 3 signed in: attaches the token, has it renewed when a server refuses it, and
 * retries the operation. Its place is before the links that send: `ApolloLink.from([authLink(auth), httpLink])`.
 */
export function authLink(auth: TokenManager, options: StreamOptions = {}): ApolloLink {
  const link = linkState(auth, options, ({ query, operationName }) => operationKind(query, operationName));
  return new ApolloLink(
    (operation, forward) =>
      new Observable(
        observer => startOperation(link, operation, forward, observer) as ObservableSubscription, // its `closed` is not read
      ),
  );
}
