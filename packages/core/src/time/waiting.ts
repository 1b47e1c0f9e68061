import { TokenError } from '../errors/tokenError.ts';
import type { Clock } from './clock.ts';

/** What a caller gets who has left. */
export const left = (): TokenError => new TokenError('aborted', 'The caller stopped waiting for the token.');

/** @throws TokenError `aborted` for a caller who has left: nothing is begun for them */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw left();
}

/** Waits for `promise` until `signal` aborts: then this caller leaves with `aborted`, and what was waited for goes on. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = () => reject(left());
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/**
 * Runs `run` and waits for it, but not longer than `ms`: then its signal aborts, and the wait ends with `unavailable`.
 * When `outer` aborts it ends at once, with `disposed`. A synchronous throw is a rejection.
 */
export function withinTime<T>(
  run: (signal: AbortSignal) => T | PromiseLike<T>,
  ms: number,
  clock: Clock,
  late: string,
  outer?: AbortSignal,
): Promise<T> {
  const stop = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const leave = (error: TokenError) => {
      clear();
      reject(error);
      stop.abort();
    };
    const dispose = () => leave(new TokenError('disposed', 'The token manager was disposed of.'));
    const timer = clock.setTimeout(() => leave(new TokenError('unavailable', late)), ms);
    const clear = () => {
      clock.clearTimeout(timer);
      outer?.removeEventListener('abort', dispose);
    };
    if (outer?.aborted) return dispose();
    outer?.addEventListener('abort', dispose);
    new Promise<T>(done => done(run(stop.signal))).then(resolve, reject).finally(clear);
  });
}
