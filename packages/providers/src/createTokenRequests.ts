import { TokenError } from '@latchkey/core';
import { authServerError } from '@latchkey/core/adapter';
import {
  allowInsecureRequests,
  type ClientAuth,
  clientCredentialsGrantRequest,
  customFetch,
  genericTokenEndpointRequest,
  refreshTokenGrantRequest,
  revocationRequest,
} from 'oauth4webapi';
import { type ClientAuthOptions, clientAuthOf } from './clientAuth.ts';
import { createSend, type Send, type SendOptions } from './createSend.ts';
import { type AuthServerOptions, findAuthServer } from './findAuthServer.ts';
import { type RejectionOptions, readWith } from './isRejection.ts';
import { checkCredentials, type PasswordCredentials } from './passwordCredentials.ts';
import { readJson } from './readJson.ts';
import { type OAuth2Answer, readOAuth2Answer } from './readOAuth2Answer.ts';

/** Where the requests are sent, and what each of them contains. */
export interface TokenRequestOptions extends AuthServerOptions, ClientAuthOptions, SendOptions, RejectionOptions {
  /** Requested at sign-in; a refresh requests the scope of the session. */
  readonly scope?: string;
  /** Further headers of each request to the auth server, e.g. `x-api-key`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further parameters of each token request, e.g. `audience`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The tokens of a session that are to be revoked. */
export interface RevokedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

/** A client's requests to its auth server. `null` is a rejection; every other failure is a `TokenError`. */
export interface TokenRequests {
  readonly password: (credentials: PasswordCredentials, signal: AbortSignal) => Promise<OAuth2Answer | null>;
  readonly clientCredentials: (signal: AbortSignal) => Promise<OAuth2Answer | null>;
  readonly refresh: (refreshToken: string, signal: AbortSignal) => Promise<OAuth2Answer | null>;
  /** Does nothing where there is no revocation endpoint. */
  readonly revoke: (tokens: RevokedTokens, signal: AbortSignal) => Promise<void>;
  readonly logout: (url: string, refreshToken: string, signal: AbortSignal) => Promise<void>;
}

/** @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy */
export function createTokenRequests(options: TokenRequestOptions): TokenRequests {
  const { clientId, scope, headers = {}, parameters = {} } = options;
  const client = { client_id: clientId };
  const authenticate = withSafeErrors(clientAuthOf(options));
  const authenticateOnce = withoutParametersOfUrl(authenticate);
  const send = createSend(options);
  const find = findAuthServer(options, send);
  const read = (response: Response) => readWith(response, options, readOAuth2Answer);
  const signInParameters = { ...parameters, ...(scope !== undefined && { scope }) };

  return {
    async password({ username, password }, signal) {
      checkCredentials({ username, password });
      const form = { ...signInParameters, username, password };
      const details = requestDetails(send, headers, signal);
      const server = await find(signal);
      return read(await genericTokenEndpointRequest(server, client, authenticateOnce, 'password', form, details));
    },
    async clientCredentials(signal) {
      const details = requestDetails(send, headers, signal);
      const server = await find(signal);
      return read(await clientCredentialsGrantRequest(server, client, authenticateOnce, signInParameters, details));
    },
    async refresh(refreshToken, signal) {
      const details = { ...requestDetails(send, headers, signal), additionalParameters: parameters };
      const server = await find(signal);
      return read(await refreshTokenGrantRequest(server, client, authenticateOnce, refreshToken, details));
    },
    async revoke({ accessToken, refreshToken }, signal) {
      const server = await find(signal);
      if (server.revocation_endpoint === undefined) return;
      const details = requestDetails(send, headers, signal, keepalive);
      // The refresh token first: many servers revoke the access tokens of its grant with it.
      for (const [token, token_type_hint] of [
        [refreshToken, 'refresh_token'],
        [accessToken, 'access_token'],
      ] as const) {
        if (token === undefined) continue;
        const hinted = { ...details, additionalParameters: { token_type_hint } };
        await checkRevoked(await revocationRequest(server, client, authenticate, token, hinted));
      }
    },
    async logout(url, refreshToken, signal) {
      const body = new URLSearchParams({ refresh_token: refreshToken });
      const sentHeaders = new Headers({ ...headers, ...contentType });
      await authenticate(await find(signal), client, body, sentHeaders);
      await checkRevoked(await send(url, { method: 'POST', body, headers: sentHeaders, signal, ...keepalive }));
    },
  };
}

/** oauth4webapi adds a charset, which this media type does not have, and some gateways compare the header as a whole. */
const contentType = { 'content-type': 'application/x-www-form-urlencoded' };

/** A request at sign-out must complete although the user leaves, also in a worker. */
const keepalive = { keepalive: true };

/** The options of oauth4webapi for a request that `send` sends. */
function requestDetails(
  send: Send,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  init?: RequestInit,
) {
  return {
    headers: { ...headers },
    signal,
    [allowInsecureRequests]: true, // checkEndpoint decides about plain http: it knows loopback
    [customFetch]: (url: string, given: RequestInit) =>
      send(url, { ...given, ...init, headers: { ...(given.headers as Record<string, string>), ...contentType } }),
  };
}

/** The error of a `clientAuth` function may hold the secret that it works with. */
function withSafeErrors(authenticate: ClientAuth): ClientAuth {
  return async (...request) => {
    try {
      await authenticate(...request);
    } catch (thrown) {
      if (TokenError.is(thrown)) throw thrown;
      throw new TokenError(
        'unavailable',
        'The function "clientAuth" failed. Let it throw a TokenError to report the cause.',
      );
    }
  };
}

/** A parameter must not be sent twice: those in the query of the token URL are removed from the body. @see RFC 6749 section 3.2 */
function withoutParametersOfUrl(authenticate: ClientAuth): ClientAuth {
  return async (server, client, body, headers) => {
    await authenticate(server, client, body, headers);
    const { searchParams } = new URL(server.token_endpoint as string);
    for (const [name, value] of searchParams) if (body.get(name) === value) body.delete(name);
  };
}

/** @throws TokenError when the token may still be valid; `unsupported_token_type` is not a failure. @see RFC 7009 section 2.2.1 */
async function checkRevoked(response: Response): Promise<void> {
  const { ok, status, headers } = response;
  if (ok) return response.body?.cancel();
  const error = (await readJson(response))?.error;
  if (error === 'unsupported_token_type') return;
  throw authServerError({ status, headers, code: typeof error === 'string' ? error : undefined });
}
