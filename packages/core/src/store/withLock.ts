import { TokenError } from '../errors/tokenError.ts';
import type { Clock } from '../time/clock.ts';
import type { TokenStore } from './tokenStore.ts';

export interface LockedRunOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly lockWaitMs: number;
  /** Two tokens cannot live side by side: no run without the lock. */
  readonly exclusive: boolean;
  /** Aborts when nobody waits for this run any more. */
  readonly signal: AbortSignal;
  readonly failed: (thrown: unknown) => void;
}

/**
 * Runs `run` inside the store's lock, if it has one. A lock that cannot be had in time is done without: then a session may
 * renew twice, but nobody waits for ever. `run` is called once at most.
 */
export function lockedRun(run: () => Promise<void>, options: LockedRunOptions): Promise<void> {
  const { store, clock, lockWaitMs, exclusive, signal, failed } = options;
  const { lock } = store;
  if (!lock) return run();
  return new Promise((resolve, reject) => {
    let isWaiting = true;
    /** Ends the wait. Whether it was still on, and wanted. */
    const waited = () => {
      clock.clearTimeout(timer);
      const first = isWaiting && !signal.aborted;
      isWaiting = false;
      return first;
    };
    /** Nobody else waits for the rest of a run that nobody wants any more. */
    const unwanted = new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }));
    const inside = async () => {
      if (waited()) await Promise.race([run().then(resolve, reject), unwanted]);
    };
    const without = (thrown: unknown) => {
      if (!waited()) return;
      failed(thrown);
      if (exclusive) reject(new TokenError('unavailable', 'The lock of the store could not be had.'));
      else run().then(resolve, reject);
    };
    const timer = clock.setTimeout(() => without(new Error('It took too long.')), lockWaitMs);
    signal.addEventListener('abort', waited, { once: true });
    new Promise(done => done(lock.call(store, inside, { waitMs: lockWaitMs, signal }))).catch(without);
  });
}
