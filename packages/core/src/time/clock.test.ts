import { afterEach, expect, test, vi } from 'vitest';
import { fakeClock, outcome, settled } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { systemClock, withTimeout } from './clock.ts';

afterEach(() => void vi.unstubAllGlobals());

const late = () => new TokenError('unavailable', 'Late.');

/** A wait of 1 s for work that the test ends. */
function waiting(closed?: AbortSignal) {
  const clock = fakeClock();
  let signal: AbortSignal | undefined;
  let finish: (value: string) => void = () => {};
  const run = (given: AbortSignal) => {
    signal = given;
    return new Promise<string>(resolve => {
      finish = resolve;
    });
  };
  const ended = outcome(withTimeout(run, { ms: 1_000, clock, late, ...(closed && { closed }) }));
  return { clock, ended, signal: () => signal, finish: (value: string) => finish(value) };
}

test('the timer of the system does not keep a Node process running, and may be cleared', () => {
  const timer = systemClock.setTimeout(() => expect.unreachable(), 0) as NodeJS.Timeout;
  expect(timer.hasRef()).toBe(false);
  systemClock.clearTimeout(timer);
  expect((timer as { _destroyed?: boolean })._destroyed).toBe(true);
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});

test('the timer of a browser is a number', () => {
  vi.stubGlobal('setTimeout', () => 7);
  expect(systemClock.setTimeout(() => {}, 0)).toBe(7);
});

test('withTimeout() answers what came in time, and leaves no timer', async () => {
  const { clock, ended, signal, finish } = waiting();
  await clock.advance(999);
  finish('done');
  expect(await ended).toBe('done');
  await settled();
  expect(clock.timers).toEqual([]);
  expect(signal()?.aborted).toBe(false);
});

test('withTimeout() fails when the time is up, and aborts the work', async () => {
  const { clock, ended, signal } = waiting();
  await clock.advance(1_000);
  expect(await ended).toBe('unavailable');
  expect([signal()?.aborted, clock.timers]).toEqual([true, []]);
});

test('withTimeout() fails at once when it is closed, and aborts the work', async () => {
  const closing = new AbortController();
  const { clock, ended, signal } = waiting(closing.signal);
  await settled();
  closing.abort();
  expect(await ended).toBe('disposed');
  expect([signal()?.aborted, clock.timers]).toEqual([true, []]);
});

test('withTimeout() that is closed already runs nothing', async () => {
  const { clock, ended, signal } = waiting(AbortSignal.abort());
  expect(await ended).toBe('disposed');
  expect([signal(), clock.timers]).toEqual([undefined, []]);
});

test('withTimeout() stops listening when the work has ended', async () => {
  const closing = new AbortController();
  const removed = vi.spyOn(closing.signal, 'removeEventListener');
  const { ended, signal, finish } = waiting(closing.signal);
  finish('done');
  expect(await ended).toBe('done');
  await settled();
  expect(removed).toHaveBeenCalledOnce();
  closing.abort();
  expect(signal()?.aborted).toBe(false);
});

test('withTimeout() makes a rejection of what its work throws', async () => {
  const clock = fakeClock();
  const run = () => {
    throw late();
  };
  expect(await outcome(withTimeout(run, { ms: 1_000, clock, late }))).toBe('unavailable');
  await settled();
  expect(clock.timers).toEqual([]);
});
