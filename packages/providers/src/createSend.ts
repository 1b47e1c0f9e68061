import { TokenError } from '@latchkey/core';

/** How requests to an auth server leave. */
export interface SendOptions {
  /** @defaultValue the platform's `fetch`, as it is when the provider is made: what a page loads later cannot put itself in between */
  readonly fetch?: typeof globalThis.fetch;
}

/** @throws TokenError `unavailable` when the server cannot be reached, or redirects */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** The code that the platform gives to a failure of the network, as `ECONNREFUSED`. Its message may hold the request. */
function networkCode(thrown: unknown, depth = 0): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || depth > 3) return undefined;
  const { code, cause } = thrown as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(code) ? code : networkCode(cause, depth + 1);
}

const hintForPages = () => ('document' in globalThis ? ' Does it answer CORS requests of this page?' : '');

/**
 * Requests to an auth server: without cookies, cache and referrer, and never redirected. A 307 would carry the password or
 * the refresh token to wherever it points.
 */
export function createSend({ fetch = globalThis.fetch }: SendOptions): Send {
  return async (url, init) => {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      });
    } catch (thrown) {
      const code = networkCode(thrown);
      const reason = code ? ` (${code})` : '';
      throw new TokenError('unavailable', `${new URL(url).origin} could not be reached${reason}.${hintForPages()}`);
    }
    const { status, type, redirected } = response;
    // React Native follows redirects whatever it is told: what comes from there is not believed.
    if (redirected || type === 'opaqueredirect' || (status >= 300 && status < 400)) {
      await response.body?.cancel();
      throw new TokenError(
        'unavailable',
        `${new URL(url).origin} redirects, which is not followed. If it always does, configure the address that it points to.`,
      );
    }
    return response;
  };
}
