import { TokenError, type TokenErrorCode } from '@latchkey/core';
import type { ApiTexts } from './apiTexts.ts';

const sentences: Readonly<Record<TokenErrorCode, string>> = {
  credentialsRejected: 'The user name or the password is wrong. Please check both and try again.',
  sessionExpired: 'Your session has ended. Please sign in again.',
  signedOut: 'You are signed out. Please sign in again.',
  unavailable: 'The auth server is not responding. You stay signed in; please try again in a few seconds.',
  misconfigured: 'This page is not configured correctly. Trying again does not help.',
  noProgress: 'The auth server issued a token that the API does not accept. Please try again later.',
  notRetryable: 'This operation was not retried automatically. Please try again.',
  aborted: 'This operation was cancelled.',
  disposed: 'This page has been closed.',
};

/** The sentence that the page shows for an error of a signed-in user. */
export function sentenceFor(error: unknown): string {
  const tokenError = tokenErrorIn(error);
  if (tokenError) return sentences[tokenError.code];
  return 'The operation failed. Please try again.';
}

/** The sentence that the page shows for an error of a sign-in. */
export function signInSentenceFor(error: unknown, { misconfigured }: Partial<ApiTexts> = {}): string {
  const code = tokenErrorIn(error)?.code;
  if (code === 'unavailable') return 'The auth server is not responding. Please try again in a few seconds.';
  return code === 'misconfigured' && misconfigured ? misconfigured : sentenceFor(error);
}

/** Clients wrap errors of links and exchanges. */
function tokenErrorIn(error: unknown): TokenError | undefined {
  if (TokenError.is(error)) return error;
  if (!(error instanceof Error)) return undefined;
  return tokenErrorIn('networkError' in error ? error.networkError : error.cause);
}
