import type { Hold, StoreHost } from '@latchkey/core/adapter';
import type { LostExchange } from './lostExchange.ts';

/** A token request is sent so long after the lock was acquired at the latest. */
const sendMs = 5_000;
/** Most renewals let go sooner; after that a waiter looks so often who holds the lock, before it takes it over. */
const firstLookMs = 100;
const looks = 8;

export interface TabLockOptions {
  /** What the names of the locks begin with. */
  readonly prefix: string;
  readonly locks: LockManager;
  readonly host: StoreHost;
  readonly lostExchangeMs: number;
  /** Absent where a page that vanishes takes the answer with it. */
  readonly lostExchange: () => LostExchange | undefined;
}

interface Grant {
  isLost: boolean;
}

/**
 * Runs `run` inside the Web Lock of the tabs. A holder that ends lets go at once. One that hangs for longer than a token request
 * may take loses the lock to one of those who wait; it notices by `isHeld`.
 */
export function holdTabLock(
  run: (hold: Hold) => Promise<void>,
  signal: AbortSignal,
  options: TabLockOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    new LockRequest(run, signal, options, { resolve, reject }).start();
  });
}

interface Result {
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

class LockRequest {
  readonly #run: (hold: Hold) => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #options: TabLockOptions;
  readonly #result: Result;
  /** Ends the wait in the queue. */
  readonly #queue = new AbortController();
  #hasBegun = false;
  #isStealing = false;
  #timer: unknown;

  constructor(run: (hold: Hold) => Promise<void>, signal: AbortSignal, options: TabLockOptions, result: Result) {
    this.#run = run;
    this.#signal = signal;
    this.#options = options;
    this.#result = result;
  }

  start(): void {
    this.#signal.addEventListener('abort', () => this.#queue.abort(), { once: true });
    this.#request({ signal: this.#queue.signal });
    this.#watch(undefined, 0, firstLookMs);
  }

  #name(part: string): string {
    return `${this.#options.prefix}.${part}`;
  }

  #request(how: LockOptions, granted = () => {}): void {
    const grant: Grant = { isLost: false };
    const begin = () => {
      granted();
      return this.#begin(grant);
    };
    new Promise(done => done(this.#options.locks.request(this.#name('renew'), how, begin))).catch(thrown => {
      grant.isLost = true; // taken over
      granted();
      if (this.#hasBegun || (this.#isStealing && how.signal)) return;
      this.#stopWatching();
      if (this.#signal.aborted) this.#result.resolve();
      else this.#result.reject(thrown);
    });
  }

  async #begin(grant: Grant): Promise<void> {
    if (this.#hasBegun) return;
    if (this.#signal.aborted) return this.#result.resolve();
    this.#hasBegun = true;
    this.#stopWatching();
    const { host, locks, lostExchange } = this.#options;
    const lost = lostExchange();
    let done = () => {};
    const running = new Promise<void>(resolve => {
      done = resolve;
    });
    const turn = this.#name(`turn ${Math.random().toString(36).slice(2)}`); // tells apart the holders of one page
    locks.request(turn, { mode: 'shared' }, () => running).catch(() => {});
    try {
      await lost?.over();
      const heldAt = host.clock.now();
      lost?.begin();
      const isHeld = () => !grant.isLost && !lost?.isLeaving && Math.abs(host.clock.now() - heldAt) < sendMs;
      await this.#run({ isHeld });
    } finally {
      lost?.end();
      done();
      this.#result.resolve();
    }
  }

  /** Looks who holds the lock; after the time that a healthy holder may need, counted without the sleep of a device, takes it over. */
  #watch(holder: string | undefined, count: number, ms: number): void {
    const { host, lostExchangeMs } = this.#options;
    const patienceMs = host.requestTimeoutMs + sendMs + 1_000 + lostExchangeMs;
    const look = async () => {
      const next = await this.#holder().catch(() => undefined);
      if (this.#isOver()) return;
      const seen = next !== undefined && next === holder ? count + 1 : 0;
      if (next !== undefined && seen >= looks) await this.#takeOver(next).catch(() => {});
      if (!this.#isOver() && !this.#isStealing) this.#watch(next, seen >= looks ? 0 : seen, patienceMs / looks);
    };
    this.#timer = host.clock.setTimeout(() => void look(), ms);
  }

  #isOver(): boolean {
    return this.#hasBegun || this.#signal.aborted;
  }

  #stopWatching(): void {
    this.#options.host.clock.clearTimeout(this.#timer);
  }

  async #holder(): Promise<string | undefined> {
    const { held = [] } = await this.#options.locks.query();
    const holder = held.find(({ name }) => name === this.#name('renew'));
    if (!holder) return undefined;
    const turns = held.map(({ name = '' }) => name).filter(name => name.startsWith(this.#name('turn ')));
    return [holder.clientId, ...turns.sort()].join(' ');
  }

  /** One of those who wait at a time; the next one finds another holder. */
  #takeOver(holder: string): Promise<unknown> {
    const { locks } = this.#options;
    return locks.request(this.#name('takeover'), { signal: this.#signal }, async () => {
      if (this.#isOver() || (await this.#holder()) !== holder || this.#isOver()) return;
      this.#isStealing = true;
      this.#queue.abort();
      await new Promise<void>(granted => this.#request({ steal: true }, granted));
    });
  }
}
