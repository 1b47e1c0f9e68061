import { TokenError } from '../errors/tokenError.ts';

/** Not by `URL.canParse`, which older Safari and Hermes lack. */
function originOf(url: string | URL, base?: string): string | undefined {
  try {
    return new URL(url, base).origin;
  } catch {
    return undefined;
  }
}

/** What `a:1` has, and everything else that is no address of a host. */
const opaque = 'null';

/**
 * Whether a request to a URL may have the token: its origin is on the list, or there is no list. A relative URL is the page's.
 *
 * @throws TokenError `misconfigured` when the list holds what no request could match
 */
export function mayHaveToken(origins: readonly string[] | undefined): (url: string | URL) => boolean {
  if (origins === undefined) return () => true;
  const listed = Array.isArray(origins) ? origins.map(entry => originOf(entry) ?? opaque) : [opaque];
  if (listed.includes(opaque))
    throw new TokenError(
      'misconfigured',
      'Option "origins" must be a list of absolute URLs. Write each out: https://….',
    );
  return url => {
    const base = (globalThis as { location?: { readonly href: string } }).location?.href;
    return listed.includes(originOf(url, base) ?? opaque);
  };
}
