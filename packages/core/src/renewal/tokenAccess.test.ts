import { expect, test } from 'vitest';
import { current, outcome, refusal, settled, signedIn } from '../../test/scriptedProvider.ts';

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
