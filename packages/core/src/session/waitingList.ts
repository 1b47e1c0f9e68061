import { type TokenError, tokenError } from '../errors/tokenError.ts';
import { callEach } from './callEach.ts';

/** An operation or a caller that waits for a token set. One of the two is called, once. */
export interface Waiter<Tokens> {
  resume(tokens: Tokens): void;
  fail(error: unknown): void;
}

export const aborted = (): TokenError =>
  tokenError('aborted', () => process.env.NODE_ENV !== 'production' && 'The caller stopped waiting for the token.');

/** @throws TokenError `aborted` when the signal has aborted: nothing is started for its caller */
export function checkSignal(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) throw aborted();
}

/** Waits for `promise` until `signal` aborts: then this caller fails with `aborted`, and the promise goes on. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = () => reject(aborted());
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** Waiters in the order in which they came. */
export interface WaitingList<One> {
  /** A waiter whose signal has aborted leaves its place empty. */
  readonly waiters: (One | undefined)[];
  /** Stops listening to the signal of a waiter. */
  stops?: Map<One, () => void>;
}

/** @param signal - when it aborts, the waiter fails with `aborted` */
export function addWaiter<One extends Waiter<never>>(
  list: WaitingList<One>,
  waiter: One,
  signal?: AbortSignal | null,
): void {
  const length = list.waiters.push(waiter);
  if (signal) leaveWhenAborted(list, length - 1, waiter, signal);
}

/** Not within `addWaiter`: thousands of waiters without a signal would each keep a place for its closures. */
function leaveWhenAborted<One extends Waiter<never>>(
  list: WaitingList<One>,
  place: number,
  waiter: One,
  signal: AbortSignal,
): void {
  const leave = () => {
    list.waiters[place] = undefined;
    waiter.fail(aborted());
  };
  signal.addEventListener('abort', leave, { once: true });
  list.stops ??= new Map();
  list.stops.set(waiter, () => signal.removeEventListener('abort', leave));
}

/** Calls `answer` for each waiter; a list is answered once. */
export function answerAll<One>({ waiters, stops }: WaitingList<One>, answer: (waiter: One) => void): void {
  callEach(waiters, waiter => {
    if (!waiter) return;
    stops?.get(waiter)?.();
    answer(waiter);
  });
}
