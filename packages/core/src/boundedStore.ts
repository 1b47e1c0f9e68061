import type { Clock } from './clock.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';
import { withinTime } from './waiting.ts';

/** A store that takes longer is treated as gone: memory goes on without it. */
const storeTimeoutMs = 5_000;

/** A store of which no call lasts for ever, and whose writes happen in the order in which they were decided. */
export interface BoundedStore {
  /** Whether memory holds something newer than the store, because a write has failed. */
  readonly isBehind: boolean;
  /** Settles when the writes so far are done. */
  readonly written: Promise<unknown>;
  read(load: () => ReturnType<TokenStore['load']>): Promise<TokenRecord | null>;
  /**
   * Tries twice. Resolves to `false` when others were faster. Never rejects. After a write that failed, `expected` is what the
   * store held before that one.
   */
  write(record: TokenRecord | null, expected?: TokenRecord | null): Promise<boolean>;
}

export function createBoundedStore(
  store: TokenStore,
  clock: Clock,
  closed: AbortSignal,
  saveFailed: (thrown: unknown, record: TokenRecord | null) => void,
): BoundedStore {
  let written: Promise<unknown> = Promise.resolve();
  let isBehind = false;
  /** What the write expected that failed first. */
  let base: TokenRecord | null | undefined;
  return {
    get isBehind() {
      return isBehind;
    },
    get written() {
      return written;
    },
    read: load => withinTime(load, storeTimeoutMs, clock, 'The store did not answer in time.', closed),
    write(record, expected) {
      const save = () => store.save(record, isBehind && expected !== undefined ? base : expected);
      const attempt = () => withinTime(save, storeTimeoutMs, clock, 'The store did not save in time.');
      const saving = written.then(attempt).catch(attempt);
      const done = saving.then(
        saved => {
          isBehind = false;
          return saved !== false;
        },
        thrown => {
          if (!isBehind || expected === undefined) base = expected;
          isBehind = true;
          saveFailed(thrown, record);
          return true;
        },
      );
      written = done;
      return done;
    },
  };
}
