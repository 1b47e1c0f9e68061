import { TokenError } from '@latchkey/core';
import type { EndpointOptions } from './checkEndpoint.ts';
import { isPage } from './isPage.ts';

/**
 * @param what - the option, e.g. `Option "clientSecret"`, for the message
 * @throws TokenError `misconfigured` in a page
 * @see RFC 10017 section 6.3: a browser cannot keep a client secret
 */
export function refuseInPage(what: string, { allowInsecure = false }: EndpointOptions): void {
  if (isPage() && !allowInsecure)
    throw new TokenError(
      'misconfigured',
      `${what} is in a page, where everybody can read it. Sign in on a server, and let the page request tokens there.`,
    );
}
