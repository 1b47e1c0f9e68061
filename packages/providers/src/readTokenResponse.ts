import { authServerError, checkTokenType, parseChallenges, TokenError, type TokenParts } from '@latchkey/core';
import { readJson } from './readJson.ts';

/** The tokens of an OAuth 2.0 answer, and at sign-in what stood beside them, as `scope`. */
export interface OAuth2Answer extends TokenParts {
  readonly scope?: string;
  readonly [field: string]: unknown;
}

/**
 * The names under which auth servers say when the refresh token, or the grant behind it, ends.
 *
 * @see draft-ietf-oauth-refresh-token-expiration for the last two; the first is Keycloak's
 */
const refreshExpiryNames = [
  'refresh_expires_in',
  'refresh_token_expires_in',
  'refresh_token_timeout',
  'authorization_expires_in',
];

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What ends first counts; 0 is no limit. */
function refreshExpiresInS(fields: Fields): number | undefined {
  const stated = refreshExpiryNames
    .map(name => fields[name])
    .map(value => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))
    .filter(value => typeof value === 'number' && value >= 0) as number[];
  const limits = stated.filter(seconds => seconds > 0);
  return limits.length > 0 ? Math.min(...limits) : stated[0];
}

/** Fields that are tokens, or say when they end, or would pass for one of ours. */
const isAboutTokens = /token|expire|^__proto__$/i;

/** What the answer says beside the tokens: for the caller of `auth.signIn`, and kept nowhere. */
const beside = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !isAboutTokens.test(name)));

/**
 * The client's own authentication was refused, though by no OAuth code: some frameworks answer for themselves there.
 *
 * @see RFC 6749 section 5.2: a 401 of `invalid_client` comes with a challenge for the client's scheme
 */
const isClientRefused = ({ status, headers }: Response, code: string | undefined) =>
  status === 401 &&
  code !== 'invalid_grant' &&
  parseChallenges(headers.get('www-authenticate') ?? '').some(({ scheme }) => scheme === 'basic');

/**
 * Reads the answer of a token endpoint. A `token_type` that is missing counts as bearer, a `refresh_token` that is `null` as
 * missing: the one we have stays.
 *
 * @returns `null` when the access token is `null`: a no
 * @throws TokenError by the code of the answer before its status; no part of the body is in it
 * @see RFC 6749 sections 5.1 and 5.2
 */
export async function readTokenResponse(response: Response): Promise<OAuth2Answer | null> {
  const { status, headers } = response;
  const fields = (await readJson(response)) ?? {};
  const error = text(fields.error);
  if (!response.ok || error !== undefined)
    throw authServerError({ status, headers, code: isClientRefused(response, error) ? 'invalid_client' : error });
  const { access_token, token_type, refresh_token, expires_in } = fields;
  if (access_token === null) return null;
  const accessToken = text(access_token);
  if (accessToken === undefined)
    throw new TokenError('unavailable', `The auth server answered ${status} without a token.`, { status });
  checkTokenType(token_type, status);
  return {
    ...beside(fields),
    accessToken,
    refreshToken: text(refresh_token),
    expiresInS: expires_in as TokenParts['expiresInS'], // judged by the core, which takes what is no number for no statement
    refreshExpiresInS: refreshExpiresInS(fields),
  };
}
