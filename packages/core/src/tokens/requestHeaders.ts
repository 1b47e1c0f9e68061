import { redactedCause, secretsIn } from '../errors/redact.ts';
import { tokenError } from '../errors/tokenError.ts';
import type { TokenSet } from './tokenSet.ts';

/** Headers of a request, by lower-case name. */
export type TokenHeaders = Readonly<Record<string, string>>;

type Pairs = Iterable<readonly unknown[]>;
export type CallerHeaders = Readonly<Record<string, unknown>> | Headers | Pairs;

const isIterable = (headers: CallerHeaders): headers is Headers | Pairs => Symbol.iterator in headers;

export const pairsOf = (headers: CallerHeaders): Pairs => (isIterable(headers) ? headers : Object.entries(headers));

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
  for (const [name, value] of pairsOf(headers) as Iterable<[string, unknown]>) checkHeader(name, value, what);
}

function checkHeader(name: string, value: unknown, what?: string): void {
  if (!sendableName.test(name) || typeof value !== 'string' || !sendableValue.test(value))
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        `${what ?? 'Option "headers"'} does not make a valid header ${JSON.stringify(name)}. Pass a non-empty string of ASCII characters without line breaks.`,
    );
}

/**
 * What the option `headers` returned, with names in lower case and without the headers that have no value.
 *
 * @throws TokenError `misconfigured`, naming the header that cannot be sent; no value is in the message
 */
export function sendableHeaders(headers: TokenHeaders): TokenHeaders {
  if (typeof headers !== 'object' || headers === null || 'then' in headers)
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'Option "headers" must return headers synchronously. Return an object, not a promise.',
    );
  const sendable: Record<string, string> = {};
  for (const [name, value] of pairsOf(headers) as Iterable<[string, string | null | undefined]>) {
    if (value == null || /^\s*$/.test(value)) continue;
    checkHeader(name, value);
    sendable[name.toLowerCase()] = value;
  }
  return sendable;
}

/** @throws TokenError `misconfigured` when the option throws, with a redacted copy of what it threw as `cause` */
function headersBy(headers: (tokens: TokenSet) => TokenHeaders, tokens: TokenSet): TokenHeaders {
  let made: TokenHeaders;
  try {
    made = headers(tokens);
    if (made && Symbol.iterator in made) made = Object.fromEntries(made as Pairs) as TokenHeaders; // a generator may throw
  } catch (thrown) {
    const cause = redactedCause(thrown, secretsIn([tokens.accessToken, tokens.refreshToken]));
    throw tokenError('misconfigured', () => process.env.NODE_ENV !== 'production' && 'Option "headers" threw.', {
      cause,
    });
  }
  return sendableHeaders(made);
}

/** The headers of a request with a token set, made, checked and frozen once per token set: all requests share them. */
export function createRequestHeaders(
  headers: ((tokens: TokenSet) => TokenHeaders) | undefined,
): (tokens: TokenSet) => TokenHeaders {
  let made: TokenHeaders = {};
  let madeOf: TokenSet | undefined;
  return tokens => {
    if (madeOf !== tokens) {
      made = Object.freeze(headers ? headersBy(headers, tokens) : { authorization: `Bearer ${tokens.accessToken}` });
      madeOf = tokens;
    }
    return made;
  };
}
