import { type RenewContext, TokenError, type TokenParts } from '@latchkey/core';

/**
 * The answer of `renew` without a refresh token. Ahead of the expiry the current access token is kept. Later the manager
 * signs in with its `credentials`, or the session ends.
 */
export function keepWhileValid({ current, reason }: RenewContext): TokenParts {
  if (!current || reason !== 'ahead')
    throw new TokenError('noProgress', 'No refresh token: the access token is used until it expires.');
  const { accessToken, expiresAt } = current;
  return { accessToken, expiresAt };
}
