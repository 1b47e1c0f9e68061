import { TokenError } from '@latchkey/core';

/** A name and a password, of a user or of a service. */
export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * A credential that is missing at run time would be sent as the text "undefined".
 *
 * @throws TokenError `misconfigured`
 */
export function checkCredentials({ username, password }: PasswordCredentials): void {
  if (typeof username !== 'string' || typeof password !== 'string')
    throw new TokenError('misconfigured', 'The credentials are not { username, password }. Pass two texts.');
}
