import type { RenewContext, TokenParts } from '@latchkey/core';

/**
 * The answer of `renew` when there is nothing to ask the auth server with. Ahead of need the current token is kept, and used
 * to its end; otherwise it is a no: the manager signs in with its `credentials`, or the session is over.
 */
export function keepWhileValid({ current, reason }: RenewContext): TokenParts | null {
  if (!current || reason !== 'ahead') return null;
  const { accessToken, expiresAt } = current;
  return { accessToken, expiresAt };
}
