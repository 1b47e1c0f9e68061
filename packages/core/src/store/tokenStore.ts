import { isSendable, type TokenSet, tokenSetOf } from '../tokens/tokenSet.ts';

type Awaitable<T> = T | PromiseLike<T>;

/** What a store keeps of a token set: plain JSON, one versioned record per session. It holds tokens: treat it as a secret. */
export interface TokenRecord {
  /** The version of this format. */
  readonly v: 1;
  readonly sessionId: string;
  readonly version: number;
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch, as are the others. */
  readonly receivedAt: number;
  readonly expiresAt?: number;
  readonly refreshExpiresAt?: number;
  /** Whose it is, where that is known. */
  readonly subject?: string;
}

/** Where a token set is kept between uses. A plain `{ load, save }` is enough for one process. */
export interface TokenStore {
  load(): Awaitable<TokenRecord | null>;
  /**
   * Keeps `record`, or deletes it when it is `null`. Given `expected`, it replaces only that record (the same `sessionId` and
   * `version`; `null`: no record).
   *
   * @returns `false` when the store holds another record, and nothing was changed
   */
  save(record: TokenRecord | null, expected?: TokenRecord | null): Awaitable<boolean | void>;
  /**
   * Runs `run` while nobody else who shares the store runs theirs. When the lock is lost its signal may abort: a token request
   * that was sent goes on, and its answer is saved only over the expected record.
   */
  lock?<T>(run: (signal: AbortSignal) => Promise<T>, options: { waitMs: number; signal: AbortSignal }): Promise<T>;
  /** Calls `changed` after each write, also of others. */
  subscribe?(changed: () => void): () => void;
  /**
   * Whether others write there too: then it is read before a renewal. `false` also states that an `exclusive` provider needs
   * no lock. @defaultValue whether it has `lock` or `subscribe`
   */
  readonly shared?: boolean;
}

export const isShared = ({ shared, lock, subscribe }: TokenStore): boolean =>
  shared ?? (lock !== undefined || subscribe !== undefined);

export function recordOf(tokens: TokenSet): TokenRecord {
  const { sessionId, version, accessToken, refreshToken, receivedAt, expiresAt, refreshExpiresAt, subject } = tokens;
  return {
    v: 1,
    sessionId,
    version,
    accessToken,
    receivedAt,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(subject !== undefined && { subject }),
  };
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * The token set of a record. Records come from places that others write to: only known fields of their own are read,
 * into a fresh object.
 *
 * @returns `null` for no record, `undefined` for one that is damaged, partial or of another version
 */
export function readRecord(record: unknown): TokenSet | null | undefined {
  if (record == null) return null;
  const own = (name: keyof TokenRecord, type: 'string' | 'number') => {
    const value = Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
    return (type === 'string' ? isSendable(value) : Number.isFinite(value)) ? value : undefined;
  };
  const sessionId = own('sessionId', 'string') as string | undefined;
  const accessToken = own('accessToken', 'string') as string | undefined;
  const version = own('version', 'number') as number | undefined;
  const receivedAt = own('receivedAt', 'number') as number | undefined;
  const whole =
    own('v', 'number') === 1 && sessionId && accessToken && version !== undefined && receivedAt !== undefined;
  if (!whole) return undefined;
  return tokenSetOf({
    sessionId,
    version,
    accessToken,
    receivedAt,
    refreshToken: own('refreshToken', 'string') as string | undefined,
    expiresAt: own('expiresAt', 'number') as number | undefined,
    refreshExpiresAt: own('refreshExpiresAt', 'number') as number | undefined,
    subject: Object.hasOwn(record as object, 'subject') ? stringOf((record as TokenRecord).subject) : undefined,
  });
}
