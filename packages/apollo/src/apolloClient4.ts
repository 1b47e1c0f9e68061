import { ApolloLink } from '@apollo/client';
import type { TokenManager } from '@latchkey/core';
import type { AuthChoice, StreamOptions } from '@latchkey/core/adapter';
import { Observable } from 'rxjs';
import { linkState, startOperation } from './authLink.ts';

declare module '@apollo/client' {
  interface DefaultContext {
    /** Whether this operation carries the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

/**
 * Keeps the operations of an Apollo Client signed in: attaches the token, has it renewed when a server refuses it, and retries
 * the operation. Its place is before the links that send: `ApolloLink.from([authLink(auth), httpLink])`.
 */
export function authLink(auth: TokenManager, options: StreamOptions = {}): ApolloLink {
  const link = linkState(auth, options, operation => (operation as ApolloLink.Operation).operationType);
  return new ApolloLink(
    (operation, forward) => new Observable(observer => startOperation(link, operation, forward, observer)),
  );
}
