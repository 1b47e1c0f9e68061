import { decodeUnverified } from './decodeUnverified.ts';

/** From here on a number counts milliseconds: as seconds it would lie in the year 5138. */
const firstMilliseconds = 1e11;

/** A moment that is stated in milliseconds or in seconds since the epoch, in milliseconds. */
export const millisecondsOf = (stated: number): number => (stated < firstMilliseconds ? stated * 1000 : stated);

/**
 * When a JWT states that it expires, in milliseconds since the epoch; `undefined` for any other token. A hint for the time
 * of the renewal.
 *
 * @see RFC 7519 section 4.1.4
 */
export function expiryHint(token: string): number | undefined {
  const seconds = decodeUnverified(token)?.exp;
  return typeof seconds === 'number' && seconds > 0 && seconds < firstMilliseconds ? seconds * 1000 : undefined;
}
