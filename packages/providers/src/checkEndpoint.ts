import { TokenError } from '@latchkey/core';
import { parseUrl } from './parseUrl.ts';

/** Exceptions to what is refused by default. */
export interface EndpointOptions {
  /** Allows plain http to another host than this machine, and a client secret in a page. @defaultValue false */
  readonly allowInsecure?: boolean;
}

const loopback = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Checks an address that passwords and refresh tokens are sent to: it must be absolute, https or loopback, and hold no
 * secrets. Its query is kept.
 *
 * @param what - the option, e.g. `Option "tokenUrl"`, for the message
 * @returns the address, unchanged
 * @throws TokenError `misconfigured`, naming the option and the remedy; the address is not in the message
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
      'is plain http to another host: everybody on the network can read the tokens. Use https, or set "allowInsecure" in a network that you trust.',
    );
  if (username || password)
    throw wrong(
      'holds a user name or password, which would show in logs. Pass them as "clientId" and "clientSecret", or as credentials.',
    );
  if (hash) throw wrong('has a fragment, which is never sent. Remove the "#" and what follows it.');
  return address;
}
