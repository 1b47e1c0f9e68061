import { TokenError } from '@latchkey/core';
import { isPage } from './isPage.ts';

/** How requests to an auth server are sent. */
export interface SendOptions {
  /**
   * @defaultValue the platform's `fetch` at the time when the provider is made: a script that a page loads later cannot
   * intercept the requests by replacing it
   */
  readonly fetch?: typeof globalThis.fetch;
}

/** @throws TokenError `unavailable` when the server cannot be reached, or redirects */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** The platform's code of a network failure, e.g. `ECONNREFUSED`. Its message is not used: it may hold the request. */
function networkCode(thrown: unknown, depth = 0): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || depth > 3) return undefined;
  const { code, cause } = thrown as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(code) ? code : networkCode(cause, depth + 1);
}

function unreachable(url: string, thrown: unknown): TokenError {
  const code = networkCode(thrown);
  const reason = code ? ` (${code})` : '';
  const corsHint = 'document' in globalThis ? ' Does it answer CORS requests of this page?' : '';
  return new TokenError('unavailable', `${new URL(url).origin} could not be reached${reason}.${corsHint}`, {
    cause: new TypeError('The connection failed.'), // the core tries once more
  });
}

const redirecting = (url: string) =>
  new TokenError(
    'unavailable',
    `${new URL(url).origin} redirects, which is not followed. If it always does, configure the address that it points to.`,
  );

/** Cloudflare Workers of a date before November 2024 throw on this option. */
export const knowsCache = (): boolean => 'cache' in (globalThis.Request?.prototype ?? {});

/**
 * Sends requests to an auth server without cookies, cache and referrer. Redirects are not followed: a 307 would send the
 * password or the refresh token to its target.
 */
export function createSend({ fetch = globalThis.fetch }: SendOptions): Send {
  return async (url, init) => {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        redirect: 'manual',
        credentials: 'omit',
        ...(knowsCache() && { cache: 'no-store' }),
        referrerPolicy: 'no-referrer',
        ...(isPage() && { keepalive: true }), // its answer may be the only valid refresh token: a store keeps it
      });
    } catch (thrown) {
      throw unreachable(url, thrown);
    }
    const { status, type, redirected } = response;
    // React Native ignores `redirect` and follows: the answer of the target is discarded.
    if (redirected || type === 'opaqueredirect' || (status >= 300 && status < 400)) {
      await response.body?.cancel();
      throw redirecting(url);
    }
    return response;
  };
}
