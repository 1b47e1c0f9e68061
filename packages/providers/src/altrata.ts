import { checkHeaders, TokenError, type TokenManagerOptions } from '@latchkey/core';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { type OAuth2Answer, oauth2 } from './oauth2.ts';
import { checkCredentials, type PasswordCredentials } from './passwordCredentials.ts';
import { refuseInPage } from './refuseInPage.ts';

export type { PasswordCredentials } from './passwordCredentials.ts';

/** What Altrata gives to an application. */
export interface AltrataOptions extends EndpointOptions, SendOptions {
  /** Goes along with each request, of tokens and of data. For a server: not in a page, where everybody can read it. */
  readonly apiKey: string;
  /** @defaultValue the address of the document, at `api-auth.altrata.com` */
  readonly tokenUrl?: string;
  /** Where the grant type stands: the document says `Parameter: Query`. @defaultValue 'query' */
  readonly grantTypeIn?: 'query' | 'body';
}

/** Manager options for the session of a service user. */
export type ServiceSession = Required<
  Pick<TokenManagerOptions<PasswordCredentials, OAuth2Answer>, 'signIn' | 'headers' | 'exclusive'>
>;

const documented = 'https://api-auth.altrata.com/oauth2/token';
const grant = 'client_credentials';

/**
 * Altrata: client credentials of a service user, and an API key. A new token ends the one before it, so none is asked for
 * before the old one has ended, and processes that share a service user share a store with a lock.
 *
 * - sign-in: `?grant_type=client_credentials`, an empty body, `Authorization: Basic` with user name and password as they are,
 *   `x-api-key` → 200 with a token for 8 hours and no refresh token
 * - failures are not in the document; what answers looks like a gateway: 401 for the user, 403 for the key, 429
 *
 * With `credentials` the manager signs in by itself: `{ ...altrata({ apiKey }), credentials: () => ({ username, password }) }`.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming option and remedy
 */
export function altrata(options: AltrataOptions): ServiceSession {
  const { apiKey, tokenUrl = documented, grantTypeIn = 'query', ...rest } = options;
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
        return refusalOf(thrown);
      }
    },
  };
}

/** The client is the user here, and 403 is the gateway's word for a key that it does not take. */
function refusalOf(thrown: unknown): null {
  if (!TokenError.is(thrown) || (thrown.status !== 401 && thrown.status !== 403)) throw thrown;
  const { status } = thrown;
  if (status === 401) return null;
  throw new TokenError('misconfigured', 'The gateway refuses the request. Check option "apiKey".', { status });
}
