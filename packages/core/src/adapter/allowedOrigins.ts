import { tokenError } from '../errors/tokenError.ts';

/** Not by `URL.canParse`, which older Safari and Hermes lack. */
function originOf(url: string | URL, base?: string): string | undefined {
  try {
    return new URL(url, base).origin;
  } catch {
    return undefined;
  }
}

/** The origin of `a:1`, and of every other URL without a host. */
const opaque = 'null';

/**
 * A predicate: whether a request to a URL may carry the token. Without a list every request may. A relative URL is the page's.
 *
 * @throws TokenError `misconfigured` when the list holds an entry that no request can match
 */
export function allowedOrigins(origins: readonly string[] | undefined): (url: string | URL) => boolean {
  if (origins === undefined) return () => true;
  const listed = Array.isArray(origins) ? origins.map(entry => originOf(entry) ?? opaque) : [opaque];
  if (listed.includes(opaque))
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'Option "origins" must be a list of absolute URLs. Write each out: https://….',
    );
  return url => {
    const base = (globalThis as { location?: { readonly href: string } }).location?.href;
    return listed.includes(originOf(url, base) ?? opaque);
  };
}
