import { type CallerHeaders, pairsOf } from '../adapter/mergeHeaders.ts';
import { TokenError } from '../errors/tokenError.ts';
import type { TokenHeaders } from './tokenSet.ts';

/** @see RFC 9110 section 5.1 */
const sendableName = /^[\w!#$%&'*+.^`|~-]+$/;
/** Visible ASCII, with spaces and tabs between. @see RFC 9110 section 5.5 */
const sendableValue = /^(?=.*\S)[\t\x20-\x7e]+$/;

/**
 * Checks headers before they are sent: a platform's own error would show the value, and the value of an unset variable
 * would be sent as the string "undefined".
 *
 * @param what - the option that the headers come from, e.g. `Option "apiKey"`
 * @throws TokenError `misconfigured`, naming option and header; no value is in the message
 */
export function checkHeaders(headers: CallerHeaders, what: string): void {
  for (const [name, value] of pairsOf(headers) as Iterable<[string, unknown]>)
    if (!sendableName.test(name) || typeof value !== 'string' || !sendableValue.test(value))
      throw new TokenError(
        'misconfigured',
        `${what} does not make a valid header ${JSON.stringify(name)}. Pass a non-empty string of ASCII characters without line breaks.`,
      );
}

/**
 * What the option `headers` returned, with names in lower case and without the headers that have no value.
 *
 * @throws TokenError `misconfigured`, naming the header that cannot be sent; no value is in the message
 */
export function sendableHeaders(headers: TokenHeaders): TokenHeaders {
  if (typeof headers !== 'object' || headers === null || 'then' in headers)
    throw new TokenError(
      'misconfigured',
      'Option "headers" must return headers synchronously. Return an object, not a promise.',
    );
  const isMissing = (value: unknown) => value == null || (typeof value === 'string' && value.trim() === '');
  const given = [...pairsOf(headers)].filter(([, value]) => !isMissing(value)) as [string, string][];
  checkHeaders(given, 'Option "headers"');
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
}
