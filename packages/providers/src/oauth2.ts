import { TokenError, type TokenManagerOptions } from '@latchkey/core';
import { checkHeaders } from '@latchkey/core/adapter';
import { checkEndpoint } from './checkEndpoint.ts';
import { createTokenRequests, type TokenRequestOptions, type TokenRequests } from './createTokenRequests.ts';
import { keepWhileValid } from './keepWhileValid.ts';
import type { PasswordCredentials } from './passwordCredentials.ts';
import type { OAuth2Answer } from './readOAuth2Answer.ts';
import { refuseInPage } from './refuseInPage.ts';

export type { ClientAuth } from 'oauth4webapi';
export type { PasswordCredentials } from './passwordCredentials.ts';
export type { OAuth2Answer } from './readOAuth2Answer.ts';

/** An OAuth 2.0 auth server, and how this client signs in there. */
export interface OAuth2Options extends TokenRequestOptions {
  /**
   * How a session begins: `'password'` with a user's name and password, which OAuth 2.1 has dropped and many APIs have not;
   * `'client_credentials'` with the client itself: the manager signs in unattended, and again when the token has expired.
   *
   * @defaultValue 'password'
   */
  readonly grant?: 'password' | 'client_credentials';
  /** Keycloak's endpoint that ends the session of a refresh token. Used at sign-out instead of revocation. */
  readonly logoutUrl?: string;
}

/** None are passed: `auth.signIn()`. */
export type NoCredentials = Readonly<Record<string, never>> | void;

/** Manager options for a user's session. */
export type UserSession = Required<
  Pick<TokenManagerOptions<PasswordCredentials, OAuth2Answer>, 'renew' | 'signIn' | 'signOut'>
>;

/** Manager options for the session of a client itself. */
export type ClientSession = Required<
  Pick<TokenManagerOptions<NoCredentials, OAuth2Answer>, 'credentials' | 'signIn' | 'signOut'>
>;

/**
 * An OAuth 2.0 auth server, as options of a token manager. What its answer holds next to the tokens, e.g. `scope`, is what
 * `auth.signIn` resolves to.
 *
 * ```ts
 * const auth = createTokenManager(oauth2({ issuer: 'https://login.example/realms/shop', clientId: 'app' }));
 * await auth.signIn({ username, password });
 * ```
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 * @see RFC 6749 sections 4.3, 4.4 and 6, RFC 7009
 */
export function oauth2(options: OAuth2Options & { readonly grant: 'client_credentials' }): ClientSession;
export function oauth2(options: OAuth2Options & { readonly grant?: 'password' }): UserSession;
export function oauth2(options: OAuth2Options): ClientSession | UserSession {
  checkOptions(options);
  const requests = createTokenRequests(options);
  const { logoutUrl } = options;
  if (logoutUrl !== undefined) checkEndpoint(logoutUrl, 'Option "logoutUrl"', options);

  const session = options.grant === 'client_credentials' ? clientSession(requests) : userSession(requests);
  return {
    ...session,
    async signOut(tokens, { signal }) {
      if (logoutUrl === undefined) await requests.revoke(tokens, signal);
      else if (tokens.refreshToken !== undefined) await requests.logout(logoutUrl, tokens.refreshToken, signal);
    },
  };
}

function clientSession(requests: TokenRequests): Omit<ClientSession, 'signOut'> {
  return {
    credentials: () => ({}),
    async signIn(_, { signal }) {
      const answer = await requests.clientCredentials(signal);
      // RFC 6749 section 4.4.3: a refresh token should not be issued here. The grant itself gets a successor.
      return answer && { ...answer, refreshToken: undefined, refreshExpiresInS: undefined };
    },
  };
}

function userSession(requests: TokenRequests): Omit<UserSession, 'signOut'> {
  return {
    async renew(context) {
      const refreshToken = context.current?.refreshToken;
      if (refreshToken === undefined) return keepWhileValid(context);
      return requests.refresh(refreshToken, context.signal);
    },
    signIn: (credentials, { signal }) => requests.password(credentials, signal),
  };
}

/** Parameters that the grants set themselves. */
const ofGrants = ['username', 'password', 'refresh_token'];
const ofClientAuth = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

function checkOptions(options: OAuth2Options): void {
  const { grant = 'password', headers = {}, parameters = {}, clientSecret, logoutUrl, revocationUrl } = options;
  const wrong = (message: string) => new TokenError('misconfigured', message);
  if (grant !== 'password' && grant !== 'client_credentials')
    throw wrong(`Option "grant" must be 'password' or 'client_credentials'. Leave it out for 'password'.`);

  checkHeaders(headers, 'Option "headers"');
  if (new Headers(headers).has('authorization'))
    throw wrong(
      'Option "headers" holds "authorization", which would be a second way to authenticate the client. Pass a function as "clientAuth" instead.',
    );

  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value !== 'string')
      throw wrong(`Option "parameters" must hold strings, and "${name}" is not one. Pass a string, or leave it out.`);
    if (ofClientAuth.includes(name))
      throw wrong(
        `Option "parameters" holds "${name}", which would be a second way to authenticate the client. Use "clientId", "clientSecret" and "clientAuth".`,
      );
    if (ofGrants.includes(name) || (name === 'grant_type' && value !== grant))
      throw wrong(`Option "parameters" holds "${name}", which the grant sets itself. Leave it out.`);
  }

  if (clientSecret !== undefined) refuseInPage('Option "clientSecret"', options);
  if (logoutUrl !== undefined && revocationUrl !== undefined)
    throw wrong('Options "logoutUrl" and "revocationUrl" are two ways to end a session. Leave out one of them.');
}
