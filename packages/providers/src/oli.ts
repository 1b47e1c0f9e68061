import type { EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { oauth2, type UserSession } from './oauth2.ts';

/** What may differ from OLI's document. */
export interface OliOptions extends EndpointOptions, SendOptions {
  /** @defaultValue the documented address, at `auth.olisystems.com` */
  readonly tokenUrl?: string;
  /** @defaultValue 'apiclient', a public client: it has no secret */
  readonly clientId?: string;
}

const documentedTokenUrl = 'https://auth.olisystems.com/auth/realms/api/protocol/openid-connect/token';

/**
 * OLI Systems: a Keycloak realm with a public client and the password grant. The answer decides about lifetimes, which the
 * document gives in two versions: 5 minutes and 30 minutes in its sample, 24 hours and 7 days in its prose. A refresh token
 * may be valid for one use; each refresh answers the next one.
 *
 * - sign-in: `username`, `password`, `grant_type=password`, `client_id` → 200, or 401 `invalid_grant`
 * - refresh: `refresh_token`, `grant_type=refresh_token`, `client_id` → 200, or 400 `invalid_grant`
 * - logout, which is Keycloak's and not documented: `refresh_token`, `client_id` → 204
 *
 * The field `refresh_expires_in` is called `refresh_token_expires_in` in the document's table: both are read. As the answer
 * to a refresh the document shows the bare string `refresh_expires_in`: that is a transient failure, and ends no session.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function oli({ tokenUrl = documentedTokenUrl, clientId = 'apiclient', ...rest }: OliOptions = {}): UserSession {
  return oauth2({ tokenUrl, clientId, logoutUrl: tokenUrl.replace(/\/token(?=$|\?)/, '/logout'), ...rest });
}
