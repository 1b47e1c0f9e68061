import { TokenError } from '@latchkey/core';
import { type ClientAuth, ClientSecretPost, None } from 'oauth4webapi';

export type { ClientAuth } from 'oauth4webapi';

/** How the client authenticates at the auth server. Each request uses exactly one method. */
export interface ClientAuthOptions {
  /** The client's id at the auth server. */
  readonly clientId: string;
  /** For clients that can keep a secret: a page cannot, because everybody can read what it holds. */
  readonly clientSecret?: string;
  /**
   * The method:
   *
   * - `'basic'`: `Authorization: Basic` with id and secret form-encoded, as in RFC 6749 section 2.3.1
   * - `'basicRaw'`: the same without the encoding, which some older servers do not decode
   * - `'post'`: `client_id` and `client_secret` in the body
   * - `'none'`: `client_id` in the body, for a public client
   * - a function that adds to the body or the headers of the request, e.g. oauth4webapi's `PrivateKeyJwt(key)`
   *
   * @defaultValue without a `clientSecret` `'none'`; with one `'basic'`, or `'post'` where discovery offers only that
   */
  readonly clientAuth?: 'basic' | 'basicRaw' | 'post' | 'none' | ClientAuth;
}

type Encode = (value: string) => string;

/** The WHATWG form serializer, whose output every form parser decodes. oauth4webapi's own also escapes `-`, `_`, `.` and `~`. */
const formEncode: Encode = value => new URLSearchParams([['', value]]).toString().slice(1);

const base64: Encode = value => btoa(String.fromCharCode(...new TextEncoder().encode(value)));

const basicWith =
  (encode: Encode, secret: string): ClientAuth =>
  (_server, { client_id }, _body, headers) =>
    headers.set('authorization', `Basic ${base64(`${encode(client_id)}:${encode(secret)}`)}`);

/** Basic, which every auth server must support, unless its discovery document lists `client_secret_post` and not Basic. */
function basicOrPost(secret: string): ClientAuth {
  const basic = basicWith(formEncode, secret);
  const post = ClientSecretPost(secret);
  return (server, ...request) => {
    const offered = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const isPost = !offered.includes('client_secret_basic') && offered.includes('client_secret_post');
    return (isPost ? post : basic)(server, ...request);
  };
}

const methodsWithSecret: Readonly<Record<'basic' | 'basicRaw' | 'post', (secret: string) => ClientAuth>> = {
  basic: secret => basicWith(formEncode, secret),
  basicRaw: secret => basicWith(value => value, secret),
  post: secret => ClientSecretPost(secret),
};

/**
 * The function that authenticates the client in a request.
 *
 * @throws TokenError `misconfigured` when the options name two methods, or half of one, naming the option and the remedy
 * @see RFC 6749 section 2.3: no more than one method in each request
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
  if (clientAuth === undefined) return clientSecret === undefined ? None() : basicOrPost(clientSecret);
  if (!Object.hasOwn(methodsWithSecret, clientAuth))
    throw wrong(`Option "clientAuth" must be 'basic', 'basicRaw', 'post', 'none' or a function. Choose one of them.`);
  if (clientSecret === undefined)
    throw wrong(
      `Option "clientAuth" is '${clientAuth}' and there is no "clientSecret". Pass the secret, or leave out both for a public client.`,
    );
  if (clientAuth === 'basicRaw' && clientId.includes(':'))
    throw wrong(
      `Option "clientId" contains a colon, which ends the id where the header is not encoded. Use "clientAuth" 'basic' or 'post'.`,
    );
  return methodsWithSecret[clientAuth](clientSecret);
}
