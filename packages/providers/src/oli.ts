import type { EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { oauth2, type UserSession } from './oauth2.ts';

/** What may differ from OLI's document. */
export interface OliOptions extends EndpointOptions, SendOptions {
  /** @defaultValue the address of the document, at `auth.olisystems.com` */
  readonly tokenUrl?: string;
  /** @defaultValue 'apiclient', a public client: it has no secret */
  readonly clientId?: string;
}

const documented = 'https://auth.olisystems.com/auth/realms/api/protocol/openid-connect/token';

/**
 * OLI Systems: a Keycloak realm with a public client and the password grant. Lifetimes are what the answer says, which the
 * document gives in two versions: 5 minutes and 30 minutes in its sample, 24 hours and 7 days in its text. The refresh token
 * may be good for one use; each refresh brings the next one.
 *
 * - sign-in: `username`, `password`, `grant_type=password`, `client_id` → 200, or 401 `invalid_grant`
 * - refresh: `refresh_token`, `grant_type=refresh_token`, `client_id` → 200, or 400 `invalid_grant`
 * - logout, which is Keycloak's and not in the document: `refresh_token`, `client_id` → 204
 *
 * The answer's `refresh_expires_in` is called `refresh_token_expires_in` in the document's table: both are read. The body that
 * it shows for a refresh is the bare word `refresh_expires_in`: that would be trouble on the way, and end no session.
 *
 * @throws TokenError `misconfigured` when an option is wrong
 */
export function oli({ tokenUrl = documented, clientId = 'apiclient', ...rest }: OliOptions = {}): UserSession {
  return oauth2({ tokenUrl, clientId, logoutUrl: tokenUrl.replace(/\/token(?=$|\?)/, '/logout'), ...rest });
}
