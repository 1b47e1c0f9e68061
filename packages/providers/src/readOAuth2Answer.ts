import type { TokenParts } from '@latchkey/core';
import { readTokenResponse } from '@latchkey/core/adapter';

/** The tokens of an OAuth 2.0 answer and, at sign-in, its other fields, e.g. `scope`. */
export interface OAuth2Answer extends TokenParts {
  readonly scope?: string;
  readonly [field: string]: unknown;
}

/** Fields that hold a token or its expiry, or that could be taken for parts of a token set. */
const isAboutTokens = /token|expire|^__proto__$/i;

/**
 * @returns `null` when the access token is `null`: a rejection
 * @throws TokenError as `readTokenResponse`; no part of the body is in it
 */
export async function readOAuth2Answer(response: Response): Promise<OAuth2Answer | null> {
  const answer = await readTokenResponse(response);
  if (!answer) return null;
  const otherFields = Object.entries(answer.fields).filter(([name]) => !isAboutTokens.test(name));
  return { ...Object.fromEntries(otherFields), ...answer.parts };
}
