import { tokenError } from '../errors/tokenError.ts';
import { type Clock, withTimeout } from '../time/clock.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** A store that takes longer counts as gone, and memory is used without it. */
const storeTimeoutMs = 5_000;

export interface BoundedStoreOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  /** Aborts when nothing is read or saved any more. */
  readonly closed: AbortSignal;
  readonly failed: (doing: 'load' | 'save', thrown: unknown, record?: TokenRecord | null) => void;
  /** A save that had timed out has succeeded over a newer one: the store is behind, and should be read. */
  readonly overwritten: () => void;
}

/** A save, tried twice. */
interface Save {
  readonly record: TokenRecord | null;
  readonly expected: TokenRecord | null | undefined;
  hasSucceeded: boolean;
  isOver: boolean;
}

const isSame = (one: TokenRecord | null, other: TokenRecord | null) => JSON.stringify(one) === JSON.stringify(other);

/** A store whose calls all end, and whose saves happen in the order in which they were decided. */
export class BoundedStore {
  /** Whether memory holds something newer: a save has failed, or an older one has succeeded after it. */
  isBehind = false;
  /** Resolves when the saves so far are done. */
  written: Promise<unknown> = Promise.resolve();
  readonly #options: BoundedStoreOptions;
  /** What was decided to be saved last. */
  #newest: TokenRecord | null = null;
  /** What the store held when it fell behind. */
  #base: TokenRecord | null | undefined;

  constructor(options: BoundedStoreOptions) {
    this.#options = options;
  }

  /** Waits for what `load` answers. */
  read(load: () => ReturnType<TokenStore['load']>): Promise<TokenRecord | null> {
    return withTimeout(load, { ...this.#limits('answer'), closed: this.#options.closed });
  }

  /**
   * Saves, and tries twice. Resolves to `false` when the store held another record than `expected`. Never rejects. While the
   * store is behind, `expected` is what it held when it fell behind.
   */
  write(record: TokenRecord | null, expected?: TokenRecord | null): Promise<boolean> {
    if (this.#options.closed.aborted && record) return Promise.resolve(true); // a sign-out is never too late
    this.#newest = record;
    const save: Save = { record, expected, hasSucceeded: false, isOver: false };
    const attempt = () => withTimeout(() => this.#save(save), this.#limits('save'));
    const done = this.written
      .then(attempt)
      .catch(attempt)
      .catch((thrown: unknown) => save.hasSucceeded || Promise.reject(thrown)) // the first attempt may have succeeded late
      .then(
        saved => this.#saved(save, saved),
        thrown => this.#notSaved(save, thrown),
      );
    this.written = done;
    return done;
  }

  /** Calls `changed` after each write by others, until the store is closed. */
  listen(changed: () => void): void {
    const { store, closed, failed } = this.#options;
    try {
      const stop: unknown = store.subscribe?.(changed);
      if (typeof stop === 'function')
        closed.addEventListener('abort', () => void new Promise(done => done(stop())).catch(() => {}));
    } catch (thrown) {
      failed('load', thrown); // a renewal reads the store anyway
    }
  }

  #limits(verb: string) {
    const late = () =>
      tokenError('unavailable', () => process.env.NODE_ENV !== 'production' && `The store did not ${verb} in time.`);
    return { ms: storeTimeoutMs, clock: this.#options.clock, late };
  }

  #save(save: Save): Promise<boolean | void> {
    const { record, expected } = save;
    const over = this.isBehind && expected !== undefined ? this.#base : expected;
    const saved = Promise.resolve(this.#options.store.save(record, over));
    saved.then(
      answer => this.#answered(save, answer),
      () => {},
    );
    return saved;
  }

  #answered(save: Save, answer: boolean | void): void {
    if (answer === false) return;
    save.hasSucceeded = true;
    if (save.isOver) this.#succeededLate(save.record);
  }

  #saved(save: Save, answer: boolean | void): boolean {
    save.isOver = true;
    this.isBehind = false;
    return answer !== false;
  }

  #notSaved(save: Save, thrown: unknown): true {
    const { record, expected } = save;
    save.isOver = true;
    if (!this.isBehind || expected === undefined) this.#base = expected;
    this.isBehind = true;
    this.#options.failed('save', thrown, record);
    return true;
  }

  /** A save that had timed out has succeeded: it may have overwritten a newer one. */
  #succeededLate(record: TokenRecord | null): void {
    if (isSame(record, this.#newest)) {
      this.isBehind = false;
      return;
    }
    this.written = this.written.then(() => {
      if (!this.isBehind || this.#base !== undefined) this.#base = record;
      this.isBehind = true;
    });
    this.#options.overwritten();
  }
}
