import { expect, test, vi } from 'vitest';
import { memoryStore } from '../../test/memoryStore.ts';
import {
  current,
  fakeClock,
  hours,
  minutes,
  outcome,
  refusal,
  scriptedProvider,
  settled,
  signedIn,
} from '../../test/scriptedProvider.ts';
import { createTokenManager } from '../createTokenManager.ts';

const ann = { username: 'ann', password: 'p' };

test('B16 while a refused token set is renewed, new operations wait for its successor', async () => {
  const { auth, A, renewals } = signedIn();
  void auth.settle(refusal(A));
  const gets = Array.from({ length: 20 }, () => {
    expect(auth.fresh()).toBeUndefined();
    return outcome(auth.get());
  });
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  expect(new Set(await Promise.all(gets))).toEqual(new Set(['B']));
  expect(renewals.calls).toHaveLength(1);
});

test('B16 a refusal during a renewal ahead of expiry makes new operations wait for it, too', async () => {
  const { auth, A, renewals } = signedIn();
  void outcome(auth.renew());
  await settled();
  expect(auth.fresh()).toBe(A);
  void auth.settle(refusal(A));
  expect(auth.fresh()).toBeUndefined();
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B16 when the renewal of a refused token set fails, those who wait get the valid token, and later ones at once', async () => {
  const { auth, A, renewals } = signedIn();
  const refused = outcome(auth.settle(refusal(A)) ?? Promise.resolve('delivered'));
  const get = auth.get();
  await renewals.last.fail(new Error('broken'));
  expect(await refused).toBe('unavailable');
  expect(await get).toBe(A);
  expect(auth.fresh()).toBe(A);
});

test('B16 a refusal that causes no renewal holds nothing back', () => {
  const { auth, A } = signedIn({ renewal: 'never' });
  expect(auth.settle(refusal(A))).toBeUndefined();
  expect(auth.fresh()).toBe(A);
});

test('B16 a new session is not held back by the refusal of the one before', async () => {
  const { auth, A } = signedIn();
  void outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  await auth.adopt('token-of-Bob');
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B16 an explicit renewal of an accepted token set holds nothing back', async () => {
  const { auth, A, renewals } = signedIn();
  void outcome(auth.renew());
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(auth.fresh()).toBe(A);
});

test('B06 a waiter whose signal has aborted starts nothing, and fails with its reason, not at once', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const failed: unknown[] = [];
  auth.waitFor({ resume: () => expect.unreachable(), fail: error => failed.push(error) }, AbortSignal.abort('left'));
  expect(failed).toEqual([]);
  await settled();
  expect([failed, clock.timers, renewals.calls]).toEqual([['left'], [], []]);
});

test('B57 a token set that nothing can renew is used in its soft zone, and nothing is asked', async () => {
  const clock = fakeClock();
  const withoutRenew = createTokenManager({ signIn: () => null, clock });
  const failed = vi.fn();
  withoutRenew.on('renewalFailed', failed);
  await withoutRenew.adopt({ accessToken: 'A', expiresInS: 3600 });
  const expired = signedIn({}, { refreshExpiresInS: 59.5 * 60 });
  for (const time of [clock, expired.clock]) time.jump(59.5 * minutes);
  expect([current(withoutRenew).accessToken, current(expired.auth).accessToken]).toEqual(['A', 'A']);
  await settled();
  expect([failed.mock.calls, expired.events]).toEqual([[], []]);
});

test('B16 who waits for the successor of a refused token set does not get that when the time is up', async () => {
  const { auth, A, clock } = signedIn();
  void outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  const wait = outcome(auth.get());
  await clock.advance(10_000);
  expect(await wait).toBe('unavailable');
});

test.each([
  ['sessionExpired', undefined],
  ['credentialsRejected', () => ann],
] as const)('B21 who waits gets %s when the session has ended so', async (code, credentials) => {
  const { auth, clock, renewals, signIns } = signedIn(credentials ? { credentials } : {});
  renewals.always(() => null);
  signIns.always(() => null);
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBe(code);
});

test('B03 a renewal that is asked for by name fails when a listener of its end begins another session', async () => {
  const { auth, renewals } = signedIn();
  renewals.always(() => 'B');
  auth.on('renewed', () => void auth.adopt('of-bob'));
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(current(auth).accessToken).toBe('of-bob');
});

test('B49 a renewal that is asked for by name before it is known who is signed in waits for the restore', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => 'A');
  expect(await outcome(auth.renew())).toBe('A');
});

test('B127 who waits for a store that holds a guest gets the guest, and nothing when its tokens have expired', async () => {
  const memory = memoryStore();
  await scriptedProvider({ store: memory }).auth.adopt({ accessToken: 'of-a-guest', isGuest: true, expiresInS: 3600 });
  const store = { ...memory, load: async () => memory.load() };
  expect(await outcome(scriptedProvider({ store }).auth.get())).toBe('of-a-guest');
  const { auth, clock } = scriptedProvider({ store });
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBeNull();
});
