import { type TokenError, tokenError } from '../errors/tokenError.ts';
import { longestTimerMs } from '../time/clock.ts';
import { callEach } from './callEach.ts';
import { abandon, type Session } from './session.ts';

/** An operation or a caller that waits for a token set. One of the two is called, once. */
export interface Waiter<Tokens> {
  resume(tokens: Tokens): void;
  fail(error: unknown): void;
}

/** The failure of a caller whose signal has aborted: its reason, as with fetch; older browsers have none. */
export const abortReason = ({ reason }: AbortSignal): unknown =>
  reason === undefined
    ? tokenError('aborted', () => process.env.NODE_ENV !== 'production' && 'The caller stopped waiting for the token.')
    : reason;

/** The failure of who has waited too long. */
export const late = (): TokenError =>
  tokenError(
    'unavailable',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'The auth server did not answer in time. If the request goes through a client that waits for this token manager, mark it with auth: "omit".',
  );

/** @throws the reason of the signal when it has aborted: nothing is started for its caller */
export function checkSignal(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

/** Waits for `promise` until `signal` aborts: then this caller fails with its reason, and the promise goes on. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = () => reject(abortReason(signal));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** Waiters in the order in which they came. */
export interface WaitingList<One> {
  /** The place of a waiter that has left is empty. */
  readonly waiters: (One | undefined)[];
  /** When each of them came, in milliseconds since the epoch. */
  readonly since: number[];
  /** All before this place have left. */
  first: number;
  /** Stops listening to the signal of a waiter. */
  stops?: Map<One, () => void>;
  /** `Session.abandoned` when the renewal started that they wait for. */
  round?: number;
  /** Fires when the time of the first waiter is up. */
  timer?: unknown;
  /** The renewal whose timer was overdue at the last check, and when that had last fired. */
  overdue?: object | undefined;
  overdueSince?: number | undefined;
  /** When the timer was set. */
  timerSetAt?: number;
}

/**
 * @param now - milliseconds since the epoch
 * @param signal - when it aborts, the waiter fails with its reason
 */
export function addWaiter<One extends Waiter<never>>(
  list: WaitingList<One>,
  waiter: One,
  now: number,
  signal?: AbortSignal | null,
): void {
  const length = list.waiters.push(waiter);
  list.since.push(now);
  if (signal) leaveWhenAborted(list, length - 1, waiter, signal);
}

/** Calls `fail` for the waiters that came at a time that is over; they leave the list. */
export function failOverdue<One>(
  list: WaitingList<One>,
  isOver: (since: number) => boolean,
  fail: (one: One) => void,
): void {
  const { waiters, since, stops } = list;
  while (list.first < since.length && isOver(since[list.first] as number)) {
    const place = list.first++; // before the waiter reacts
    const waiter = waiters[place];
    waiters[place] = undefined;
    if (!waiter) continue;
    stops?.get(waiter)?.();
    callEach([waiter], fail);
  }
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
    waiter.fail(abortReason(signal));
  };
  signal.addEventListener('abort', leave, { once: true });
  list.stops ??= new Map();
  list.stops.set(waiter, () => signal.removeEventListener('abort', leave));
}

/** Calls `answer` for each waiter; a list is answered once. */
export function answerAll<One>(list: WaitingList<One>, answer: (waiter: One) => void): void {
  const { waiters, stops } = list;
  list.first = waiters.length;
  callEach(waiters, waiter => {
    if (!waiter) return;
    stops?.get(waiter)?.();
    answer(waiter);
  });
}

// How long callers wait. A token request outlives those who wait for it: what it brings is used and saved.

/** How much later than due a timer that works may fire. */
const slackMs = 1_000;

/** How long a wait that began at `since` may last yet: it counts from the token request where that was sent later. */
function restOfWait({ flight, options }: Session, since: number, now: number): number {
  const { hasStore, lockWaitMs, renewTimeoutMs } = options;
  if (now < since) return 0; // the clock was set back
  if (hasStore && flight && flight.sentAt === undefined) return since + lockWaitMs - now;
  const sentAt = flight?.sentAt ?? since;
  return Math.max(since, sentAt > now ? since : sentAt) + renewTimeoutMs - now;
}

/** Fails a caller whose time is up. */
export function withWaitLimit<T>(session: Session, promise: Promise<T>): Promise<T> {
  const { clock } = session;
  const since = clock.now();
  return new Promise((resolve, reject) => {
    let timer: unknown;
    const wait = () => {
      const ms = restOfWait(session, since, clock.now());
      if (ms <= 0) reject(late());
      else timer = clock.setTimeout(wait, Math.min(ms, longestTimerMs));
    };
    wait();
    promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

export interface TimedList<One> {
  readonly list: WaitingList<One>;
  /** A waiter's time is up. */
  readonly fail: (waiter: One) => void;
  /** Starts another renewal for the list. */
  readonly restart: () => void;
}

/**
 * Sets the timer of a list that a waiter has joined. Each joiner sets it anew: a platform may have ended the timers of the
 * others together with their requests.
 *
 * @param rest - of the first wait, where it is not the shortest that is possible
 */
export function setListTimer<One>(session: Session, timed: TimedList<One>, now: number, rest?: number): void {
  const { list } = timed;
  const { clock, flight, options } = session;
  const firstEnds = rest ?? (list.since[list.first] as number) + options.renewTimeoutMs - now;
  if (list.timer !== undefined) clock.clearTimeout(list.timer);
  list.timerSetAt = now;
  const overdue = flight ? Math.max(flight.seenAt + options.renewTimeoutMs - now, slackMs) : firstEnds;
  const ms = Math.max(Math.min(firstEnds, overdue, options.renewTimeoutMs), 0); // the clock may have been set back
  list.timer = clock.setTimeout(() => checkList(session, timed), ms);
}

function checkList<One>(session: Session, timed: TimedList<One>): void {
  const { list, fail, restart } = timed;
  const now = session.clock.now();
  list.timer = undefined;
  list.timerSetAt = Number.NaN;
  if (isOwnerGone(session, list, now)) abandon(session);
  if (list.round !== session.abandoned) restart();
  failOverdue(list, since => restOfWait(session, since, now) <= 0, fail);
  const first = list.since[list.first];
  if (first !== undefined) setListTimer(session, timed, now, restOfWait(session, first, now));
}

/** Whether the timer of the renewal has not fired since the last check, though it is overdue: its owner has ended. */
function isOwnerGone<One>({ flight, options }: Session, list: WaitingList<One>, now: number): boolean {
  const isOverdue = flight !== undefined && now >= flight.seenAt + options.renewTimeoutMs;
  const wasOverdue = list.overdue === flight && list.overdueSince === flight?.seenAt;
  list.overdue = isOverdue ? flight : undefined;
  list.overdueSince = flight?.seenAt;
  return isOverdue && wasOverdue;
}
