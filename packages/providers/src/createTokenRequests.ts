import { authServerError, TokenError } from '@latchkey/core';
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
import { createSend, type SendOptions } from './createSend.ts';
import { type AuthServerOptions, findAuthServer } from './findAuthServer.ts';
import { checkCredentials, type PasswordCredentials } from './passwordCredentials.ts';
import { readJson } from './readJson.ts';
import { type OAuth2Answer, readOAuth2Answer } from './readOAuth2Answer.ts';

/** Where the requests go and what each of them carries. */
export interface TokenRequestOptions extends AuthServerOptions, ClientAuthOptions, SendOptions {
  /** What is asked for at sign-in; a refresh asks for the same as before. */
  readonly scope?: string;
  /** Further headers of each request to the auth server, as `x-api-key`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further parameters of each token request, as `audience`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The tokens that a session has, to be revoked. */
export interface RevokedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

/** The requests of a client to its auth server. `null` is a no; every other failure is a `TokenError`. */
export interface TokenRequests {
  readonly password: (credentials: PasswordCredentials, signal: AbortSignal) => Promise<OAuth2Answer | null>;
  readonly clientCredentials: (signal: AbortSignal) => Promise<OAuth2Answer | null>;
  readonly refresh: (refreshToken: string, signal: AbortSignal) => Promise<OAuth2Answer | null>;
  /** Does nothing where there is no revocation endpoint. */
  readonly revoke: (tokens: RevokedTokens, signal: AbortSignal) => Promise<void>;
  readonly logout: (url: string, refreshToken: string, signal: AbortSignal) => Promise<void>;
}

/** What a function of the program throws may hold the secret that it works with. */
const withoutItsErrors =
  (authenticate: ClientAuth): ClientAuth =>
  async (...request) => {
    try {
      await authenticate(...request);
    } catch (thrown) {
      if (TokenError.is(thrown)) throw thrown;
      throw new TokenError('unavailable', 'The function "clientAuth" failed. Throw a TokenError from it to say more.');
    }
  };

/** A parameter must not be there twice: what the query of the token URL says is left out of the body. @see RFC 6749 section 3.2 */
const oncePerRequest =
  (authenticate: ClientAuth): ClientAuth =>
  async (server, client, body, headers) => {
    await authenticate(server, client, body, headers);
    const { searchParams } = new URL(server.token_endpoint as string);
    for (const [name, value] of searchParams) if (body.get(name) === value) body.delete(name);
  };

/** Every answer but this one to a revocation says whether the token lives on. @see RFC 7009 section 2.2.1 */
async function checkRevoked(response: Response): Promise<void> {
  const { ok, status, headers } = response;
  if (ok) return response.body?.cancel();
  const error = (await readJson(response))?.error;
  if (error === 'unsupported_token_type') return;
  throw authServerError({ status, headers, code: typeof error === 'string' ? error : undefined });
}

/** @throws TokenError `misconfigured` when an option is wrong, naming option and remedy */
export function createTokenRequests(options: TokenRequestOptions): TokenRequests {
  const { clientId, scope, headers = {}, parameters = {} } = options;
  const client = { client_id: clientId };
  const authenticate = withoutItsErrors(clientAuthOf(options));
  const authenticateOnce = oncePerRequest(authenticate);
  const send = createSend(options);
  const find = findAuthServer(options, send);
  const atSignIn = { ...parameters, ...(scope !== undefined && { scope }) };
  // The charset that oauth4webapi adds is no part of this type, and some gateways compare it whole.
  const contentType = { 'content-type': 'application/x-www-form-urlencoded' };

  const request = (signal: AbortSignal, init: RequestInit = {}) => ({
    headers: { ...headers },
    signal,
    [allowInsecureRequests]: true, // judged by checkEndpoint, which knows loopback
    [customFetch]: (url: string, given: RequestInit) =>
      send(url, { ...given, ...init, headers: { ...(given.headers as Record<string, string>), ...contentType } }),
  });
  const closing = { keepalive: true }; // goes through when the page is being left

  return {
    async password({ username, password }, signal) {
      checkCredentials({ username, password });
      const server = await find(signal);
      const form = { ...atSignIn, username, password };
      return readOAuth2Answer(
        await genericTokenEndpointRequest(server, client, authenticateOnce, 'password', form, request(signal)),
      );
    },
    async clientCredentials(signal) {
      const server = await find(signal);
      return readOAuth2Answer(
        await clientCredentialsGrantRequest(server, client, authenticateOnce, atSignIn, request(signal)),
      );
    },
    async refresh(refreshToken, signal) {
      const server = await find(signal);
      const details = { ...request(signal), additionalParameters: parameters };
      return readOAuth2Answer(await refreshTokenGrantRequest(server, client, authenticateOnce, refreshToken, details));
    },
    async revoke({ accessToken, refreshToken }, signal) {
      const server = await find(signal);
      if (server.revocation_endpoint === undefined) return;
      const revoke = async (token: string, token_type_hint: string) => {
        const details = { ...request(signal, closing), additionalParameters: { token_type_hint } };
        await checkRevoked(await revocationRequest(server, client, authenticate, token, details));
      };
      if (refreshToken !== undefined) await revoke(refreshToken, 'refresh_token');
      await revoke(accessToken, 'access_token');
    },
    async logout(url, refreshToken, signal) {
      const body = new URLSearchParams({ refresh_token: refreshToken });
      const sent = new Headers({ ...headers, ...contentType });
      await authenticate(await find(signal), client, body, sent);
      await checkRevoked(await send(url, { method: 'POST', body, headers: sent, signal, ...closing }));
    },
  };
}
