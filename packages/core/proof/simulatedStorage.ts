import type { TokenRecord, TokenStore } from '../src/store/tokenStore.ts';
import type { Environment } from './environment.ts';
import type { Scenario, StoreAnswer } from './scenario.ts';

/** Observes the loads and saves of one tab. */
export interface StoreObserver {
  /** Called when the first load is answered. */
  loaded(): void;
  /** @returns a function to call after the save, with the record that was stored before */
  saving(record: TokenRecord | null): (before: TokenRecord | null) => void;
}

/** The core gives up a save after this time. */
const storeTimeoutMs = 5_000;

const storageError = () => new Error('The storage is out of order.');
const neverSettles = <T>() => new Promise<T>(() => {});

/** The storage of the session's record for all tabs, which answers synchronously or later, fails, or never answers. */
export class SimulatedStorage {
  record: TokenRecord | null;
  /** Whether there is one tab, and no other tab has written. */
  hasOneWriter: boolean;
  /** Whether the last save has changed the record or still will. */
  isReliable = false;
  readonly #scenario: Scenario;
  readonly #env: Environment;
  readonly #listeners = new Set<() => void>();
  readonly #nextLoad: () => StoreAnswer;
  readonly #nextSave: () => StoreAnswer;
  readonly #nextLock: () => StoreAnswer;
  #lastHolder: Promise<unknown> = Promise.resolve();

  constructor(scenario: Scenario, env: Environment, record: TokenRecord | null) {
    this.record = record;
    this.#scenario = scenario;
    this.#env = env;
    this.hasOneWriter = scenario.tabs === 1;
    this.#nextLoad = env.plan(scenario.loads, 'succeeds');
    this.#nextSave = env.plan(scenario.saves, 'succeeds');
    this.#nextLock = env.plan(scenario.locks, 'succeeds');
  }

  get isShared(): boolean {
    return this.#scenario.hasLock || this.#scenario.hasNotices;
  }

  put(record: TokenRecord | null): void {
    this.record = record;
    for (const changed of this.#listeners) void this.#env.schedule('notice', changed);
  }

  /** A write by a tab that is not part of the simulation. */
  putElsewhere(record: TokenRecord | null): void {
    if (!this.isShared) return;
    this.hasOneWriter = false;
    this.put(record);
  }

  storeFor(observer: StoreObserver): TokenStore {
    let lastSave = 0;
    let loads = 0;
    const { clock, elapsedMs } = this.#env;
    const store: TokenStore = {
      shared: this.isShared,
      load: () => {
        const isFirst = loads++ === 0;
        return this.#answer(this.#nextLoad(), 'load', () => {
          if (isFirst) observer.loaded();
          return this.record;
        });
      },
      save: (record, expected) => {
        const number = ++lastSave;
        const [startedAt, startedAtElapsedMs] = [clock.now(), elapsedMs()];
        const hasTimedOut = () => Math.max(clock.now() - startedAt, elapsedMs() - startedAtElapsedMs) >= storeTimeoutMs;
        const saved = observer.saving(record);
        const answer = this.#nextSave();
        this.isReliable = answer === 'succeeds';
        return this.#answer(answer, 'save', () => {
          const isGivenUp = number !== lastSave || hasTimedOut();
          const before = this.record;
          const isOther = before?.sessionId !== expected?.sessionId || before?.version !== expected?.version;
          const isUnexpected = expected !== undefined && isOther;
          if (isGivenUp && (this.isShared || isUnexpected)) this.isReliable = false; // its answer is ignored
          if (isGivenUp && this.isShared) throw storageError(); // otherwise another tab would adopt and renew it
          if (isUnexpected) return false;
          this.put(record);
          saved(before);
          return true;
        });
      },
    };
    if (this.#scenario.hasLock) store.lock = run => this.#lock(run);
    if (this.#scenario.hasNotices)
      store.subscribe = changed => {
        this.#listeners.add(changed);
        return () => this.#listeners.delete(changed);
      };
    return store;
  }

  #answer<T>(answer: StoreAnswer, call: string, succeed: () => T): T | Promise<T> {
    if (answer === 'neverSettles') return neverSettles();
    const run = () => {
      if (answer === 'fails') throw storageError();
      return succeed();
    };
    return this.#scenario.isSlow ? this.#env.schedule(`${call} ${answer}`, run) : run();
  }

  #lock<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const answer = this.#nextLock();
    if (answer === 'neverSettles') return neverSettles();
    if (answer === 'fails')
      return this.#env.schedule('lock fails', () => Promise.reject(storageError())).then(neverSettles<T>);
    const held = this.#lastHolder
      .then(() => this.#env.schedule('lock', () => {}))
      .then(async () => run(new AbortController().signal));
    this.#lastHolder = held.catch(() => {});
    return held;
  }
}
