import { afterEach, expect, test, vi } from 'vitest';
import { hours, minutes, outcome, scriptedProvider, settled, signedIn } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { waitForTokens } from './waitForTokens.ts';

afterEach(() => vi.unstubAllGlobals());

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
  one.abort();
  expect(await waits[0]).toBe(one.signal.reason);
  expect(clock.timers).toHaveLength(1);
  other.abort();
  expect(await waits[1]).toBe(other.signal.reason);
  expect(clock.timers).toEqual([]);
  expect(await outcome(waitForTokens(auth, { signal: one.signal }))).toBe(one.signal.reason);
});

test('B49 nobody signed in is an answer', async () => {
  expect(await waitForTokens(scriptedProvider().auth)).toBeNull();
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
