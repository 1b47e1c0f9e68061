import { createTokenManager, readTokens, type TokenManager } from '@latchkey/core';
import { collectiveAccess } from '@latchkey/providers/collectiveAccess';
import { oli } from '@latchkey/providers/oli';
import { post } from './post.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One of the choices on the page: an API, and the token manager that keeps its clients signed in. */
export interface Api {
  readonly name: 'oli' | 'collectiveaccess' | 'cookie';
  readonly title: string;
  readonly about: string;
  readonly url: string;
  readonly auth: TokenManager<Credentials>;
}

export function createApis(origin: string): readonly Api[] {
  const at = (path: string) => new URL(path, origin).href;
  return [
    {
      name: 'oli',
      title: 'OLI',
      about: 'A Keycloak server: OAuth password grant, refresh tokens that change with each use.',
      url: at('/oli/graphql'),
      auth: createTokenManager(
        oli({ tokenUrl: at('/oli/auth/realms/api/protocol/openid-connect/token'), clientId: 'apiclient' }),
      ),
    },
    {
      name: 'collectiveaccess',
      title: 'CollectiveAccess',
      about: 'Signing in and refreshing are GraphQL queries, and refusals have a shape of their own.',
      url: at('/collectiveaccess/service/item'),
      auth: createTokenManager(collectiveAccess({ authUrl: at('/collectiveaccess/service/Auth') })),
    },
    {
      name: 'cookie',
      title: 'Cookie',
      about: 'Only a short-lived token in memory; an HttpOnly cookie of the app’s own server survives a reload.',
      url: at('/cookie/graphql'),
      auth: createTokenManager<Credentials>({
        renew: ({ signal }) => post(at('/session/refresh'), { signal }).then(readTokens),
        restore: true,
        signIn: (credentials, { signal }) =>
          post(at('/session/sign-in'), { signal, body: credentials }).then(readTokens),
        signOut: (_, { signal }) => post(at('/session/sign-out'), { signal }),
      }),
    },
  ];
}
