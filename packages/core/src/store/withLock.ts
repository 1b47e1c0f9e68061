import { tokenError } from '../errors/tokenError.ts';
import type { Clock } from '../time/clock.ts';
import type { TokenStore } from './tokenStore.ts';

export interface LockOptions {
  readonly lock: NonNullable<TokenStore['lock']>;
  readonly clock: Clock;
  readonly lockWaitMs: number;
  /** Two tokens cannot live side by side: nothing runs without the lock. */
  readonly exclusive: boolean;
  /** Aborts when nobody waits for this run any more. */
  readonly signal: AbortSignal;
  readonly failed: (thrown: unknown) => void;
}

/**
 * Runs `run` inside the lock, once at most. When the lock cannot be acquired in time, `run` runs without it: a session may then
 * be renewed twice, but nobody waits for ever.
 */
export function withLock(run: () => Promise<void>, options: LockOptions): Promise<void> {
  if (options.signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => new LockedRun(run, options, resolve, reject).acquire());
}

class LockedRun {
  readonly #run: () => Promise<void>;
  readonly #options: LockOptions;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #isWaiting = true;
  #timer: unknown;

  constructor(run: () => Promise<void>, options: LockOptions, resolve: () => void, reject: (error: unknown) => void) {
    this.#run = run;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  acquire(): void {
    const { lock, clock, lockWaitMs, signal } = this.#options;
    this.#timer = clock.setTimeout(
      () => this.#without(new Error("Timed out waiting for the store's lock.")),
      lockWaitMs,
    );
    signal.addEventListener('abort', () => this.#stopWaiting(), { once: true });
    new Promise(done => done(lock(() => this.#inside(), { waitMs: lockWaitMs, signal }))).catch(thrown =>
      this.#without(thrown),
    );
  }

  /** Ends the wait. Whether it was on, and its result is still needed. */
  #stopWaiting(): boolean {
    this.#options.clock.clearTimeout(this.#timer);
    const wasWaiting = this.#isWaiting && !this.#options.signal.aborted;
    this.#isWaiting = false;
    return wasWaiting;
  }

  /** Holds the lock until the run has ended or its result is no longer needed. */
  async #inside(): Promise<void> {
    if (!this.#stopWaiting()) return;
    const { signal } = this.#options;
    const unneeded = new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }));
    await Promise.race([this.#start(), unneeded]);
  }

  #without(thrown: unknown): void {
    if (!this.#stopWaiting()) return;
    this.#options.failed(thrown);
    if (this.#options.exclusive) this.#reject(this.#unavailable());
    else void this.#start();
  }

  #start(): Promise<void> {
    return this.#run().then(this.#resolve, this.#reject);
  }

  #unavailable() {
    return tokenError(
      'unavailable',
      () => process.env.NODE_ENV !== 'production' && "Could not acquire the store's lock.",
    );
  }
}
