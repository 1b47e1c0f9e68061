import { TokenError } from '@latchkey/core';

/**
 * Headers as the program gives them. A value that is missing at run time, as from an unset environment variable, would be
 * sent as the text "undefined".
 *
 * @param what - the option's name, for the message
 * @throws TokenError `misconfigured`, naming option, header and remedy; no value is in the message
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, what = 'Option "headers"'): void {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || value.trim() === '')
      throw new TokenError(
        'misconfigured',
        `${what} has no value for "${name}". Pass a text; an unset variable is none.`,
      );
    try {
      new Headers({ [name]: value });
    } catch {
      // The error of the platform holds the value.
      throw new TokenError(
        'misconfigured',
        `${what} has a name or a value, at "${name}", that no header can carry. Pass it without line breaks and in ASCII.`,
      );
    }
  }
}
