import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { minutes, outcome, settled, signedIn } from '../../test/scriptedProvider.ts';
import { addWaiter, answerAll, failOverdue, type WaitingList, withSignal } from './waitingList.ts';

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

test('B12 a list is answered once, in its order, without those who have left', () => {
  const { list, log } = listOf(['one', 'two', 'three']);
  const caller = new AbortController();
  const left = { name: 'left', resume() {}, fail: (error: unknown) => void log.push(`left: ${String(error)}`) };
  addWaiter(list, left, 4_000, caller.signal);
  caller.abort('gone');
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  answerAll(list, note(log));
  failOverdue(list, () => true, note(log));
  expect(log).toEqual(['left: gone', 'one', 'two', 'three']);
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
