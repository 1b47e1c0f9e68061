import { jwtDecode } from 'jwt-decode';

/** The claims of a JWT, of which nothing is verified; `undefined` for any other token. Nothing is authorised by them. */
export function decodeUnverified(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const payload: unknown = jwtDecode(token); // decodes any JSON value: null, an array, a string
    const isClaims = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
    return isClaims ? (payload as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // opaque, encrypted or damaged
  }
}
