import { tokenError } from '../errors/tokenError.ts';

/** Not by `URL.canParse`, which older Safari and Hermes lack. */
function originOf(url: string | URL, base?: string): string | undefined {
  try {
    return new URL(url, base).origin;
  } catch {
    return undefined;
  }
}

/** What relative URLs are resolved against, as fetch does: a page may have a `<base>`. */
function baseUrl(): string | undefined {
  const { document, location }: { document?: { baseURI?: string }; location?: { href: string } } = globalThis as object;
  return document?.baseURI ?? location?.href;
}

/**
 * Whether an answer came from another origin than that of the request: fetch removes the token at such a redirect, so the answer
 * says nothing of it. Without the URL of the request nobody knows.
 */
export function isFromElsewhere(response: Partial<Response> | undefined, url: string | URL | undefined): boolean {
  if (!response?.redirected || !response.url || !url) return false;
  return originOf(response.url) !== originOf(url, baseUrl());
}

/** The origin of `a:1`, and of every other URL without a host. */
const opaque = 'null';

/**
 * A predicate: whether a request to a URL may carry the token. Without a list every request may. A relative URL is resolved
 * against the page's; an invalid URL is not allowed.
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
  return url => listed.includes(originOf(url, baseUrl()) ?? opaque);
}
