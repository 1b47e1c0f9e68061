import type { EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { oauth2, type UserSession } from './oauth2.ts';

/** What Real Items gives to an application. */
export interface RealItemsOptions extends EndpointOptions, SendOptions {
  readonly clientId: string;
  /** For a server: not in a page, where everybody can read it. */
  readonly clientSecret: string;
  /** @defaultValue the address of the document, which is that of the staging system */
  readonly tokenUrl?: string;
}

const documented = 'https://staging.realitems.io/oauth/token';

/**
 * Real Items: the password grant for a client with a secret. There is no refresh token: "the logic for detecting session
 * timeouts and reauthorizing must be coded within the client application". Give `credentials`, and the manager does it.
 *
 * - sign-in: `grant_type=password`, `username`, `password` → 200 with a token for 24 hours and the user's profile
 * - wrong credentials: 400 `invalid_grant`; a wrong secret: 401 with a challenge for Basic, and an `error` that is no code
 *
 * The secret goes into `Authorization: Basic` as it is: the document's sample is not form-encoded, and its server decodes none.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming option and remedy
 */
export function realItems({ tokenUrl = documented, ...options }: RealItemsOptions): UserSession {
  return oauth2({
    ...options,
    tokenUrl,
    clientAuth: 'basicRaw',
    parameters: { grant_type: 'password' }, // first in the form, as in the document
  });
}
