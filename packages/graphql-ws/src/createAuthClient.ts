import type { TokenManager } from '@latchkey/core';
import type { Client } from 'graphql-ws';
import { AuthClient } from './authClient.ts';
import type { AuthClientOptions, Payload } from './authClientOptions.ts';

/**
 * A client of graphql-ws whose sockets follow the token: for `GraphQLWsLink`, urql, Relay, and everything else that takes one.
 * What it cannot recover from ends an operation with a `TokenError` or with the event that closed the socket.
 */
export function createAuthClient<P extends Payload = Payload>(
  auth: TokenManager,
  options: AuthClientOptions<P>,
): Client {
  return new AuthClient(auth, options as AuthClientOptions);
}
