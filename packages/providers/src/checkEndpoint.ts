import { TokenError } from '@latchkey/core';
import { parseUrl } from './parseUrl.ts';

/** What permits what is refused otherwise. */
export interface EndpointOptions {
  /** Permits plain http to another host than this machine, and a client secret in a page. @defaultValue false */
  readonly allowInsecure?: boolean;
}

const loopback = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * An address that passwords and refresh tokens are sent to: absolute, https or on this machine, and without secrets of its
 * own. The query is kept as it is.
 *
 * @param what - the option's name, as `Option "tokenUrl"`, for the message
 * @throws TokenError `misconfigured`, naming option and remedy; the address is not in the message
 * @see RFC 6749 section 3.2
 */
export function checkEndpoint(address: unknown, what: string, { allowInsecure = false }: EndpointOptions = {}): string {
  const wrong = (message: string) => new TokenError('misconfigured', `${what} ${message}`);
  const url = parseUrl(String(address));
  if (typeof address !== 'string' || !url)
    throw wrong('must be an absolute URL. Write it out with scheme and host: https://….');
  const { protocol, hostname, username, password, hash } = url;
  if (protocol !== 'https:' && protocol !== 'http:') throw wrong('must be an https URL. Write it out: https://….');
  if (protocol === 'http:' && !allowInsecure && !loopback.test(hostname))
    throw wrong(
      'is plain http to another host: everybody on the way can read the tokens. Use https, or set "allowInsecure" if nobody else is on that network.',
    );
  if (username || password)
    throw wrong(
      'holds a user name or password, which would show in logs. Pass them as "clientId" and "clientSecret", or as credentials.',
    );
  if (hash) throw wrong('has a fragment, which no server ever sees. Leave out what follows the "#".');
  return address;
}
