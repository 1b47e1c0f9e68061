import { afterEach, expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors/tokenError.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  jwt,
  minutes,
  outcome,
  recordA,
  refusal,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  success,
} from './scriptedProvider.ts';

afterEach(() => void vi.restoreAllMocks());

const days = 24 * hours;
const year = 365 * days;

test.each([-12 * hours, -3 * hours, -10 * minutes, 0, 10 * minutes, 3 * hours, 12 * hours])(
  'B50 a device clock that is off by %i ms causes at most one refusal per token and no loop',
  async offset => {
    const { auth, clock, renewals } = scriptedProvider();
    const serverNow = () => clock.now() - offset;
    const issue = () => jwt({ exp: Math.floor((serverNow() + hours) / 1000), jti: renewals.calls.length });
    renewals.always(issue);
    await auth.adopt(issue());
    const refusals = new Map<string, number>();
    for (let minute = 0; minute < 600; minute += 5) {
      const tokens = await auth.get();
      const { exp } = JSON.parse(Buffer.from(tokens?.accessToken.split('.')[1] ?? '', 'base64url').toString());
      if (serverNow() >= exp * 1000) {
        const token = tokens?.accessToken ?? '';
        refusals.set(token, (refusals.get(token) ?? 0) + 1);
        void auth.settle(success((await auth.settle(refusal(tokens))) ?? null));
      }
      clock.jump(5 * minutes);
    }
    expect(Math.max(0, ...refusals.values())).toBeLessThanOrEqual(1);
    expect(renewals.calls.length).toBeGreaterThanOrEqual(9);
    expect(renewals.calls.length).toBeLessThanOrEqual(offset === 10 * minutes ? 13 : 11);
  },
);

test('B50 a token that has expired by the device clock when its answer arrives is used and not renewed again', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  const offset = hours - 500;
  const issue = () => jwt({ exp: (clock.now() - offset + hours) / 1000, jti: renewals.calls.length });
  await auth.adopt(issue());
  clock.jump(1_000);
  const first = auth.get();
  await settled();
  const next = issue();
  clock.jump(700); // by the device clock the answer takes longer than the token's lifetime
  await renewals.last.answer(next);
  expect((await first)?.accessToken).toBe(next);
  for (let times = 0; times < 100; times++) {
    expect((await auth.get())?.accessToken).toBe(next);
    clock.jump(1_000);
  }
  expect(renewals.calls).toHaveLength(1);
});

test('B52 a token request that takes longer than the lifetime of its token does not cause a renewal per call', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 2 });
  clock.jump(3_000);
  const first = auth.get();
  await settled();
  clock.jump(2_500);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 2 });
  expect((await first)?.accessToken).toBe('B');
  for (let times = 0; times < 10; times++) expect(await outcome(auth.get())).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B51 after the clock is set back the token is renewed with the next call', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(-days);
  expect(auth.fresh()).toBeUndefined();
  renewals.always(() => ({ accessToken: 'B', expiresInS: 3600 }));
  expect(await outcome(auth.get())).toBe('B');
  expect(current(auth).accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B51 a clock that is set back by a few minutes causes no renewal', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(-5 * minutes);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
});

test('B51 after the clock is set back and the renewal fails, the token is used without another token request', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(-days);
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  for (let call = 0; call < 5; call++) expect(await auth.get()).toBe(A);
  expect(renewals.calls).toHaveLength(1);
});

test('B51 after the clock is set back and the renewal answers the same token, the token is used without another token request', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(-days);
  renewals.always(() => 'A');
  for (let call = 0; call < 5; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(1);
  clock.jump(-days);
  for (let call = 0; call < 5; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(2);
});

test('B51 after the clock is set back a token with an unknown expiry is used without a renewal', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  await auth.adopt('opaque');
  clock.jump(-days);
  expect(current(auth).accessToken).toBe('opaque');
  expect(renewals.calls).toHaveLength(0);
});

test('B51 a receipt in the future does not end a session with an expired refresh token', async () => {
  const { auth, A, clock, events } = signedIn({ renew: () => 'unused' }, { refreshExpiresInS: 600 });
  clock.jump(20 * minutes);
  expect(auth.fresh()).toBe(A);
  const { auth: other, clock: otherClock } = scriptedProvider({
    store: scriptedStore(recordA({ receivedAt: recordA().receivedAt + 30 * minutes, refreshExpiresAt: 1 })),
  });
  expect(await outcome(other.get())).toBe('A');
  expect([events, otherClock.timers]).toEqual([[], []]);
});

test('B51 after the clock is set back a token without a way to renew it is used, and the session goes on', async () => {
  const renew = () => {
    throw new TokenError('noProgress', 'There is no refresh token.');
  };
  const { auth, A, clock, events } = signedIn({ renew });
  clock.jump(-days);
  expect(await auth.get()).toBe(A);
  expect(await auth.get()).toBe(A);
  expect(events).not.toContain('signedOut');
});

test('B24 a token without a way to renew it is used until it expires', async () => {
  const { auth, A, clock, signIns } = signedIn({}, { refreshExpiresInS: 60 });
  clock.jump(hours - 1);
  expect(await auth.get()).toBe(A);
  clock.jump(1);
  clock.jump(5 * minutes);
  expect(await outcome(auth.get())).toBe('sessionExpired');
  expect(signIns.calls).toHaveLength(0);
});

const lifetimes: readonly (readonly [string, number | string | null | undefined, number | undefined])[] = [
  ['20 years', (20 * year) / 1000, 20 * year],
  ['30 days', (30 * days) / 1000, 30 * days],
  ['one hour', 3600, hours],
  ['5 s', 5, 5_000],
  ['1 s', 1, 1_000],
  ['1.5 s', 1.5, 1_500],
  ['the string "3600"', '3600', hours],
  ['the string "0.5"', '0.5', 500],
  ['0', 0, undefined],
  ['the string "0"', '0', undefined],
  ['negative', -60, undefined],
  ['not a number', Number.NaN, undefined],
  ['infinite', Number.POSITIVE_INFINITY, undefined],
  ['a string that is not a number', 'soon', undefined],
  ['a string with a unit', '60s', undefined],
  ['a string of four hundred digits', '9'.repeat(400), undefined],
  ['an empty string', '', undefined],
  ['null', null, undefined],
  ['absent', undefined, undefined],
];
test.each(lifetimes)(
  'B52 a token with the lifetime %s is fresh on arrival, starts no timer, and is renewed once at expiry',
  async (_, expiresInS, ms) => {
    const { auth, clock, renewals } = scriptedProvider();
    await auth.adopt({ accessToken: 'A', expiresInS });
    renewals.always(() => ({ accessToken: 'B', expiresInS: 3600 }));
    const A = current(auth);
    expect(A.expiresAt).toBe(ms === undefined ? undefined : clock.now() + ms);
    expect(auth.state.expiresAt).toBe(A.expiresAt);
    for (let call = 0; call < 100; call++) expect(auth.fresh()).toBe(A);
    await settled();
    expect(renewals.calls).toHaveLength(0);
    expect(clock.timers).toEqual([]);
    clock.jump(ms ?? 100 * year);
    for (let call = 0; call < 100; call++) await auth.get();
    expect(renewals.calls).toHaveLength(ms === undefined ? 0 : 1);
  },
);

test.each([1, 5, 30, 59, 60, 61, 300])(
  'B52 a token with a lifetime of %i s and a renewAheadMs of a minute is not renewed in the first half of its lifetime',
  async expiresInS => {
    const { auth, clock, renewals } = scriptedProvider({ renewAheadMs: minutes });
    renewals.always(() => ({ accessToken: `token-${renewals.calls.length}`, expiresInS }));
    await auth.adopt({ accessToken: 'A', expiresInS });
    const step = expiresInS * 10;
    for (let passed = 0; passed < 100; passed++) {
      await auth.get();
      await settled();
      clock.jump(step);
    }
    expect(renewals.calls).toHaveLength(1);
  },
);

test('B53 after eight hours of sleep the first call waits for one renewal', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(8 * hours);
  expect(auth.fresh()).toBeUndefined();
  let result: unknown;
  void outcome(auth.get()).then(token => {
    result = token;
  });
  await settled();
  expect(result).toBeUndefined();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['expired']);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(result).toBe('B');
  await auth.get();
  expect(renewals.calls).toHaveLength(1);
});

test('B53 after eight hours of sleep an expired token set of another tab in the store is renewed once', async () => {
  const { subscribe, ...store } = memoryStore();
  expect(subscribe).toBeDefined();
  const thisTab = signedIn({ store });
  await settled();
  const otherTab = scriptedProvider({ store });
  otherTab.renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 }));
  await otherTab.auth.renew();
  thisTab.clock.jump(8 * hours);
  const get = outcome(thisTab.auth.get());
  await settled();
  expect(thisTab.renewals.last.argument.current).toMatchObject({ accessToken: 'B', refreshToken: 'rB', version: 2 });
  await thisTab.renewals.last.answer({ accessToken: 'C', expiresInS: 3600 });
  expect(await get).toBe('C');
  expect(thisTab.renewals.calls).toHaveLength(1);
});

const unreadable: readonly (readonly [string, string])[] = [
  ['an opaque token', 'opaque'],
  ['a JWE', 'eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3.XFBoMYUZodetZ'],
  ['a JWT whose payload is null', jwt('null')],
  ['a JWT whose payload is an array', jwt('[1]')],
  ['a JWT whose payload is a string', jwt('"text"')],
  ['a JWT whose payload is truncated', jwt('{"exp":17000000')],
  ['a JWT whose exp is in milliseconds', jwt({ exp: Date.UTC(2026, 10, 23) })],
  ['a JWT whose exp is a string', jwt({ exp: '1795400000' })],
  ['three dots', '...'],
];
test.each(unreadable)('B54 %s has an unknown expiry and is renewed only when refused', async (_, token) => {
  const { auth, clock, renewals } = scriptedProvider();
  await auth.adopt(token);
  clock.jump(30 * days);
  const tokens = current(auth);
  expect(tokens).toMatchObject({ accessToken: token, expiresAt: undefined });
  await settled();
  expect(renewals.calls).toHaveLength(0);
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(tokens)))?.accessToken).toBe('B');
});

test('B55 expiresInS takes precedence over expiresAt, and expiresAt over exp', async () => {
  const { auth, clock } = scriptedProvider();
  const now = clock.now();
  const accessToken = jwt({ exp: now / 1000 + 30 });
  const expiryOf = async (parts: object) => {
    await auth.adopt({ accessToken, ...parts });
    return (current(auth).expiresAt ?? 0) - now;
  };
  expect(await expiryOf({ expiresInS: 10, expiresAt: now + 20_000 })).toBe(10_000);
  expect(await expiryOf({ expiresAt: now + 20_000 })).toBe(20_000);
  expect(await expiryOf({})).toBe(30_000);
  expect(await expiryOf({ expiresInS: 'soon', expiresAt: Number.NaN })).toBe(30_000);
});

test('B55 expires_in of a renewal counts from the time of the token request', async () => {
  const { auth, clock, renewals } = signedIn();
  const sentAt = clock.now();
  const renew = auth.renew();
  await clock.advance(8_000);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 60, refreshToken: 'rB', refreshExpiresInS: 120 });
  expect(await renew).toMatchObject({
    receivedAt: sentAt,
    expiresAt: sentAt + minutes,
    refreshExpiresAt: sentAt + 2 * minutes,
  });
});

test('B55 expires_in of a sign-in counts from the time of the token request', async () => {
  const { auth, clock, signIns } = scriptedProvider();
  const sentAt = clock.now();
  const signIn = auth.signIn({ username: 'ann', password: 'a password' });
  await clock.advance(8_000);
  await signIns.last.answer({ accessToken: 'A', expiresInS: 60 });
  await signIn;
  expect(current(auth).expiresAt).toBe(sentAt + minutes);
});

test('B56 a refresh token that expires before the access token is renewed in the background before its expiry', async () => {
  const { auth, A, clock, renewals } = signedIn({}, { expiresInS: 10 * 86_400, refreshExpiresInS: 86_400 });
  clock.jump(days - 2 * minutes);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  clock.jump(2 * minutes - 1);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(1);
});

test('B56 an expired refresh token is not sent, and the session ends when the access token expires', async () => {
  const { auth, A, clock, renewals } = signedIn({}, { expiresInS: 10 * 86_400, refreshExpiresInS: 86_400 });
  clock.jump(9 * days);
  expect(auth.fresh()).toBe(A);
  await settled();
  clock.jump(days);
  expect(await outcome(auth.get())).toBe('sessionExpired');
  expect(renewals.calls).toHaveLength(0);
});

test('B56 the expiry of a refresh token that is a JWT is read from it', async () => {
  const { auth, clock } = scriptedProvider();
  await auth.adopt({ accessToken: 'A', refreshToken: jwt({ exp: clock.now() / 1000 + 60 }) });
  expect(current(auth).refreshExpiresAt).toBe(clock.now() + minutes);
});

test('B56 a refresh_expires_in of 0 means no expiry', async () => {
  const { auth } = scriptedProvider();
  await auth.adopt({ accessToken: 'A', refreshToken: 'rA', refreshExpiresInS: 0 });
  expect(current(auth).refreshExpiresAt).toBeUndefined();
});

test('B57 a fresh token is used, a token in the soft zone is used and renewed, and in the hard zone operations wait', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, A, clock, renewals, states } = signedIn({ renewAheadMs: minutes });
  clock.jump(59 * minutes - 1);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  clock.jump(1);
  expect(auth.fresh()).toBe(A);
  expect(auth.fresh()).toBe(A);
  expect(await auth.get()).toBe(A);
  await settled();
  expect(renewals.calls.map(({ argument }) => [argument.reason, argument.current])).toEqual([['ahead', A]]);
  expect(states.at(-1)).toMatchObject({ status: 'signedIn', renewing: true });
  clock.jump(54_000 - 1);
  expect(auth.fresh()).toBe(A);
  clock.jump(1);
  expect(auth.fresh()).toBeUndefined();
  const get = outcome(auth.get());
  await settled();
  await renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(await get).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B57 fresh() starts no renewal while one runs or during a cool-down', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, A, clock, renewals } = signedIn({ renewAheadMs: minutes });
  clock.jump(59 * minutes);
  const queueMicrotask = vi.spyOn(globalThis, 'queueMicrotask');
  const startsNothing = () => {
    queueMicrotask.mockClear();
    return auth.fresh() === A && queueMicrotask.mock.calls.length === 0;
  };
  const results = [startsNothing()];
  await settled();
  results.push(startsNothing());
  await renewals.last.fail(new TokenError('unavailable', 'Unreachable.'));
  results.push(startsNothing());
  queueMicrotask.mockRestore();
  expect(results).toEqual([false, true, true]);
});

test('B44 signOut during a renewal in the hard zone rejects the waiters with signedOut', async () => {
  const { auth, clock } = signedIn();
  clock.jump(hours - 2_000);
  const got = outcome(auth.get());
  await settled();
  await auth.signOut();
  expect(await got).toBe('signedOut');
});

test.each([
  [0, 60_000],
  [0.5, 50_000],
  [1, 40_000],
])('B57 with the random number %d the jittered soft zone begins %i ms before expiry', async (random, ahead) => {
  vi.spyOn(Math, 'random').mockReturnValue(random);
  const { auth, clock, renewals } = signedIn({ renewAheadMs: minutes });
  clock.jump(hours - ahead - 10);
  auth.fresh();
  await settled();
  expect(renewals.calls).toHaveLength(0);
  clock.jump(20);
  auth.fresh();
  await settled();
  expect(renewals.calls).toHaveLength(1);
});

test('B57 with renewal "never" nothing is renewed by the clock or on refusal', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewal: 'never' });
  clock.jump(2 * hours);
  expect(auth.fresh()).toBe(A);
  expect(await auth.get()).toBe(A);
  expect(auth.settle(refusal(A))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(0);
});

test('B57 with renewal "refused" nothing is renewed by the clock, and a refused token is', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewal: 'refused' });
  clock.jump(30 * days);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
});

test('B58 an exclusive provider has no soft zone', async () => {
  const { auth, A, clock, renewals } = signedIn({ exclusive: true }, { refreshExpiresInS: 600 });
  clock.jump(hours - 1);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  clock.jump(1);
  expect(auth.fresh()).toBeUndefined();
});

test('B57 fresh() notifies no subscriber synchronously, and the renewal starts afterwards', async () => {
  const { auth, A, clock, renewals, states } = signedIn();
  clock.jump(59.5 * minutes);
  expect([auth.fresh(), auth.fresh()]).toEqual([A, A]);
  expect(states).toEqual([]);
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['ahead']);
  expect(states.map(({ renewing }) => renewing)).toEqual([true]);
});

test.each(['signOut', 'dispose'] as const)(
  'B57 %s right after fresh() prevents the renewal ahead of expiry',
  async end => {
    const { auth, clock, renewals } = signedIn();
    clock.jump(59.5 * minutes);
    auth.fresh();
    void auth[end]();
    await settled();
    expect(renewals.calls).toEqual([]);
  },
);

test('B30 with renewal "refused" a renewal that answers the same token leaves it in use until it is refused', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewal: 'refused' });
  renewals.always(() => ({ accessToken: 'A', expiresInS: 3600 }));
  await auth.renew();
  clock.jump(2 * hours);
  expect(auth.fresh()?.accessToken).toBe(A.accessToken);
});
