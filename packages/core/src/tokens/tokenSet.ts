import { TokenError } from '../errors/tokenError.ts';
import { expiryHint } from './expiryHint.ts';

/** What a provider, `renew` or `adopt` answers: the parts of a token set as an auth server names them, in the units of their names. */
export interface TokenParts {
  readonly accessToken: string;
  /** Absent, `null` or empty: the one we have stays. @see RFC 6749 section 6 */
  readonly refreshToken?: string | null | undefined;
  /** Seconds from the sending of the request; a text of digits is read too. Wins over `expiresAt` and over the token's own `exp`. */
  readonly expiresInS?: number | string | null | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | null | undefined;
  /** Seconds from the sending of the request; 0 means without limit, as with Keycloak. */
  readonly refreshExpiresInS?: number | string | null | undefined;
  /** Milliseconds since the epoch. */
  readonly refreshExpiresAt?: number | null | undefined;
}

/** Headers of a request, by lower-case name. */
export type TokenHeaders = Readonly<Record<string, string>>;

interface TokenSetFields {
  readonly session: string;
  readonly version: number;
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly receivedAt: number;
  readonly expiresAt?: number | undefined;
  readonly refreshExpiresAt?: number | undefined;
}

/**
 * An access token, the refresh token that goes with it, and when each stops working. Immutable, and of one session.
 * The tokens are accessors over private fields: printing a token set, or making JSON of it, does not show them.
 */
export class TokenSet {
  /** The id of the session that it belongs to. */
  readonly session: string;
  /** Its place in that session: a successor's is greater. */
  readonly version: number;
  /** Milliseconds since the epoch by the local clock. */
  readonly receivedAt: number;
  /** Milliseconds since the epoch by the local clock; `undefined`: not known, renewed when it is refused. */
  readonly expiresAt: number | undefined;
  readonly refreshExpiresAt: number | undefined;
  readonly #accessToken: string;
  readonly #refreshToken: string | undefined;

  constructor(fields: TokenSetFields) {
    this.session = fields.session;
    this.version = fields.version;
    this.receivedAt = fields.receivedAt;
    this.expiresAt = fields.expiresAt;
    this.refreshExpiresAt = fields.refreshExpiresAt;
    this.#accessToken = fields.accessToken;
    this.#refreshToken = fields.refreshToken;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }
}

/** Visible ASCII without spaces (RFC 6750 section 2.1, RFC 9110 section 5.5), and none of the texts that a slip of the program makes. */
const sendable = /^(?!(?:undefined|null|\[object Object\]|NaN)$)[\x21-\x7e]{1,16384}$/;

export const isSendable = (token: unknown): token is string => typeof token === 'string' && sendable.test(token);

/** @throws TokenError `misconfigured` when no header could carry the token; the message does not hold it. */
export function checkToken(token: unknown, what: string): string {
  if (isSendable(token)) return token;
  throw new TokenError(
    'misconfigured',
    `The ${what} is ${typeof token === 'string' ? 'empty, too long or holds characters that a header cannot carry' : `no text but ${token === null ? 'null' : typeof token}`}. Pass the token alone, without scheme, quotes or line break.`,
  );
}

/** A count of seconds, also as a text of digits; anything else is no statement. @see RFC 6749 section 5.1 */
function seconds(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isFinite(count) && count >= 0 ? count : undefined;
}

/** A moment in milliseconds since the epoch. */
const moment = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;

/** Parts that were answered to a request, and when it was sent: lifetimes count from there. */
export interface TokenAnswer<Parts extends TokenParts = TokenParts> {
  readonly parts: Parts;
  readonly requestedAt: number;
  /** When it came. @defaultValue `requestedAt` */
  readonly answeredAt?: number;
}

/** The place of a token set that no session takes: it is only looked at, or revoked. */
export const nowhere = { session: '', version: 0 } as const;

/**
 * The token set that an answer makes, in its place in a session; what it does not replace stays as in `kept`. What looks
 * expired on arrival was measured by a clock that is wrong, ours or theirs: its expiry is not known.
 *
 * @throws TokenError `misconfigured` when a token cannot be sent
 */
export function makeTokenSet(
  { parts, requestedAt, answeredAt = requestedAt }: TokenAnswer,
  { session, version }: { readonly session: string; readonly version: number },
  kept?: TokenSet,
): TokenSet {
  const accessToken = checkToken(parts.accessToken, 'access token');
  const rotated = parts.refreshToken != null && parts.refreshToken !== '';
  const refreshToken = rotated ? checkToken(parts.refreshToken, 'refresh token') : kept?.refreshToken;
  const ahead = (at: number | undefined) =>
    at !== undefined && at > Math.max(requestedAt, answeredAt) ? at : undefined;
  const lifetime = seconds(parts.expiresInS);
  const refreshLifetime = seconds(parts.refreshExpiresInS);
  const refreshStated = moment(parts.refreshExpiresAt);
  return new TokenSet({
    session,
    version,
    accessToken,
    refreshToken,
    receivedAt: requestedAt,
    expiresAt: ahead(
      lifetime === undefined ? (moment(parts.expiresAt) ?? expiryHint(accessToken)) : requestedAt + lifetime * 1000,
    ),
    refreshExpiresAt:
      refreshLifetime !== undefined
        ? ahead(requestedAt + refreshLifetime * 1000)
        : ahead(refreshStated ?? (rotated ? expiryHint(refreshToken as string) : kept?.refreshExpiresAt)),
  });
}
