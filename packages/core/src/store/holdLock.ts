import type { Hold, Place } from './place.ts';

export interface LockOptions {
  readonly lock: NonNullable<Place['lock']>;
  /** Aborts when nothing needs to run any more. */
  readonly signal: AbortSignal;
  /** Asked when the signal aborts: nothing that was sent needs the lock any more. */
  readonly mayLetGo: () => boolean;
  /** Resolves when what others must find is saved: then the lock is let go. */
  readonly saved: () => Promise<unknown>;
  /** Aborts when the time for what was sent is up. */
  readonly limit: AbortSignal;
  readonly succeeded: () => void;
  /** The lock is gone, and nothing has run. */
  readonly gone: (thrown: unknown) => Promise<void>;
}

/**
 * Runs `run` inside the lock, once at most. Resolves when it has run, or when nothing needs to run any more. A token request that
 * was sent keeps the lock until it has ended.
 */
export function holdLock(run: (hold: Hold) => Promise<void>, options: LockOptions): Promise<void> {
  const { lock, signal, mayLetGo, saved, limit, succeeded, gone } = options;
  const unneeded = new Promise<void>(done => {
    signal.addEventListener('abort', () => mayLetGo() && done());
    limit.addEventListener('abort', () => done());
  });
  return new Promise<void>((resolve, reject) => {
    let hasBegun = false;
    const inside = async (hold: Hold) => {
      if (hasBegun || signal.aborted) return;
      hasBegun = true;
      succeeded();
      await Promise.race([run(hold).then(resolve, reject), unneeded]);
      await saved();
    };
    signal.addEventListener('abort', () => hasBegun || resolve());
    if (signal.aborted) return resolve();
    const ended = (thrown?: unknown) => {
      if (hasBegun || signal.aborted) return;
      hasBegun = true;
      gone(thrown).then(resolve, reject);
    };
    new Promise(done => done(lock(inside, signal))).then(() => ended(), ended);
  });
}
