import { TokenError } from '../errors/tokenError.ts';
import type { TokenParts } from './tokenSet.ts';

/** OAuth errors that no waiting mends: the registration of the client, or the request, is wrong. @see RFC 6749 section 5.2 */
const misconfigured = [
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_request',
];
const transient = ['temporarily_unavailable', 'server_error'];
/** Other words under `error` are a framework's own, as `Forbidden`. */
const registered = [...misconfigured, ...transient, 'invalid_grant', 'access_denied', 'slow_down'];

/** How an auth server refused, as far as it can be read. */
export interface AuthServerRefusal {
  readonly status: number;
  readonly headers: Headers;
  /** The `error` of an OAuth body. */
  readonly code?: string | undefined;
}

/** `Retry-After`, in milliseconds. @see RFC 9110 section 10.2.3 */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? ms : undefined;
}

/**
 * What an auth server's refusal means, by its code before its status: `sessionExpired` is its own no; `misconfigured`, our
 * fault; `unavailable`, trouble on the way. A 400 or 401 without a known code is a no unless it is a page of HTML, which
 * comes from something in between.
 */
export function authServerError({ status, headers, code }: AuthServerRefusal): TokenError {
  const isHtml = headers.get('content-type')?.includes('html') === true;
  const oauthError = code && registered.includes(code) ? code : undefined;
  const said = code && /^[a-z_]{1,40}$/i.test(code) ? ` (${code})` : '';
  const details = { status, retryAfterMs: retryAfterMs(headers), oauthError };
  if (code && misconfigured.includes(code))
    return new TokenError('misconfigured', `The auth server does not accept this client${said}.`, details);
  const isNo =
    code === 'invalid_grant' || ((status === 400 || status === 401) && !isHtml && !transient.includes(code ?? ''));
  if (isNo) return new TokenError('sessionExpired', `The auth server said no${said}.`, details);
  return new TokenError('unavailable', `The auth server answered ${status}${said}.`, details);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** @throws TokenError `misconfigured` for a token of another type than Bearer; a missing type counts as it. @see RFC 6749 section 7.1 */
export function checkTokenType(type: unknown, status: number): void {
  if (type == null || text(type)?.toLowerCase() === 'bearer') return;
  const message =
    'The tokens are of another type than Bearer, and must not be sent as one. Register the client for Bearer.';
  throw new TokenError('misconfigured', message, { status });
}

/**
 * Reads the tokens from the answer of a refresh endpoint: `TokenParts`, as `{ accessToken, expiresInS?, refreshToken? }`, or
 * the names of OAuth (`access_token`, `expires_in`, `refresh_token`). For the `renew` of an application's own endpoint:
 *
 * ```ts
 * renew: ({ signal }) => fetch('/refresh', { method: 'POST', credentials: 'include', signal }).then(readTokens)
 * ```
 *
 * @returns `null` when the answer says that nobody is signed in: 204, a token that is `null`, 400 or 401
 * @throws TokenError `unavailable` or `misconfigured`; no part of the body is in it
 */
export async function readTokens(response: Response): Promise<TokenParts | null> {
  const { status, headers } = response;
  if (status === 204) return null;
  const body: unknown = await response.json().catch(() => undefined);
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const accessToken = fields.accessToken === undefined ? fields.access_token : fields.accessToken;
  const code = text(fields.error);
  if (!response.ok || (code && accessToken == null)) {
    const error = authServerError({ status, headers, code });
    if (error.code === 'sessionExpired') return null;
    throw error;
  }
  if (accessToken === null) return null;
  if (typeof accessToken !== 'string')
    throw new TokenError('unavailable', 'The answer of the refresh endpoint holds no token.', { status });
  checkTokenType(fields.token_type, status);
  const seconds = (value: unknown) => value as TokenParts['expiresInS'];
  return {
    accessToken,
    refreshToken: text(fields.refreshToken ?? fields.refresh_token),
    expiresInS: seconds(fields.expiresInS ?? fields.expires_in),
    refreshExpiresInS: seconds(
      fields.refreshExpiresInS ?? fields.refresh_expires_in ?? fields.refresh_token_expires_in,
    ),
    expiresAt: fields.expiresAt as TokenParts['expiresAt'],
    refreshExpiresAt: fields.refreshExpiresAt as TokenParts['refreshExpiresAt'],
  };
}
