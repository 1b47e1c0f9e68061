import type { Dialect } from '@latchkey/core';
import { directus as dialect } from '@latchkey/core/dialects';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { graphqlLogin, type LoginAnswer, type LoginSession } from './graphqlLogin.ts';

/** Where the installation is. */
export interface DirectusOptions extends EndpointOptions, SendOptions {
  /** The address of the project: the endpoint is `<baseUrl>/graphql/system`. */
  readonly baseUrl: string;
}

export interface DirectusCredentials {
  readonly email: string;
  readonly password: string;
}

interface Tokens {
  readonly access_token: string | null;
  readonly refresh_token: string | null;
  /** Milliseconds, as a string. */
  readonly expires: string | null;
}

const fields = '{ access_token refresh_token expires }';

const answerOf = ({ access_token, refresh_token, expires }: Tokens): LoginAnswer => ({
  accessToken: access_token,
  refreshToken: refresh_token,
  expiresInMs: expires,
});

/**
 * Directus: `auth_login`, `auth_refresh` and `auth_logout` are mutations of the system endpoint. Each refresh token can be
 * used once. A rejected refresh token is 200 with the code `INVALID_CREDENTIALS`.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function directus({
  baseUrl,
  ...options
}: DirectusOptions): LoginSession<DirectusCredentials, LoginAnswer> & { readonly dialect: Dialect } {
  const base = checkEndpoint(baseUrl, 'Option "baseUrl"', options);
  const login = graphqlLogin({
    ...options,
    url: `${base.replace(/\/+$/, '')}/graphql/system`,
    dialect,
    signIn: {
      document: `mutation ($email: String!, $password: String!) {
        auth_login(email: $email, password: $password, mode: json) ${fields}
      }`,
      variables: ({ email, password }: DirectusCredentials) => ({ email, password }),
      answer: ({ auth_login }: { readonly auth_login: Tokens }) => answerOf(auth_login),
    },
    renew: {
      document: `mutation ($refresh_token: String) { auth_refresh(refresh_token: $refresh_token, mode: json) ${fields} }`,
      variables: ({ refreshToken }) => (refreshToken === undefined ? null : { refresh_token: refreshToken }),
      answer: ({ auth_refresh }: { readonly auth_refresh: Tokens }) => answerOf(auth_refresh),
    },
    signOut: {
      document: 'mutation ($refresh_token: String) { auth_logout(refresh_token: $refresh_token) }',
      variables: ({ refreshToken }) => (refreshToken === undefined ? null : { refresh_token: refreshToken }),
    },
  });
  return { ...login, dialect };
}
