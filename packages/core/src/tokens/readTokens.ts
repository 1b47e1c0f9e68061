import { type TokenError, tokenError } from '../errors/tokenError.ts';
import { parseChallenges } from './parseChallenges.ts';
import { subjectIn, subjectOf, type TokenParts } from './tokenSet.ts';

/** The registration of the client, or the request, is wrong: waiting does not help. @see RFC 6749 section 5.2 */
const misconfigured = /^(?:invalid_(?:client|scope|request)|unauthorized_client|unsupported_grant_type)$/;
const transient = /^(?:temporarily_unavailable|server_error)$/;
/** What a server may answer to a refresh token that it does not accept; the client's registration may be right. */
const doubtful = /^(?:invalid_request|unauthorized_client)$/;
/** The others that are registered. Frameworks put codes of their own under `error`, e.g. `Forbidden`. */
const registered = /^(?:invalid_grant|access_denied|slow_down)$/;

/** What is known of an auth server's answer that is not a success. */
export interface AuthServerAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The `error` of an OAuth body. */
  readonly code?: string | undefined;
}

/** `Retry-After`, in milliseconds. A date counts from the answer's own: the device's clock may be wrong. @see RFC 9110 section 10.2.3 */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (!value) return undefined;
  const answeredAt = Date.parse(headers.get('date') ?? '') || Date.now();
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - answeredAt;
  return ms > 0 ? ms : undefined;
}

/**
 * Classifies an auth server's answer, by its code before its status.
 *
 * - `sessionExpired`: a rejection: `invalid_grant`, or a 400 or 401 without one of the codes below, unless its body is HTML,
 *   which comes from a proxy or a captive portal
 * - `misconfigured`: an option or the client's registration is wrong
 * - `unavailable`: a transient failure
 *
 * `invalid_request`, `unauthorized_client` and an unknown code have `mayBeRejection`; HTML, whatever its status, has it `false`.
 */
export function authServerError({ status, headers, code = '' }: AuthServerAnswer): TokenError {
  const isHtml = headers.get('content-type')?.includes('html') === true;
  const errorCode = errorCodeOf(status, isHtml, code);
  const isRegistered = [misconfigured, transient, registered].some(codes => codes.test(code));
  const isUnknown = code !== '' && !isRegistered && status < 500 && status !== 408 && status !== 429;
  const details = {
    status,
    retryAfterMs: retryAfterMs(headers),
    oauthError: isRegistered ? code : undefined,
    mayBeRejection: isHtml ? false : doubtful.test(code) || (isUnknown && errorCode === 'unavailable') || undefined,
  };
  return tokenError(
    errorCode,
    () => process.env.NODE_ENV !== 'production' && explain(errorCode, status, code),
    details,
  );
}

function errorCodeOf(status: number, isHtml: boolean, code: string): AuthServerErrorCode {
  if (misconfigured.test(code)) return 'misconfigured';
  const isRejection = (status === 400 || status === 401) && !isHtml && !transient.test(code);
  return code === 'invalid_grant' || isRejection ? 'sessionExpired' : 'unavailable';
}

type AuthServerErrorCode = 'misconfigured' | 'sessionExpired' | 'unavailable';

/** The message for developers. */
function explain(errorCode: AuthServerErrorCode, status: number, code: string): string {
  const shownCode = /^[a-z_]{1,40}$/i.test(code) ? ` (${code})` : '';
  const message = {
    misconfigured: 'The auth server does not accept this client',
    sessionExpired: 'The auth server rejected the token request',
    unavailable: `The auth server answered ${status}`,
  };
  return `${message[errorCode]}${shownCode}.`;
}

type Fields = Readonly<Record<string, unknown>>;

/** Some servers answer `null` to a refresh token that they do not accept. */
const answeredNothing = ({ status }: { readonly status: number }): TokenError =>
  tokenError(
    'unavailable',
    () => process.env.NODE_ENV !== 'production' && `The auth server answered ${status} and null.`,
    {
      status,
      mayBeRejection: true,
    },
  );

/**
 * Any other body counts as empty. The parser's error is dropped: it quotes the body, which may begin with a token.
 *
 * @throws TokenError `unavailable` for a success whose body is `null`: it may be a rejection
 */
async function readFields(response: Response): Promise<Fields> {
  const body: unknown = await response.json().catch(() => undefined);
  if (body === null && response.ok) throw answeredNothing(response);
  return typeof body === 'object' && body !== null ? (body as Fields) : {};
}

const nonEmptyString = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/**
 * Where the end of a refresh token, or of the grant behind it, is stated: in `TokenParts`, and by Keycloak.
 *
 * @see draft-ietf-oauth-refresh-token-expiration for the last two
 */
const refreshExpiryNames = [
  'refreshExpiresInS',
  'refresh_expires_in',
  'refresh_token_expires_in',
  'refresh_token_timeout',
  'authorization_expires_in',
];

/** The smallest limit in seconds; 0, which is no limit at Keycloak, when there is no other. */
function refreshExpiresInS(fields: Fields): number | undefined {
  const stated = refreshExpiryNames
    .map(name => fields[name])
    .map(value => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value))
    .filter((value): value is number => typeof value === 'number' && value >= 0);
  const limits = stated.filter(seconds => seconds > 0);
  return limits.length > 0 ? Math.min(...limits) : stated[0];
}

/** Apigee states `BearerToken`; many servers state nothing. @see RFC 6749 section 7.1: a token of another type is not used */
const isBearer = (type: unknown): boolean =>
  type == null || (typeof type === 'string' && /^bearer(token)?$/i.test(type));

/** Reads the fields of OAuth. `null`: the access token is `null`. @throws TokenError in every other case without a token */
function partsOf(
  fields: Fields,
  { ok, status, headers }: Response,
  code = nonEmptyString(fields.error),
): TokenParts | null {
  if (!ok || code !== undefined) throw authServerError({ status, headers, code });
  if (fields.access_token === null) return null;
  const accessToken = nonEmptyString(fields.access_token);
  if (accessToken === undefined)
    throw tokenError(
      'unavailable',
      () => process.env.NODE_ENV !== 'production' && `The auth server answered ${status} without a token.`,
      { status },
    );
  if (!isBearer(fields.token_type))
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'The token type is not "Bearer", the only one that is supported. Change the registration of the client.',
      { status },
    );
  return {
    accessToken,
    refreshToken: nonEmptyString(fields.refresh_token),
    expiresInS: fields.expires_in as TokenParts['expiresInS'], // makeTokenSet ignores what is not a number
    refreshExpiresInS: refreshExpiresInS(fields),
    ...subjectOfIdToken(accessToken, fields.id_token), // no key without one: an application may spread the parts over its own
  };
}

/** Whose an opaque access token is. A JWT states it itself. @see OpenID Connect Core section 2 */
function subjectOfIdToken(accessToken: string, idToken: unknown): Pick<TokenParts, 'subject'> {
  const subject = typeof idToken === 'string' && subjectOf(accessToken) === undefined ? subjectOf(idToken) : undefined;
  return subject === undefined ? {} : { subject };
}

/** The answer of a token endpoint. */
export interface TokenResponse {
  readonly parts: TokenParts;
  /** Every field of the body, tokens included. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads the answer of an OAuth 2.0 token endpoint.
 *
 * A 401 with a challenge for Basic is about the client, unless its code is `invalid_grant`: some frameworks answer so, and
 * without a registered code, before they read the grant. A missing `token_type` counts as Bearer.
 *
 * @returns `null` when the access token is `null`: a rejection
 * @throws TokenError `sessionExpired` for any other rejection, `unavailable` or `misconfigured`; no part of the body is in it
 * @see RFC 6749 sections 5.1 and 5.2
 */
export async function readTokenResponse(response: Response): Promise<TokenResponse | null> {
  const fields = await readFields(response);
  const isClientRefused =
    response.status === 401 &&
    fields.error !== 'invalid_grant' &&
    parseChallenges(response.headers.get('www-authenticate') ?? '').some(({ scheme }) => scheme === 'basic');
  const parts = partsOf(fields, response, isClientRefused ? 'invalid_client' : undefined);
  return parts && { parts, fields };
}

/**
 * Reads the answer of an application's own refresh endpoint: `TokenParts`, e.g. `{ accessToken, expiresInS?, refreshToken? }`,
 * or the names of OAuth, e.g. `access_token`, `expires_in`, `refresh_token`; also `expires_at`.
 *
 * ```ts
 * renew: ({ signal }) => fetch('/refresh', { method: 'POST', credentials: 'include', signal }).then(readTokens)
 * ```
 *
 * @returns `null` for a rejection: 204, a null token, `invalid_grant`, a 400 or 401 without a known `error`
 * @throws TokenError `unavailable` or `misconfigured`; no part of the body is in it
 */
export async function readTokens(response: Response): Promise<TokenParts | null> {
  if (response.status === 204) return null;
  const body = await readFields(response);
  const fields = {
    ...body,
    access_token: body.accessToken === undefined ? body.access_token : body.accessToken,
    refresh_token: body.refreshToken ?? body.refresh_token,
    expires_in: body.expiresInS ?? body.expires_in,
  };
  try {
    const {
      expires_at,
      expiresAt = expires_at,
      refreshExpiresAt,
    } = body as { [name: string]: TokenParts['expiresAt'] };
    const parts = partsOf(fields, response);
    const subject = subjectIn(body.subject);
    return parts && { ...parts, expiresAt, refreshExpiresAt, ...(subject !== undefined && { subject }) };
  } catch (error) {
    if ((error as TokenError).code === 'sessionExpired') return null;
    throw error;
  }
}
