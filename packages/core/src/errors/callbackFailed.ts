import type { TokenSet } from '../tokens/tokenSet.ts';
import { redactedCause, secretsIn } from './redact.ts';
import { type TokenError, tokenError } from './tokenError.ts';

/** The error of a callback of the application that has thrown, without the tokens that it was given. */
export const callbackFailed = (
  thrown: unknown,
  tokens: TokenSet | null,
  explain: Parameters<typeof tokenError>[1],
): TokenError =>
  tokenError('misconfigured', explain, {
    cause: redactedCause(thrown, secretsIn([tokens?.accessToken, tokens?.refreshToken])),
  });
