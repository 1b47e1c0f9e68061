import { decodeUnverified } from './decodeUnverified.ts';

/**
 * Whose access token it is, where it is a JWT: its issuer and its subject.
 *
 * @see RFC 9068 section 2.2
 */
export function subjectOf(accessToken: string): string | undefined {
  const { iss, sub } = decodeUnverified(accessToken) ?? {};
  return typeof sub === 'string' && sub !== '' ? JSON.stringify([iss, sub]) : undefined;
}
