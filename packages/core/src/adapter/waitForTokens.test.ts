import { getEventListeners } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { hours, minutes, outcome, scriptedProvider, settled, signedIn } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { waitForTokens } from './waitForTokens.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const offline = () => new Error('offline');

/** A manager whose token has expired during an outage. */
async function inOutage() {
  const scripted = signedIn();
  scripted.clock.jump(2 * hours);
  scripted.renewals.always(() => Promise.reject(offline()));
  return scripted;
}

test('B59 a valid token is there at once, and without a timer', async () => {
  const { auth, clock } = signedIn();
  expect(await outcome(waitForTokens(auth))).toBe('A');
  expect(clock.timers).toEqual([]);
});

test('B59 it waits through an outage, with one timer for all who wait, and asks at least every 30 s or so', async () => {
  const { auth, clock, renewals } = await inOutage();
  const waits = Array.from({ length: 20 }, () => outcome(waitForTokens(auth)));
  await settled();
  expect(clock.timers).toHaveLength(1);
  await clock.advance(20 * minutes);
  const { length } = renewals.calls;
  expect(length).toBeGreaterThan(30);
  expect(length).toBeLessThan(60);
  renewals.always(() => 'B');
  await clock.advance(40_000);
  expect(new Set(await Promise.all(waits))).toEqual(new Set(['B']));
  expect(clock.timers).toEqual([]);
});

test('B25 it obeys a longer Retry-After', async () => {
  const { auth, clock, renewals } = await inOutage();
  renewals.always(() =>
    Promise.reject(new TokenError('unavailable', 'Busy.', { status: 429, retryAfterMs: 10 * minutes })),
  );
  void outcome(waitForTokens(auth));
  await clock.advance(10 * minutes - 1);
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(3 * minutes);
  expect(renewals.calls.length).toBeGreaterThan(1);
});

test('B59 it looks at once when the page is online again', async () => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const { auth, clock, renewals } = await inOutage();
  const wait = outcome(waitForTokens(auth));
  await settled();
  clock.jump(minutes);
  renewals.always(() => 'B');
  page.dispatchEvent(new Event('online'));
  expect(await wait).toBe('B');
  expect(clock.timers).toEqual([]);
});

test('B59 it looks at once when somebody signs in, and keeps to its session where it has one', async () => {
  const { auth, A } = await inOutage();
  const waits = [outcome(waitForTokens(auth)), outcome(waitForTokens(auth, { session: A.sessionId }))];
  await settled();
  await auth.adopt('token-of-Bob');
  expect(await Promise.all(waits)).toEqual(['token-of-Bob', 'signedOut']);
});

test.each([
  ['signOut', null],
  ['dispose', 'disposed'],
] as const)('B11 %s ends the wait', async (act, expected) => {
  const { auth, clock, revocations } = await inOutage();
  revocations.always(() => {});
  const wait = outcome(waitForTokens(auth));
  await settled();
  void auth[act]();
  expect(await wait).toBe(expected);
  await settled();
  expect(clock.timers).toEqual([]);
});

test('B59 a rejection is final', async () => {
  const { auth, clock, renewals } = await inOutage();
  const wait = outcome(waitForTokens(auth));
  await settled();
  renewals.always(() => null);
  await clock.advance(minutes);
  expect(await wait).toBe('sessionExpired');
});

test('B59 it waits for the successor of a refused token set', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => Promise.reject(offline()));
  const wait = outcome(waitForTokens(auth, { refused: A }));
  await settled();
  renewals.always(() => 'B');
  await clock.advance(minutes);
  expect(await wait).toBe('B');
});

test('B06 a waiter leaves by its own signal, and the last one stops the timer', async () => {
  const { auth, clock } = await inOutage();
  const [one, other] = [new AbortController(), new AbortController()];
  const waits = [one, other].map(({ signal }) => outcome(waitForTokens(auth, { signal })));
  await settled();
  const set = vi.spyOn(clock, 'setTimeout');
  one.abort();
  expect(await waits[0]).toBe(one.signal.reason);
  await settled();
  expect([clock.timers.length, set.mock.calls.length]).toEqual([1, 0]);
  expect(getEventListeners(one.signal, 'abort')).toEqual([]);
  other.abort();
  expect(await waits[1]).toBe(other.signal.reason);
  expect(clock.timers).toEqual([]);
  expect(await outcome(waitForTokens(auth, { signal: one.signal }))).toBe(one.signal.reason);
});

test('B49 nobody signed in is an answer', async () => {
  expect(await waitForTokens(scriptedProvider().auth)).toBeNull();
});

/** The delay of the timer of who waits through an outage of this kind, with this jitter. */
async function delayAfter(failure: Error, { random = 0, failures = 1 } = {}) {
  vi.spyOn(Math, 'random').mockReturnValue(random);
  const { auth, clock, renewals } = await inOutage();
  renewals.always(() => Promise.reject(failure));
  for (let time = 1; time < failures; time++) {
    await outcome(auth.get());
    clock.jump(10 * minutes);
  }
  void outcome(waitForTokens(auth));
  await settled();
  return clock.timers;
}

test('B59 it waits for the end of the pause, and up to a second and a tenth longer', async () => {
  expect(await delayAfter(offline())).toEqual([2_000]);
  expect(await delayAfter(offline(), { random: 0.5 })).toEqual([2_338]); // a pause of 1.75 s, and half of 1.175 s
});

test('B59 it waits 30 s at most, unless the auth server has asked for more', async () => {
  expect(await delayAfter(offline(), { failures: 9 })).toEqual([30_000]);
  const busy = (retryAfterMs: number) => new TokenError('unavailable', 'Busy.', { status: 429, retryAfterMs });
  expect(await delayAfter(busy(40_000))).toEqual([40_000]);
  expect(await delayAfter(busy(2 ** 40))).toEqual([2 ** 31 - 1]);
});

test('B102 who has waited leaves no listener', async () => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const { auth, clock, renewals } = await inOutage();
  const { signal } = new AbortController();
  const wait = outcome(waitForTokens(auth, { signal }));
  await settled();
  const { closing, session } = auth.manager();
  const listeners = () => [
    getEventListeners(page, 'online').length,
    getEventListeners(signal, 'abort').length,
    getEventListeners(closing.signal, 'abort').length,
    session.listeners.size,
  ];
  expect(listeners()).toEqual([1, 1, 1, 2]); // the fourth counts the listener of this test, too
  renewals.always(() => 'B');
  await clock.advance(minutes);
  expect(await wait).toBe('B');
  await settled();
  expect(listeners()).toEqual([0, 0, 0, 1]);
});

test('B59 a failure that waiting does not mend ends the wait', async () => {
  const { auth, renewals } = await inOutage();
  renewals.always(() => Promise.reject(new TokenError('misconfigured', 'No.')));
  expect(await outcome(waitForTokens(auth))).toBe('misconfigured');
});

test('B59 who waits for its own session gets its token, and signedOut when nobody is signed in any more', async () => {
  const { auth, A, renewals } = await inOutage();
  renewals.always(() => 'B');
  const session = A.sessionId;
  expect(await outcome(waitForTokens(auth, { session }))).toBe('B');
  await auth.signOut();
  expect(await outcome(waitForTokens(auth, { session }))).toBe('signedOut');
});

test('B05 who waits for the successor of an older token set gets the one in use', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.renew();
  expect(await outcome(waitForTokens(auth, { refused: A }))).toBe('token-1');
});

test('B06 a waiter leaves by its own signal also while the auth server is being asked', async () => {
  const { auth, A, clock } = signedIn();
  clock.jump(2 * hours);
  const leaving = new AbortController();
  const { signal } = leaving;
  const waits = [outcome(waitForTokens(auth, { signal })), outcome(waitForTokens(auth, { refused: A, signal }))];
  await settled();
  leaving.abort('left');
  expect(await Promise.all(waits)).toEqual(['left', 'left']);
});

test('B06 a waiter that leaves in the moment of an outage leaves no timer', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const leaving = new AbortController();
  const wait = outcome(waitForTokens(auth, { signal: leaving.signal }));
  auth.waitFor({ resume() {}, fail: () => leaving.abort('left') });
  await settled();
  await renewals.last.fail(new TokenError('unavailable', 'Busy.', { status: 503 }));
  expect(await wait).toBe('left');
  expect(clock.timers).toEqual([]);
});

test('B59 it goes on waiting when the auth server does not answer in time', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const wait = outcome(waitForTokens(auth));
  await clock.advance(10_000);
  await renewals.last.answer('B');
  await clock.advance(minutes);
  expect(await wait).toBe('B');
});

test('B125 it pauses first, by time or until a promise resolves, and an abort ends the pause', async () => {
  const { auth, clock } = signedIn();
  const waits = [waitForTokens(auth, { pause: 1_000 }), waitForTokens(auth, { pause: async () => {} })];
  let count = 0;
  for (const wait of waits) void wait.then(() => count++);
  await clock.advance(999);
  expect(count).toBe(1);
  await clock.advance(1);
  expect(count).toBe(2);
  const controller = new AbortController();
  const aborted = outcome(waitForTokens(auth, { pause: 1_000, signal: controller.signal }));
  controller.abort();
  expect(await aborted).toBe(controller.signal.reason);
  expect(clock.timers).toEqual([]);
});
