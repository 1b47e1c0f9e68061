import { TokenError, type TokenErrorCode } from '@latchkey/core';
import type { ApiTexts } from './apiTexts.ts';

const sentences: Readonly<Record<TokenErrorCode, string>> = {
  credentialsRejected: 'This name and this password do not go together. Please check both and try again.',
  sessionExpired: 'Your session has ended. Please sign in again.',
  signedOut: 'You are signed out. Please sign in again.',
  unavailable: 'The auth server is not answering. You stay signed in; please try again in a few seconds.',
  misconfigured: 'This page is set up wrongly. Trying again does not help.',
  noProgress: 'The auth server gave out a token that does not work. Please try again later.',
  notRepeatable: 'This could not be sent a second time. Please try again.',
  aborted: 'This was cancelled.',
  disposed: 'This page has been closed.',
};

/** Clients wrap what a link or an exchange throws. */
function tokenErrorIn(error: unknown): TokenError | undefined {
  if (TokenError.is(error)) return error;
  if (!(error instanceof Error)) return undefined;
  return tokenErrorIn('networkError' in error ? error.networkError : error.cause);
}

/** What a person is told. */
export function sentenceFor(error: unknown): string {
  const tokenError = tokenErrorIn(error);
  if (tokenError) return sentences[tokenError.code];
  return 'The server did not answer as it should. Please try again.';
}

/** The same while nobody is signed in yet. */
export function signInSentenceFor(error: unknown, { misconfigured }: Partial<ApiTexts> = {}): string {
  const code = tokenErrorIn(error)?.code;
  if (code === 'unavailable') return 'The auth server is not answering. Please try again in a few seconds.';
  return code === 'misconfigured' && misconfigured ? misconfigured : sentenceFor(error);
}
