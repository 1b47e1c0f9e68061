import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { minutes, outcome, settled, signedIn } from '../../test/scriptedProvider.ts';
import { takeOff } from './session.ts';
import {
  addWaiter,
  answerAll,
  failOverdue,
  setListTimer,
  type WaitingList,
  withSignal,
  withWaitLimit,
} from './waitingList.ts';

interface Named {
  readonly name: string;
  resume(): void;
  fail(error: unknown): void;
}

/** A list of these waiters, one each second, and what became of them. */
function listOf(names: readonly string[], signal?: AbortSignal) {
  const log: string[] = [];
  const list: WaitingList<Named> = { waiters: [], since: [], first: 0 };
  names.forEach((name, second) => {
    const waiter = {
      name,
      resume: () => log.push(name),
      fail: (error: unknown) => log.push(`${name}: ${String(error)}`),
    };
    addWaiter(list, waiter, second * 1_000, signal);
  });
  return { list, log };
}
const note = (log: string[]) => (one: Named) => void log.push(one.name);

test('B06 withSignal() is the promise itself where there is no signal', () => {
  const promise = Promise.resolve('A');
  expect(withSignal(promise, undefined)).toBe(promise);
  expect(withSignal(promise, null)).toBe(promise);
});

test('B06 withSignal() fails with the reason of the signal, and leaves no listener on it', async () => {
  const caller = new AbortController();
  const never = new Promise(() => {});
  const wait = outcome(withSignal(never, caller.signal));
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
  caller.abort('left');
  expect(await wait).toBe('left');
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  expect(await outcome(withSignal(never, AbortSignal.abort('gone')))).toBe('gone');
});

test('B102 withSignal() leaves no listener on the signal of a caller that was answered', async () => {
  const { signal } = new AbortController();
  expect(await withSignal(Promise.resolve('A'), signal)).toBe('A');
  await settled();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('B12 waiters are answered once, in the order in which they came; one that has left is not answered', () => {
  const { list, log } = listOf(['one', 'two', 'three']);
  const caller = new AbortController();
  const left = { name: 'left', resume() {}, fail: (error: unknown) => void log.push(`left: ${String(error)}`) };
  addWaiter(list, left, 4_000, caller.signal);
  caller.abort('gone');
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  answerAll(list, note(log));
  failOverdue(list, () => true, note(log));
  const overdue = listOf(['four']);
  const leaving = new AbortController();
  addWaiter(overdue.list, { ...left, fail() {} }, 4_000, leaving.signal);
  leaving.abort();
  failOverdue(overdue.list, () => true, note(log));
  vi.unstubAllGlobals();
  expect(log).toEqual(['left: gone', 'one', 'two', 'three', 'four']);
  expect(reported).not.toHaveBeenCalled();
});

test('B102 who was answered or has waited too long is not called by the signal later', () => {
  const caller = new AbortController();
  const answered = listOf(['one', 'two'], caller.signal);
  failOverdue(answered.list, since => since < 1_000, note(answered.log));
  answerAll(answered.list, note(answered.log));
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  caller.abort('gone');
  expect(answered.log).toEqual(['one', 'two']);
});

test('B13 those whose time is up leave in their order; one that joins meanwhile stays, and so does one that is answered', () => {
  const { list, log } = listOf(['one', 'two', 'three']);
  const late = { name: 'late', resume() {}, fail() {} };
  failOverdue(
    list,
    since => since <= 1_000,
    one => {
      log.push(`${one.name} failed`);
      if (one.name === 'one') addWaiter(list, late, 3_000);
    },
  );
  answerAll(list, note(log));
  expect(log).toEqual(['one failed', 'two failed', 'three', 'late']);
});

test('B101 a waiter that throws as its time is up keeps no other waiting', () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { list, log } = listOf(['one', 'two']);
  failOverdue(
    list,
    () => true,
    one => {
      log.push(one.name);
      throw new Error('A bug.');
    },
  );
  vi.unstubAllGlobals();
  expect(log).toEqual(['one', 'two']);
  expect(reported).toHaveBeenCalledTimes(2);
});

test('B12 those who begin to wait in the same millisecond set one timer', async () => {
  const { auth, A, clock } = signedIn();
  const set = vi.spyOn(clock, 'setTimeout');
  const wait = { resume() {}, fail() {} };
  const refused = { sent: A, kind: 'query', status: 401, ...wait } as const;
  for (let times = 0; times < 10; times++) auth.decide({ ...refused, operation: `query ${times}` }, {});
  for (let times = 0; times < 10; times++) auth.waitFor(wait);
  expect(set).toHaveBeenCalledTimes(3); // of the renewal, of those who were refused, and of the others
  clock.jump(1);
  auth.waitFor(wait);
  expect(set).toHaveBeenCalledTimes(4);
  expect(clock.timers).toHaveLength(3);
});

test('B13 a caller of renew waits from its own call, and from the token request where that was sent later', async () => {
  const { auth, clock } = signedIn({ renewTimeoutMs: minutes });
  const first = outcome(auth.renew());
  await clock.advance(minutes / 2);
  let second: unknown;
  void outcome(auth.renew()).then(result => {
    second = result;
  });
  await clock.advance(minutes / 2);
  expect(await first).toBe('unavailable');
  expect(second).toBeUndefined();
  await clock.advance(minutes / 2);
  expect(second).toBe('unavailable');
});

/** A list in a session whose callers wait 3 s at most, and what became of its waiters, in seconds from the start. */
function timedList() {
  const { auth, clock } = signedIn({ renewTimeoutMs: 3_000 });
  const { session } = auth.manager();
  const start = clock.now();
  const log: string[] = [];
  const noteAt = (what: string) => void log.push(`${(clock.now() - start) / 1_000} ${what}`);
  const list: WaitingList<Named> = { waiters: [], since: [], first: 0, round: session.abandoned };
  const restart = () => {
    list.round = session.abandoned;
    noteAt('restart');
  };
  const timed = { list, fail: ({ name }: Named) => noteAt(name), restart };
  const join = (name: string, since = clock.now()) => {
    addWaiter(list, { name, resume() {}, fail() {} }, since);
    setListTimer(session, timed, clock.now());
  };
  return { clock, session, list, log, timed, join };
}

test('B13 the timer of a list is set to the end of the first wait', async () => {
  const { clock, list, log, join } = timedList();
  join('one');
  expect(clock.timers).toEqual([3_000]);
  await clock.advance(1_000);
  join('two');
  expect([clock.timers, list.timerSetAt]).toEqual([[2_000], clock.now()]);
  await clock.advance(10_000);
  expect(log).toEqual(['3 one', '4 two']);
  expect([clock.timers, list.timer, list.timerSetAt]).toEqual([[], undefined, Number.NaN]);
});

test('B13 the timer of a list is neither longer than a wait nor negative, whatever the clock', () => {
  const { clock, session, timed, join } = timedList();
  join('from the future', clock.now() + 60_000);
  expect(clock.timers).toEqual([3_000]);
  for (const [rest, ms] of [
    [500, 500],
    [-5, 0],
    [9_000, 3_000],
  ] as const) {
    setListTimer(session, timed, clock.now(), rest);
    expect(clock.timers).toEqual([ms]);
  }
});

test('B15 the timer of a list is set to when that of the renewal is overdue, with a second to spare', () => {
  const { clock, session, join } = timedList();
  takeOff(session, 'asked');
  clock.jump(1_000);
  join('one');
  expect(clock.timers).toEqual([2_000]);
  clock.jump(1_500);
  join('two');
  expect(clock.timers).toEqual([1_000]);
});

test('B15 a renewal whose timer does not fire is given up at the second look, and the list starts another one', async () => {
  const { clock, session, log, join } = timedList();
  takeOff(session, 'asked');
  join('one');
  await clock.advance(2_000);
  join('two');
  await clock.advance(1_500);
  expect([session.abandoned, session.flight === undefined, log]).toEqual([0, false, ['3 one']]);
  await clock.advance(500);
  expect([session.abandoned, session.flight, session.snapshot.renewing]).toEqual([1, undefined, false]);
  expect(log).toEqual(['3 one', '4 restart']);
  await clock.advance(10_000);
  expect(log).toEqual(['3 one', '4 restart', '5 two']);
});

/** A list with two waiters, of which one is overdue, after the timer of their renewal has fired. */
async function overdueList() {
  const timed = timedList();
  const flight = takeOff(timed.session, 'asked');
  timed.join('one');
  await timed.clock.advance(2_500);
  timed.join('two');
  await timed.clock.advance(500);
  flight.seenAt = timed.clock.now();
  return timed;
}

test('B15 a renewal whose timer fires is not given up, nor is the one after it', async () => {
  const { clock, session, log, join } = await overdueList();
  await clock.advance(1_000);
  join('three');
  takeOff(session, 'asked');
  await clock.advance(2_500);
  expect([session.abandoned, log]).toEqual([0, ['3 one', '5.5 two']]);
});

test('B15 a renewal whose timer has fired since the last look is looked at twice more before it is given up', async () => {
  const { clock, session, join } = await overdueList();
  await clock.advance(2_500);
  join('three');
  await clock.advance(1_000);
  expect(session.abandoned).toBe(0);
  await clock.advance(1_000);
  expect(session.abandoned).toBe(1);
});

test('B13 a wait ends at its limit, which counts from the token request where that was sent later', async () => {
  const { clock, session } = timedList();
  const flight = takeOff(session, 'asked');
  const ends: number[] = [];
  const start = clock.now();
  const limit = () =>
    void outcome(withWaitLimit(session, new Promise(() => {}))).then(() => ends.push(clock.now() - start));
  limit();
  await clock.advance(1_000);
  flight.sentAt = clock.now();
  await clock.advance(1_000);
  limit();
  await clock.advance(1_999);
  expect(ends).toEqual([]);
  await clock.advance(10_000);
  expect(ends).toHaveLength(2);
  expect(clock.timers).toEqual([]);
});

test('B13 a wait ends when its timer fires after the clock was set back', async () => {
  let now = 100_000;
  let fire = () => {};
  const clock = {
    now: () => now,
    setTimeout(run: () => void) {
      fire = run;
    },
    clearTimeout() {},
  };
  const wait = outcome(withWaitLimit({ ...timedList().session, clock }, new Promise(() => {})));
  now -= 60_000;
  fire();
  expect(await wait).toBe('unavailable');
});

test('B13 a wait is not longer for a token request that was sent before the clock was set back', () => {
  const { clock, session } = timedList();
  takeOff(session, 'asked').sentAt = clock.now() + 60_000;
  void outcome(withWaitLimit(session, new Promise(() => {})));
  expect(clock.timers).toEqual([3_000]);
});

test('B102 a wait that was answered leaves no timer', async () => {
  const { clock, session } = timedList();
  expect(await withWaitLimit(session, Promise.resolve('A'))).toBe('A');
  expect(await outcome(withWaitLimit(session, Promise.reject(new Error('no'))))).toEqual(new Error('no'));
  await settled();
  expect(clock.timers).toEqual([]);
});
