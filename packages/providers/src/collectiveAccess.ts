import { type Dialect, TokenError } from '@latchkey/core';
import { collectiveAccess as dialect } from '@latchkey/core/dialects';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { graphqlLogin, type LoginAnswer, type LoginSession } from './graphqlLogin.ts';
import type { PasswordCredentials } from './passwordCredentials.ts';
import { tokenInUrl } from './tokenInUrl.ts';

export type { PasswordCredentials } from './passwordCredentials.ts';

/** Where the installation is: exactly one of `baseUrl` and `authUrl`. */
export interface CollectiveAccessOptions extends EndpointOptions, SendOptions {
  /** The document's `<baseurl>`: the endpoint is `<baseurl>/service/Auth`. */
  readonly baseUrl?: string;
  /** The endpoint itself, e.g. `<baseurl>/service.php/Auth` on a server without URL rewriting. */
  readonly authUrl?: string;
  /**
   * Unsafe: sends the access token as the URL parameter `jwt`, where logs of servers and proxies, the browser's history and
   * referrers show it. Only for a server that loses the header `Authorization`, as some CGI set-ups do. The result has a `fetch`
   * that does so, for the client: `new HttpLink({ uri, fetch })`, urql's `fetch`, `authFetch(auth, { fetch })`.
   *
   * @defaultValue false
   */
  readonly unsafeTokenInUrl?: boolean;
}

/** Manager options for a CollectiveAccess installation. */
export type CollectiveAccessSession = LoginSession<PasswordCredentials, CollectiveAccessAnswer> & {
  readonly dialect: Dialect;
};

/** What a sign-in resolves to: `const { user } = await auth.signIn(…)`. */
export interface CollectiveAccessAnswer extends LoginAnswer {
  readonly user: {
    readonly id: number;
    readonly fname: string | null;
    readonly lname: string | null;
    readonly email: string | null;
  } | null;
}

interface LoginData {
  readonly login: { readonly jwt: string | null; readonly refresh: string | null } & Pick<
    CollectiveAccessAnswer,
    'user'
  >;
}

interface RefreshData {
  readonly refresh: { readonly jwt: string | null };
}

/**
 * CollectiveAccess: `login` and `refresh` are GraphQL queries on the endpoint `Auth`.
 *
 * - `login(username, password)` → `jwt`, `refresh` and the user; wrong credentials are 200 with `jwt: null`
 * - `refresh(token)` → a `jwt` and no new refresh token; when the refresh token has expired, 401 with `expiredToken`
 *
 * Expiries are read from the tokens. Since November 2021 servers answer a refresh with the claims of the refresh token: the
 * same string each time, which expires with the refresh token.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function collectiveAccess(
  options: CollectiveAccessOptions & { readonly unsafeTokenInUrl: true },
): CollectiveAccessSession & { readonly fetch: typeof fetch };
export function collectiveAccess(options: CollectiveAccessOptions): CollectiveAccessSession;
export function collectiveAccess(
  options: CollectiveAccessOptions,
): CollectiveAccessSession & { readonly fetch?: typeof fetch } {
  const { unsafeTokenInUrl, fetch: send } = options;
  const url = endpointOf(options);
  const login = graphqlLogin({
    ...options,
    url,
    dialect,
    signIn: {
      document: `query Login($username: String, $password: String) {
        login(username: $username, password: $password) { jwt refresh user { id fname lname email } }
      }`,
      variables: ({ username, password }: PasswordCredentials) => ({ username, password }),
      answer: ({ login: { jwt, refresh, user } }: LoginData): CollectiveAccessAnswer => ({
        accessToken: jwt,
        refreshToken: refresh,
        user,
      }),
    },
    renew: {
      document: 'query Refresh($token: String) { refresh(token: $token) { jwt } }',
      variables: ({ refreshToken }) => (refreshToken === undefined ? null : { token: refreshToken }),
      answer: ({ refresh: { jwt } }: RefreshData) => ({ accessToken: jwt }),
    },
  });
  return { ...login, dialect, ...(unsafeTokenInUrl && { fetch: tokenInUrl(new URL(url).origin, 'jwt', send) }) };
}

function endpointOf({ baseUrl, authUrl, ...options }: CollectiveAccessOptions): string {
  if ((baseUrl === undefined) === (authUrl === undefined))
    throw new TokenError(
      'misconfigured',
      'Pass exactly one of the options "baseUrl", to which /service/Auth is added, and "authUrl", the endpoint itself.',
    );
  if (authUrl !== undefined) return checkEndpoint(authUrl, 'Option "authUrl"', options);
  return `${checkEndpoint(baseUrl, 'Option "baseUrl"', options).replace(/\/+$/, '')}/service/Auth`;
}
