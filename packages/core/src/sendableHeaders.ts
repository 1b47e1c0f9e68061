import { TokenError } from './tokenError.ts';
import type { TokenHeaders } from './tokenSet.ts';

/** Visible ASCII, spaces and tabs. @see RFC 9110 section 5.5 */
const sendable = /^[\t\x20-\x7e]*$/;

/**
 * What the option `headers` answers, with names in lower case and without what has no value.
 *
 * @throws TokenError `misconfigured`, naming the header, where no header could carry the value; the value is not in it
 */
export function sendableHeaders(headers: TokenHeaders): TokenHeaders {
  const given = Object.entries(headers).filter(([, value]) => value != null && value !== '');
  for (const [name, value] of given)
    if (typeof value !== 'string' || !sendable.test(value))
      throw new TokenError(
        'misconfigured',
        `Option "headers" answers for "${name}" what no header can carry. Make it a text of ASCII without line breaks.`,
      );
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
}
