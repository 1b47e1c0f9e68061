import type { Clock } from '../time/clock.ts';
import { withinTime } from '../time/waiting.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** A store that takes longer is treated as gone: memory goes on without it. */
const storeTimeoutMs = 5_000;

/** A store of which no call lasts for ever, and whose writes happen in the order in which they were decided. */
export interface BoundedStore {
  /** Whether memory holds something newer than the store: a write has failed, or an older one has come through after it. */
  readonly isBehind: boolean;
  /** Settles when the writes so far are done. */
  readonly written: Promise<unknown>;
  read(load: () => ReturnType<TokenStore['load']>): Promise<TokenRecord | null>;
  /**
   * Tries twice. Resolves to `false` when others were faster. Never rejects. While the store is behind, `expected` is what it
   * held when it fell behind.
   */
  write(record: TokenRecord | null, expected?: TokenRecord | null): Promise<boolean>;
  /** Calls `changed` after each write of whoever tells, until the store is closed. */
  listen(changed: () => void): void;
}

export interface BoundedStoreOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  /** Aborts when nobody reads or saves any more. */
  readonly closed: AbortSignal;
  readonly failed: (doing: 'load' | 'save', thrown: unknown, record?: TokenRecord | null) => void;
  /** A save that was given up has come through over a newer one: the store is behind, and should be looked at. */
  readonly undone: () => void;
}

const isSame = (one: TokenRecord | null, other: TokenRecord | null) => JSON.stringify(one) === JSON.stringify(other);

export function createBoundedStore(options: BoundedStoreOptions): BoundedStore {
  const { store, clock, closed, failed, undone } = options;
  let written: Promise<unknown> = Promise.resolve();
  /** What was decided to be written last. */
  let newest: TokenRecord | null = null;
  let isBehind = false;
  /** What the store held when it fell behind: what the write expected that failed first, or what came through late. */
  let base: TokenRecord | null | undefined;

  /** A save that was given up has come through: it may have undone a newer one. */
  function cameLate(record: TokenRecord | null): void {
    if (isSame(record, newest)) {
      isBehind = false;
      return;
    }
    written = written.then(() => {
      if (!isBehind || base !== undefined) base = record;
      isBehind = true;
    });
    undone();
  }

  return {
    get isBehind() {
      return isBehind;
    },
    get written() {
      return written;
    },
    read: load => withinTime(load, storeTimeoutMs, clock, 'The store did not answer in time.', closed),
    write(record, expected) {
      if (closed.aborted && record) return Promise.resolve(true); // a sign-out is never too late
      newest = record;
      let isDone = false;
      let isOver = false;
      const cameThrough = (answer: boolean | void) => {
        if (answer === false) return;
        isDone = true;
        if (isOver) cameLate(record);
      };
      const save = () => {
        const saved = Promise.resolve(store.save(record, isBehind && expected !== undefined ? base : expected));
        saved.then(cameThrough, () => {});
        return saved;
      };
      const attempt = () => withinTime(save, storeTimeoutMs, clock, 'The store did not save in time.');
      const saving = written
        .then(attempt)
        .catch(attempt)
        .catch((thrown: unknown) => isDone || Promise.reject(thrown)); // the first try may have come through meanwhile
      const done = saving.then(
        saved => {
          isOver = true;
          isBehind = false;
          return saved !== false;
        },
        thrown => {
          isOver = true;
          if (!isBehind || expected === undefined) base = expected;
          isBehind = true;
          failed('save', thrown, record);
          return true;
        },
      );
      written = done;
      return done;
    },
    listen(changed) {
      try {
        const stop: unknown = store.subscribe?.(changed);
        if (typeof stop === 'function')
          closed.addEventListener('abort', () => void new Promise(done => done(stop())).catch(() => {}));
      } catch (thrown) {
        failed('load', thrown); // others are heard when a renewal looks
      }
    },
  };
}
