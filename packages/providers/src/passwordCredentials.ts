import { TokenError } from '@latchkey/core';

/** A name and a password, of a user or of a service. */
export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * A missing credential, e.g. of an unset variable, would be sent as the string "undefined".
 *
 * @throws TokenError `misconfigured`
 */
export function checkCredentials({ username, password }: PasswordCredentials): void {
  if (typeof username !== 'string' || typeof password !== 'string')
    throw new TokenError('misconfigured', 'The credentials must be { username, password }. Pass two strings.');
}
