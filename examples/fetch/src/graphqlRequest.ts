import type { TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { GraphQLClient } from 'graphql-request';

/** A graphql-request client that stays signed in. */
export function createRequestClient(auth: TokenManager, url: string): GraphQLClient {
  return new GraphQLClient(url, { fetch: authFetch(auth) });
}
