import { type RenewContext, TokenError, type TokenParts } from '@latchkey/core';

/**
 * The answer of `renew` when there is nothing to ask the auth server with. Ahead of need the current token is kept, and used
 * to its end; otherwise the manager signs in with its `credentials`, or the session is over when the token is.
 */
export function keepWhileValid({ current, reason }: RenewContext): TokenParts {
  if (!current || reason !== 'ahead')
    throw new TokenError('noProgress', 'There is no refresh token to renew this one with.');
  const { accessToken, expiresAt } = current;
  return { accessToken, expiresAt };
}
