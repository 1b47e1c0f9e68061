import { jwtDecode } from 'jwt-decode';

/** From here on a number is taken for milliseconds: as seconds it would lie in the year 5138. */
const firstMilliseconds = 1e11;

/**
 * When a JWT says that it expires, in milliseconds since the epoch; `undefined` for any token that does not say so plainly.
 * Nothing is verified: this is a hint for the time of the renewal, and nothing is authorised on it.
 *
 * @see RFC 7519 section 4.1.4
 */
export function expiryHint(accessToken: string): number | undefined {
  try {
    const payload: unknown = jwtDecode(accessToken); // may be null, an array or a text: it decodes, it does not check
    const seconds = (payload as { exp?: unknown } | null)?.exp;
    const plain = typeof seconds === 'number' && seconds > 0 && seconds < firstMilliseconds;
    return plain && !Array.isArray(payload) ? seconds * 1000 : undefined;
  } catch {
    return undefined; // opaque, encrypted or damaged: used as it is
  }
}
