import { TokenError, type TokenManagerOptions } from '@latchkey/core';
import { checkHeaders } from '@latchkey/core/adapter';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { type OAuth2Answer, oauth2 } from './oauth2.ts';
import { checkCredentials, type PasswordCredentials } from './passwordCredentials.ts';
import { refuseInPage } from './refuseInPage.ts';

export type { PasswordCredentials } from './passwordCredentials.ts';

/** What Altrata issues to an application. */
export interface AltrataOptions extends EndpointOptions, SendOptions {
  /** Sent with every request, for tokens and for data. For servers only: everybody can read what a page holds. */
  readonly apiKey: string;
  /** @defaultValue the documented address, at `api-auth.altrata.com` */
  readonly tokenUrl?: string;
  /** Where `grant_type` is sent; the document lists it as a query parameter. @defaultValue 'query' */
  readonly grantTypeIn?: 'query' | 'body';
}

/** Manager options for the session of a service user. */
export type ServiceSession = Required<
  Pick<TokenManagerOptions<PasswordCredentials, OAuth2Answer>, 'signIn' | 'headers' | 'exclusive'>
>;

const documentedTokenUrl = 'https://api-auth.altrata.com/oauth2/token';
const grant = 'client_credentials';

/**
 * Altrata: client credentials of a service user, and an API key. A new token invalidates the one before it. So the manager
 * requests none before the current one has expired, and processes that share a service user must share a store with a lock.
 *
 * - sign-in: `?grant_type=client_credentials`, an empty body, `x-api-key`, and `Authorization: Basic` with user name and
 *   password that are not form-encoded → 200 with a token for 8 hours and no refresh token
 * - failures are not documented; the server looks like a gateway: 401 for the user, 403 for the key, 429 for the quota
 *
 * With `credentials` the manager signs in by itself: `{ ...altrata({ apiKey }), credentials: () => ({ username, password }) }`.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function altrata(options: AltrataOptions): ServiceSession {
  const { apiKey, tokenUrl = documentedTokenUrl, grantTypeIn = 'query', ...rest } = options;
  const keyHeader = { 'x-api-key': apiKey };
  checkHeaders(keyHeader, 'Option "apiKey"');
  refuseInPage('Option "apiKey"', options);
  const address = new URL(checkEndpoint(tokenUrl, 'Option "tokenUrl"', options));
  if (grantTypeIn === 'query') address.searchParams.set('grant_type', grant);

  return {
    exclusive: true,
    headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, ...keyHeader }),
    async signIn(credentials, context) {
      checkCredentials(credentials);
      const { username: clientId, password: clientSecret } = credentials;
      const service = oauth2({
        ...rest,
        tokenUrl: address.href,
        clientId,
        clientSecret,
        clientAuth: 'basicRaw',
        grant,
        headers: keyHeader,
      });
      try {
        return await service.signIn({}, context);
      } catch (thrown) {
        const status = TokenError.is(thrown) ? thrown.status : undefined;
        if (status === 401) return null; // the service user is the OAuth client: a refused client is a rejected user
        if (status === 403)
          throw new TokenError('misconfigured', 'The gateway refused the request. Check option "apiKey".', { status });
        throw thrown;
      }
    },
  };
}
