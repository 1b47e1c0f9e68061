import { disposed, type TokenError } from '../errors/tokenError.ts';
import { createAbort } from './createAbort.ts';

/** Where the time comes from; tests pass their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The longest delay of a timer; a longer one fires at once. */
export const longestTimerMs: number = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer: unknown = setTimeout(run, ms);
    (timer as { unref?: () => void }).unref?.(); // a waiting timer does not keep a Node process running
    return timer;
  },
  clearTimeout: timer => clearTimeout(timer as number),
};

export interface TimeoutOptions {
  readonly ms: number;
  readonly clock: Clock;
  /** The error when the time is up. */
  readonly late: () => TokenError;
  /** Ends the wait at once, with `disposed`. */
  readonly closed?: AbortSignal;
}

/** Runs `run` and waits for it at most `ms`, then aborts its signal and rejects. A synchronous throw is a rejection. */
export function withTimeout<T>(run: (signal: AbortSignal) => T | PromiseLike<T>, options: TimeoutOptions): Promise<T> {
  const { ms, clock, late, closed } = options;
  const stop = createAbort();
  return new Promise<T>((resolve, reject) => {
    const end = (error: TokenError) => {
      clear();
      reject(error);
      stop.abort();
    };
    const close = () => end(disposed());
    const timer = clock.setTimeout(() => end(late()), ms);
    const clear = () => {
      clock.clearTimeout(timer);
      closed?.removeEventListener('abort', close);
    };
    if (closed?.aborted) return close();
    closed?.addEventListener('abort', close);
    new Promise<T>(done => done(run(stop.signal))).then(resolve, reject).finally(clear);
  });
}
