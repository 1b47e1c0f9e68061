import type { EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { oauth2, type UserSession } from './oauth2.ts';

/** What Real Items issues to an application. */
export interface RealItemsOptions extends EndpointOptions, SendOptions {
  readonly clientId: string;
  /** For servers only: everybody can read what a page holds. */
  readonly clientSecret: string;
  /** @defaultValue the documented address, which is that of the staging system */
  readonly tokenUrl?: string;
}

const documentedTokenUrl = 'https://staging.realitems.io/oauth/token';

/**
 * Real Items: the password grant for a client with a secret. There is no refresh token: "the logic for detecting session
 * timeouts and reauthorizing must be coded within the client application". With `credentials` the manager does so.
 *
 * - sign-in: `grant_type=password`, `username`, `password` → 200 with a token for 24 hours and the user's profile
 * - wrong credentials: 400 `invalid_grant`; a wrong secret: 401 with a challenge for Basic and an unregistered `error`
 *
 * The secret in `Authorization: Basic` is not form-encoded, as in the document's sample, because the server does not decode it.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function realItems({ tokenUrl = documentedTokenUrl, ...options }: RealItemsOptions): UserSession {
  return oauth2({
    ...options,
    tokenUrl,
    clientAuth: 'basicRaw',
    parameters: { grant_type: 'password' }, // first in the form, as in the document
  });
}
