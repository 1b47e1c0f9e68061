import { TokenError } from '@latchkey/core';
import { authServerError } from '@latchkey/core/adapter';
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  JSON_ATTRIBUTE_COMPARISON,
  processDiscoveryResponse,
} from 'oauth4webapi';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { Send } from './createSend.ts';
import { parseUrl } from './parseUrl.ts';

/** Where the auth server is: exactly one of `issuer` and `tokenUrl`. */
export interface AuthServerOptions extends EndpointOptions {
  /** Finds the endpoints by discovery, at the first request. A failed discovery ends no session, and the next request tries again. */
  readonly issuer?: string;
  /** The token endpoint; its query is kept. */
  readonly tokenUrl?: string;
  /** Where tokens are revoked at sign-out. @defaultValue the endpoint that discovery finds @see RFC 7009 */
  readonly revocationUrl?: string;
}

/** The metadata of the auth server; requested once where only the issuer is known. */
export type FindAuthServer = (signal: AbortSignal) => Promise<AuthorizationServer>;

/**
 * @throws TokenError `misconfigured` at once when an address is wrong, naming the option and the remedy
 * @see RFC 8414, which inserts the well-known path before the issuer's own; OpenID Connect Discovery 1.0, which appends it
 */
export function findAuthServer(options: AuthServerOptions, send: Send): FindAuthServer {
  const { issuer, tokenUrl, revocationUrl } = options;
  if ((issuer === undefined) === (tokenUrl === undefined))
    throw new TokenError(
      'misconfigured',
      issuer === undefined
        ? 'Neither option "issuer" nor "tokenUrl" is given. Pass "issuer" for discovery, or "tokenUrl".'
        : 'Options "issuer" and "tokenUrl" both state where the auth server is. Leave out one of them.',
    );
  const revocation = revocationUrl !== undefined && {
    revocation_endpoint: checkEndpoint(revocationUrl, 'Option "revocationUrl"', options),
  };
  if (issuer === undefined) {
    const address = checkEndpoint(tokenUrl, 'Option "tokenUrl"', options);
    const server = { issuer: address, token_endpoint: address, ...revocation };
    return async () => server;
  }
  const identifier = new URL(checkEndpoint(issuer, 'Option "issuer"', options));
  let found: AuthorizationServer | undefined;
  return async signal => {
    found ??= { ...checkEndpointsOf(await discover(identifier, send, signal), identifier, options), ...revocation };
    return found;
  };
}

async function discover(issuer: URL, send: Send, signal: AbortSignal): Promise<AuthorizationServer> {
  const get = (url: string, { headers }: { readonly headers: Record<string, string> }) =>
    send(url, { headers, signal });
  // checkEndpoint decides about plain http: it knows loopback.
  const options = { signal, [customFetch]: get, [allowInsecureRequests]: true };
  let response = await discoveryRequest(issuer, { algorithm: 'oidc', ...options });
  if (response.status === 404) {
    await response.body?.cancel();
    response = await discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
  }
  if (!response.ok) throw discoveryFailed(response);
  try {
    return await processDiscoveryResponse(issuer, response);
  } catch (thrown) {
    const { code } = thrown as { readonly code?: unknown };
    throw code === JSON_ATTRIBUTE_COMPARISON
      ? new TokenError(
          'misconfigured',
          'The discovery document is of another issuer than option "issuer". Pass its "issuer" field, character by character.',
        )
      : new TokenError('unavailable', 'The discovery document could not be read.');
  }
}

/** Without `status`, which the core would judge as the token endpoint's: no answer to discovery is a rejection. */
function discoveryFailed({ status, headers }: Response): TokenError {
  const { retryAfterMs } = authServerError({ status: 503, headers });
  return new TokenError('unavailable', `The discovery document could not be loaded: the server answered ${status}.`, {
    retryAfterMs,
  });
}

/**
 * An issuer on https must have its endpoints on https, too: over plain http, also on this machine, others could read the password.
 */
function checkEndpointsOf(server: AuthorizationServer, issuer: URL, options: AuthServerOptions): AuthorizationServer {
  for (const name of ['token_endpoint', 'revocation_endpoint'] as const) {
    const endpoint = server[name];
    if (endpoint === undefined && name === 'revocation_endpoint') continue;
    const address = checkEndpoint(endpoint, `The "${name}" of the discovery document`, options);
    if (issuer.protocol === 'https:' && parseUrl(address)?.protocol !== 'https:')
      throw new TokenError(
        'misconfigured',
        `The "${name}" of the discovery document is plain http, and the issuer is https. Correct the public address in the configuration of the auth server.`,
      );
  }
  return server;
}
