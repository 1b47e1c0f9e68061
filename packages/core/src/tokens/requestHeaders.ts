import { pairsOf } from '../adapter/mergeHeaders.ts';
import { TokenError } from '../errors/tokenError.ts';
import type { TokenHeaders } from './tokenSet.ts';

/** @see RFC 9110 sections 5.1 and 5.5: a token; visible ASCII, spaces and tabs */
const name = /^[\w!#$%&'*+.^`|~-]+$/;
const sendable = /^[\t\x20-\x7e]*$/;

/**
 * What the option `headers` answers, with names in lower case and without what has no value.
 *
 * @throws TokenError `misconfigured`, naming the header, where no header could carry it; the value is not in the message
 */
export function sendableHeaders(headers: TokenHeaders): TokenHeaders {
  if (typeof headers !== 'object' || headers === null || 'then' in headers)
    throw new TokenError('misconfigured', 'Option "headers" must answer headers, and at once. Return an object.');
  const given = [...pairsOf(headers)].filter(([, value]) => value != null && value !== '') as [string, unknown][];
  for (const [key, value] of given)
    if (!name.test(key) || typeof value !== 'string' || !sendable.test(value))
      throw new TokenError(
        'misconfigured',
        `Option "headers" answers for ${JSON.stringify(key)} what no header can carry. Make it a text of ASCII without line breaks.`,
      );
  return Object.fromEntries(given.map(([key, value]) => [key.toLowerCase(), value])) as TokenHeaders;
}
