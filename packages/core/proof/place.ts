import type { TokenRecord, TokenStore } from '../src/store/tokenStore.ts';
import type { Life, StoreAnswer } from './life.ts';
import type { Surroundings } from './surroundings.ts';

/** What a tab's store tells about that tab. */
export interface StoreWatch {
  /** The first time. */
  loaded(): void;
  /** @returns what is told when it is done, and what was there before */
  saves(record: TokenRecord | null): (before: TokenRecord | null) => void;
}

/** A store that takes longer is given up. */
const patienceMs = 5_000;

const trouble = () => new Error('The place is out of order.');
const hung = <T>() => new Promise<T>(() => {});

/** Where the record of the session lives: one place for all tabs, which answers at once or later, fails, or never answers. */
export class Place {
  kept: TokenRecord | null;
  /** Whether somebody is inside the lock. */
  isLocked = false;
  /** Whether there is one tab, and nobody else has written. */
  isAlone: boolean;
  /** Whether the last save was one that the place does, however late. */
  isReliable = false;
  readonly #life: Life;
  readonly #around: Surroundings;
  readonly #listeners = new Set<() => void>();
  readonly #nextLoad: () => StoreAnswer;
  readonly #nextSave: () => StoreAnswer;
  readonly #nextLock: () => StoreAnswer;
  #lastHolder: Promise<unknown> = Promise.resolve();

  constructor(life: Life, around: Surroundings, kept: TokenRecord | null) {
    this.kept = kept;
    this.#life = life;
    this.#around = around;
    this.isAlone = life.tabs === 1;
    this.#nextLoad = around.plan(life.loads, 'does');
    this.#nextSave = around.plan(life.saves, 'does');
    this.#nextLock = around.plan(life.locks, 'does');
  }

  get isShared(): boolean {
    return this.#life.hasLock || this.#life.hasNotices;
  }

  /** Somebody writes, us or another tab. */
  put(record: TokenRecord | null): void {
    this.kept = record;
    for (const changed of this.#listeners) void this.#around.later('notice', changed);
  }

  /** Another tab writes, one that is not part of the life. */
  putByOthers(record: TokenRecord | null): void {
    if (!this.isShared) return;
    this.isAlone = false;
    this.put(record);
  }

  storeFor(watch: StoreWatch): TokenStore {
    let newest = 0;
    let loads = 0;
    const { clock, uptime } = this.#around;
    const store: TokenStore = {
      shared: this.isShared,
      load: () => {
        const isFirst = loads++ === 0;
        return this.#answer(this.#nextLoad(), 'load', () => {
          if (isFirst) watch.loaded();
          return this.kept;
        });
      },
      save: (record, expected) => {
        const mine = ++newest;
        const [at, upAt] = [clock.now(), uptime()];
        const isLate = () => Math.max(clock.now() - at, uptime() - upAt) >= patienceMs;
        const saved = watch.saves(record);
        const answer = this.#nextSave();
        this.isReliable = answer === 'does';
        return this.#answer(answer, 'save', () => {
          const isGivenUp = mine !== newest || isLate();
          const { kept } = this;
          const isOther = kept?.session !== expected?.session || kept?.version !== expected?.version;
          const isRefused = expected !== undefined && isOther;
          if (isGivenUp && (this.isShared || isRefused)) this.isReliable = false; // nobody hears of it any more
          if (isGivenUp && this.isShared) throw trouble(); // or another tab would take it over, and go on with it
          if (isRefused) return false;
          this.put(record);
          saved(kept);
          return true;
        });
      },
    };
    if (this.#life.hasLock) store.lock = run => this.#lock(run);
    if (this.#life.hasNotices)
      store.subscribe = changed => {
        this.#listeners.add(changed);
        return () => this.#listeners.delete(changed);
      };
    return store;
  }

  #answer<T>(answer: StoreAnswer, what: string, happen: () => T): T | Promise<T> {
    if (answer === 'hangs') return hung();
    const run = () => {
      if (answer === 'fails') throw trouble();
      return happen();
    };
    return this.#life.isSlow ? this.#around.later(`${what} ${answer}`, run) : run();
  }

  #lock<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const answer = this.#nextLock();
    if (answer === 'hangs') return hung();
    if (answer === 'fails') return this.#around.later('lock fails', () => Promise.reject(trouble())).then(hung<T>);
    const turn = this.#lastHolder
      .then(() => this.#around.later('lock', () => {}))
      .then(async () => {
        this.isLocked = true;
        return run(new AbortController().signal).finally(() => {
          this.isLocked = false;
        });
      });
    this.#lastHolder = turn.catch(() => {});
    return turn;
  }
}
