import { type TokenError, tokenError } from '../errors/tokenError.ts';
import { isSendable, type Position, type TokenSet, tokenSetOf } from '../tokens/tokenSet.ts';

/** What a store keeps of a token set: plain JSON. It holds tokens: treat it as a secret. */
export interface TokenRecord {
  /** The version of this format. */
  readonly v: 1;
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch, as are the others. */
  readonly receivedAt: number;
  readonly expiresAt?: number;
  readonly refreshExpiresAt?: number;
  /** Whose it is, where that is known. */
  readonly subject?: string;
  /** The tokens came by the option `credentials`: all who have it may use them. */
  readonly unattended?: true;
  /** The tokens are a guest's. */
  readonly guest?: true;
}

export function recordOf(tokens: Omit<TokenSet, 'sessionId' | 'version'>, isUnattended = false): TokenRecord {
  const { accessToken, refreshToken, receivedAt, expiresAt, refreshExpiresAt, subject, isGuest } = tokens;
  return {
    v: 1,
    accessToken,
    receivedAt,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(subject !== undefined && { subject }),
    ...(isUnattended && { unattended: true as const }),
    ...(isGuest && { guest: true as const }),
  };
}

/**
 * Records come from places that others write to: only known fields of their own are read, into a fresh object.
 *
 * @returns `undefined` for a record that is damaged, partial or of another version
 */
export function readRecord(record: unknown): TokenRecord | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const own = (name: keyof TokenRecord): unknown =>
    Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
  const token = (name: keyof TokenRecord) => (isSendable(own(name)) ? (own(name) as string) : undefined);
  const time = (name: keyof TokenRecord) => (Number.isFinite(own(name)) ? (own(name) as number) : undefined);
  const accessToken = token('accessToken');
  const receivedAt = time('receivedAt');
  if (own('v') !== 1 || accessToken === undefined || receivedAt === undefined) return undefined;
  const subject = own('subject');
  const tokens = {
    accessToken,
    refreshToken: token('refreshToken'),
    receivedAt,
    expiresAt: time('expiresAt'),
    refreshExpiresAt: time('refreshExpiresAt'),
    subject: typeof subject === 'string' ? subject : undefined,
    ...(own('guest') === true && { isGuest: true as const }),
  };
  return recordOf(tokens, own('unattended') === true);
}

/** The token set of a record, at a position in the session of this manager. */
export const tokensOf = (record: TokenRecord, { sessionId, version }: Position): TokenSet =>
  tokenSetOf({
    sessionId,
    version,
    accessToken: record.accessToken,
    refreshToken: record.refreshToken,
    receivedAt: record.receivedAt,
    expiresAt: record.expiresAt,
    refreshExpiresAt: record.refreshExpiresAt,
    subject: record.subject,
    ...(record.guest && { isGuest: true as const }),
  });

export const damagedRecord = (): TokenError =>
  tokenError('unavailable', () => process.env.NODE_ENV !== 'production' && 'The record of the store cannot be read.');
