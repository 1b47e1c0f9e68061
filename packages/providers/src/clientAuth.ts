import { TokenError } from '@latchkey/core';
import { type ClientAuth, ClientSecretPost, None } from 'oauth4webapi';

export type { ClientAuth } from 'oauth4webapi';

/** The ways in which a client shows who it is. Exactly one is used. */
export interface ClientAuthOptions {
  /** Who the client is at the auth server. */
  readonly clientId: string;
  /** For clients that can keep one: not in a page, where everybody can read it. */
  readonly clientSecret?: string;
  /**
   * How the client shows who it is:
   *
   * - `'basic'`: `Authorization: Basic`, id and secret form-encoded first, as RFC 6749 section 2.3.1 says
   * - `'basicRaw'`: the same without the encoding, as older servers want it
   * - `'post'`: `client_id` and `client_secret` in the body
   * - `'none'`: `client_id` in the body; the client is public
   * - a function that writes to the body or the headers of the request, as oauth4webapi's `PrivateKeyJwt(key)`
   *
   * @defaultValue without a `clientSecret` `'none'`; with one `'basic'`, or `'post'` where discovery offers only that
   */
  readonly clientAuth?: 'basic' | 'basicRaw' | 'post' | 'none' | ClientAuth;
}

/** The WHATWG form serializer: what a server that reads forms reads back. oauth4webapi's own also escapes `-`, `_`, `.` and `~`. */
const formEncode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

const basic =
  (secret: string, encode: (text: string) => string): ClientAuth =>
  (_server, { client_id }, _body, headers) =>
    headers.set('authorization', `Basic ${base64(`${encode(client_id)}:${encode(secret)}`)}`);

/** Basic, which every auth server must take, unless its discovery document leaves it out and offers `post`. */
const whatIsOffered = (secret: string): ClientAuth => {
  const [byHeader, byBody] = [basic(secret, formEncode), ClientSecretPost(secret)];
  return (server, ...request) => {
    const offered = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const wantsPost = !offered.includes('client_secret_basic') && offered.includes('client_secret_post');
    return (wantsPost ? byBody : byHeader)(server, ...request);
  };
};

const withSecret = {
  basic: (secret: string): ClientAuth => basic(secret, formEncode),
  basicRaw: (secret: string): ClientAuth => basic(secret, text => text),
  post: (secret: string): ClientAuth => ClientSecretPost(secret),
};

/**
 * The function that puts the client's authentication on a request.
 *
 * @throws TokenError `misconfigured` when there are two ways, or half a way, naming option and remedy
 * @see RFC 6749 section 2.3: no more than one way in each request
 */
export function clientAuthOf({ clientId, clientSecret, clientAuth }: ClientAuthOptions): ClientAuth {
  const wrong = (message: string) => new TokenError('misconfigured', message);
  if (typeof clientId !== 'string' || clientId === '')
    throw wrong('Option "clientId" is missing. Pass the id under which the auth server knows this client.');
  if (clientSecret !== undefined && (typeof clientSecret !== 'string' || clientSecret === ''))
    throw wrong('Option "clientSecret" is empty. Pass the secret, or leave it out for a public client.');
  if (typeof clientAuth === 'function' || clientAuth === 'none') {
    if (clientSecret !== undefined)
      throw wrong(
        `Options "clientSecret" and "clientAuth" are two ways to authenticate the client. Leave out "clientSecret", or set "clientAuth" to 'basic', 'basicRaw' or 'post'.`,
      );
    return clientAuth === 'none' ? None() : clientAuth;
  }
  if (clientAuth === undefined) return clientSecret === undefined ? None() : whatIsOffered(clientSecret);
  if (!Object.hasOwn(withSecret, clientAuth))
    throw wrong(`Option "clientAuth" must be 'basic', 'basicRaw', 'post', 'none' or a function. Choose one of them.`);
  if (clientSecret === undefined)
    throw wrong(
      `Option "clientAuth" is '${clientAuth}' and there is no "clientSecret". Pass the secret, or leave out both for a public client.`,
    );
  if (clientAuth === 'basicRaw' && clientId.includes(':'))
    throw wrong(
      `Option "clientId" holds a colon, which ends the id where the header is not encoded. Use "clientAuth" 'basic' or 'post'.`,
    );
  return withSecret[clientAuth](clientSecret);
}
