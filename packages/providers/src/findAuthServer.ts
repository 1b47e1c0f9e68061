import { authServerError, TokenError } from '@latchkey/core';
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

/** Where the auth server is: exactly one of `issuer` and `tokenUrl`. */
export interface AuthServerOptions extends EndpointOptions {
  /** Finds the endpoints by discovery, at the first request. A failure there ends no session and is tried again. */
  readonly issuer?: string;
  /** The token endpoint; a query in it is kept as it is. */
  readonly tokenUrl?: string;
  /** Where tokens are revoked at sign-out. @defaultValue what discovery says @see RFC 7009 */
  readonly revocationUrl?: string;
}

/** What is known about the auth server; asks it where it is known by its issuer alone. */
export type FindAuthServer = (signal: AbortSignal) => Promise<AuthorizationServer>;

/**
 * @throws TokenError `misconfigured` at once when an address is wrong, naming option and remedy
 * @see RFC 8414, which puts the well-known path before the issuer's own; OpenID Connect Discovery 1.0, which appends it
 */
export function findAuthServer(options: AuthServerOptions, send: Send): FindAuthServer {
  const { issuer, tokenUrl, revocationUrl } = options;
  if ((issuer === undefined) === (tokenUrl === undefined))
    throw new TokenError(
      'misconfigured',
      issuer === undefined
        ? 'Neither option "issuer" nor "tokenUrl" is given. Pass "issuer" for discovery, or "tokenUrl".'
        : 'Options "issuer" and "tokenUrl" both say where the auth server is. Leave out one of them.',
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
    found ??= { ...checkFound(await discover(identifier, send, signal), options), ...revocation };
    return found;
  };
}

async function discover(issuer: URL, send: Send, signal: AbortSignal): Promise<AuthorizationServer> {
  // Plain http is judged by checkEndpoint, which knows loopback.
  const get = (url: string, { headers }: { readonly headers: Record<string, string> }) =>
    send(url, { headers, signal });
  const options = { signal, [customFetch]: get, [allowInsecureRequests]: true };
  let response = await discoveryRequest(issuer, { algorithm: 'oidc', ...options });
  if (response.status === 404) {
    await response.body?.cancel();
    response = await discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
  }
  if (!response.ok) throw notFound(response);
  try {
    return await processDiscoveryResponse(issuer, response);
  } catch (thrown) {
    const { code } = thrown as { readonly code?: unknown };
    throw code === JSON_ATTRIBUTE_COMPARISON
      ? new TokenError(
          'misconfigured',
          'The discovery document is of another issuer than option "issuer". Pass its "issuer" field, letter by letter.',
        )
      : new TokenError('unavailable', 'The discovery document could not be read.');
  }
}

/** Without the status, which would speak of the token endpoint: whatever this says, it is not a no to a token. */
function notFound({ status, headers }: Response): TokenError {
  const { retryAfterMs } = authServerError({ status: 503, headers });
  return new TokenError('unavailable', `The discovery document could not be had: the server answered ${status}.`, {
    retryAfterMs,
  });
}

function checkFound(server: AuthorizationServer, options: AuthServerOptions): AuthorizationServer {
  checkEndpoint(server.token_endpoint, 'The "token_endpoint" of the discovery document', options);
  if (server.revocation_endpoint !== undefined)
    checkEndpoint(server.revocation_endpoint, 'The "revocation_endpoint" of the discovery document', options);
  return server;
}
