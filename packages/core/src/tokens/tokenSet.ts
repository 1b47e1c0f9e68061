import { tokenError } from '../errors/tokenError.ts';
import { decodeUnverified } from './decodeUnverified.ts';
import { expiryHint, millisecondsOf } from './expiryHint.ts';

/** What a provider, `renew` or `adopt` answers: the parts of a token set, in the units of their names. */
export interface TokenParts {
  readonly accessToken: string;
  /** Absent, `null` or empty: the present refresh token stays. @see RFC 6749 section 6 */
  readonly refreshToken?: string | null | undefined;
  /** Seconds from the sending of the request, also as a string of digits. Wins over `expiresAt` and over the token's own `exp`. */
  readonly expiresInS?: number | string | null | undefined;
  /**
   * Milliseconds since the epoch, or an ISO date. A number below 100,000,000,000, which as milliseconds would lie in 1973, counts
   * seconds.
   */
  readonly expiresAt?: number | string | null | undefined;
  /** Seconds from the sending of the request; 0 means without limit, as with Keycloak. */
  readonly refreshExpiresInS?: number | string | null | undefined;
  /** As `expiresAt`. */
  readonly refreshExpiresAt?: number | string | null | undefined;
  /**
   * Whose tokens these are, for access tokens that do not state it: an id that never changes. State it always or never.
   *
   * @defaultValue `iss` and `sub` of the access token, where it is a JWT
   */
  readonly subject?: string | null | undefined;
  /**
   * The tokens are a guest's: nobody is signed in, and the server keeps a session all the same, e.g. with a cart. They are sent
   * until they expire, and never renewed.
   *
   * @defaultValue false
   */
  readonly isGuest?: boolean | undefined;
}

/**
 * An access token, its refresh token, and when each expires. A frozen object; the tokens are own accessors that are not
 * enumerable, so that printing, JSON and cloning do not show them.
 */
export interface TokenSet {
  /** The session that it belongs to. */
  readonly sessionId: string;
  /** Its place in the session: a successor's is greater. */
  readonly version: number;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds since the epoch by the local clock. */
  readonly receivedAt: number;
  /** Milliseconds since the epoch by the local clock; `undefined`: not known, it is renewed when it is refused. */
  readonly expiresAt: number | undefined;
  readonly refreshExpiresAt: number | undefined;
  /** Whose it is; `undefined`: not known. */
  readonly subject: string | undefined;
  /** Nobody is signed in: a guest's. */
  readonly isGuest?: true;
}

/** The token set with these fields. */
export function tokenSetOf(fields: TokenSet): TokenSet {
  const { accessToken, refreshToken, ...shown } = fields;
  const hidden = { accessToken: { get: () => accessToken }, refreshToken: { get: () => refreshToken } };
  return Object.freeze(Object.defineProperties(shown, hidden) as TokenSet);
}

/** Visible ASCII without spaces (RFC 6750 section 2.1, RFC 9110 section 5.5), but not what a slip of the program produces. */
const sendable = /^(?!(?:undefined|null|\[object Object\]|NaN)$)[\x21-\x7e]{1,16384}$/;

export const isSendable = (token: unknown): token is string => typeof token === 'string' && sendable.test(token);

/** @throws TokenError `misconfigured` when no header can carry the token; the message does not hold it */
export function checkToken(token: unknown, name: string): string {
  if (isSendable(token)) return token;
  throw tokenError(
    'misconfigured',
    () =>
      process.env.NODE_ENV !== 'production' &&
      `The ${name} ${problemOf(token)}. Pass the token alone, without scheme, quotes or line break.`,
  );
}

function problemOf(token: unknown): string {
  if (typeof token === 'string') return 'must not be empty, too long or hold characters that a header cannot carry';
  return `must be a string, got ${token === null ? 'null' : typeof token}`;
}

/** A number, also as a string of digits; anything else states nothing. @see RFC 6749 section 5.1 */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return Number.isFinite(number) && Number(number) >= 0 ? Number(number) : undefined;
}

/** A moment, in milliseconds since the epoch, stated as `TokenParts` has it; anything else states nothing. */
function moment(value: unknown): number | undefined {
  const stated = count(value) ?? (typeof value === 'string' ? Date.parse(value) : 0);
  return stated > 0 ? millisecondsOf(stated) : undefined;
}

/** The same token set, after the one in use: tokens of responses may have come meanwhile. */
export function after(current: TokenSet | undefined, tokens: TokenSet): TokenSet {
  if (!current || current.version < tokens.version) return tokens;
  const { accessToken, refreshToken } = tokens;
  return tokenSetOf({ ...tokens, accessToken, refreshToken, version: current.version + 1 });
}

/** Parts that answered a request, and when it was sent: lifetimes count from there. */
export interface TokenAnswer<Parts extends TokenParts = TokenParts> {
  readonly parts: Parts;
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
  /** @defaultValue `requestedAt` */
  readonly answeredAt?: number;
  /** It came by the option `credentials`. */
  readonly isUnattended?: boolean;
}

/**
 * Whose access token it is, where it is a JWT: its issuer and its subject.
 *
 * @see RFC 9068 section 2.2
 */
export function subjectOf(accessToken: string): string | undefined {
  if (!accessToken.includes('.')) return undefined; // opaque
  const { iss, sub } = decodeUnverified(accessToken) ?? {};
  const subject = subjectIn(sub);
  return subject && JSON.stringify([iss, subject]);
}

/** A stated subject; many servers state the number that their database has. */
export const subjectIn = (value: unknown): string | undefined =>
  (typeof value === 'string' || Number.isFinite(value)) && value !== '' ? String(value) : undefined;

/** Whether a token set that was made in the place after another one is known to belong to another user. */
export const isOfOtherUser = (next: TokenSet, { subject }: TokenSet): boolean =>
  subject !== undefined && next.subject !== subject;

/** The tokens of a user who is signed in: a guest's are nobody's. */
export const usersOf = <Tokens extends TokenSet | null | undefined>(tokens: Tokens): Tokens | undefined =>
  tokens?.isGuest ? undefined : tokens;

/** Whether the token set has not expired. */
export const isLasting = ({ expiresAt }: TokenSet, now: number): boolean =>
  now < (expiresAt ?? Number.POSITIVE_INFINITY);

/** Where a token set stands in which session, and whose that is, where it is known. */
export type Position = Pick<TokenSet, 'sessionId' | 'version'> & { readonly subject?: string | undefined };

/** The position of a token set that is only checked or revoked, and used by no session. */
export const nowhere: Position = { sessionId: '', version: 0 };

/** The id of a session that begins. */
export const makeSessionId = (now: number): string => `${now.toString(36)}${Math.random().toString(36).slice(2)}`;

/** The position of the successor of a token set. */
export const positionAfter = ({ sessionId, version, subject }: TokenSet): Position => ({
  sessionId,
  version: version + 1,
  subject,
});

/**
 * The token set that an answer makes; what the answer does not replace stays as in `kept`. A token that looks expired on
 * arrival was measured by a wrong clock, here or there: its expiry is not known.
 *
 * @throws TokenError `misconfigured` when a token cannot be sent
 */
export function makeTokenSet(
  { parts, requestedAt, answeredAt = requestedAt }: TokenAnswer,
  { sessionId, version, subject }: Position,
  kept?: TokenSet,
): TokenSet {
  const accessToken = checkToken(parts.accessToken, 'access token');
  const rotated = parts.refreshToken != null && parts.refreshToken !== '';
  const refreshToken = rotated ? checkToken(parts.refreshToken, 'refresh token') : kept?.refreshToken;
  const arrivedAt = Math.max(requestedAt, answeredAt);
  const future = (at = 0) => (at > arrivedAt ? at : undefined);
  const endOf = (lifetimeS: unknown, stated: () => number | undefined) => {
    const lifetime = count(lifetimeS);
    return future(lifetime === undefined ? stated() : requestedAt + lifetime * 1000);
  };
  return tokenSetOf({
    sessionId,
    version,
    subject: subjectIn(parts.subject) ?? subjectOf(accessToken) ?? subject,
    accessToken,
    refreshToken,
    receivedAt: requestedAt,
    ...((parts.isGuest ?? kept?.isGuest) && { isGuest: true as const }),
    expiresAt: endOf(parts.expiresInS, () => moment(parts.expiresAt) ?? expiryHint(accessToken)),
    refreshExpiresAt: endOf(
      parts.refreshExpiresInS,
      () => moment(parts.refreshExpiresAt) ?? (rotated ? expiryHint(refreshToken as string) : kept?.refreshExpiresAt),
    ),
  });
}
