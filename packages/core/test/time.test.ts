import { afterEach, expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors/tokenError.ts';
import { memoryStore } from '../src/store/memoryStore.ts';
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
  'B50 a device clock that is off by %i ms: at most one refusal per token, and no loop',
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

test('B50 a token that looks dead by the time that its answer is there: it is used, and no call asks again', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  const offset = hours - 500;
  const issue = () => jwt({ exp: (clock.now() - offset + hours) / 1000, jti: renewals.calls.length });
  await auth.adopt(issue());
  clock.jump(1_000);
  const first = auth.get();
  await settled();
  const next = issue();
  clock.jump(700); // the answer takes longer than the life that our clock sees
  await renewals.last.answer(next);
  expect((await first)?.accessToken).toBe(next);
  for (let times = 0; times < 100; times++) {
    expect((await auth.get())?.accessToken).toBe(next);
    clock.jump(1_000);
  }
  expect(renewals.calls).toHaveLength(1);
});

test('B52 an auth server that is slower than its tokens live: no renewal per call', async () => {
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

test('B51 the clock is set back after the token was received: the token is not valid for ever', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(-days);
  expect(auth.fresh()).toBeUndefined();
  renewals.always(() => ({ accessToken: 'B', expiresInS: 3600 }));
  expect(await outcome(auth.get())).toBe('B');
  expect(current(auth).accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B51 a clock that is corrected by a few minutes changes nothing', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(-5 * minutes);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
});

test('B51 the clock is set back and the renewal fails: the token is used, and no call asks again', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(-days);
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Gone.')));
  for (let call = 0; call < 5; call++) expect(await auth.get()).toBe(A);
  expect(renewals.calls).toHaveLength(1);
});

test('B51 the clock is set back and the renewal brings the same token: it is used, and no call asks again', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(-days);
  renewals.always(() => 'A');
  for (let call = 0; call < 5; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(1);
  clock.jump(-days);
  for (let call = 0; call < 5; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(2);
});

test('B51 the clock is set back: a token without a known end is used on', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  await auth.adopt('opaque');
  clock.jump(-days);
  expect(current(auth).accessToken).toBe('opaque');
  expect(renewals.calls).toHaveLength(0);
});

test('B51 the clock is set back: a session that nothing can renew is not ended by it', async () => {
  const { auth, A, clock, events } = signedIn({ renew: () => 'unused' }, { refreshExpiresInS: 600 });
  clock.jump(20 * minutes);
  expect(auth.fresh()).toBe(A);
  const { auth: other, clock: otherClock } = scriptedProvider({
    store: scriptedStore(recordA({ receivedAt: recordA().receivedAt + 30 * minutes, refreshExpiresAt: 1 })),
  });
  expect(await outcome(other.get())).toBe('A');
  expect([events, otherClock.timers]).toEqual([[], []]);
});

test('B51 the clock is set back and there is nothing to renew with: the token is used, and the session goes on', async () => {
  const renew = () => {
    throw new TokenError('noProgress', 'There is no refresh token.');
  };
  const { auth, A, clock, events } = signedIn({ renew });
  clock.jump(-days);
  expect(await auth.get()).toBe(A);
  expect(await auth.get()).toBe(A);
  expect(events).not.toContain('signedOut');
});

test('B24 in the last moments before expiry, with nothing to renew with: the token is used to its end', async () => {
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
  ['"3600" as text', '3600', hours],
  ['"0.5" as text', '0.5', 500],
  ['0', 0, undefined],
  ['"0" as text', '0', undefined],
  ['negative', -60, undefined],
  ['not a number', Number.NaN, undefined],
  ['infinite', Number.POSITIVE_INFINITY, undefined],
  ['text that is no number', 'soon', undefined],
  ['text with a unit', '60s', undefined],
  ['text of four hundred digits', '9'.repeat(400), undefined],
  ['an empty text', '', undefined],
  ['null', null, undefined],
  ['absent', undefined, undefined],
];
test.each(lifetimes)(
  'B52 a lifetime of %s: fresh on arrival, no timer, and one renewal when its time has come',
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
  'B52 a lifetime of %i s, with a margin of a minute: at least half of it passes before it is renewed',
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

test('B53 asleep for eight hours: the first call renews once before it answers', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(8 * hours);
  expect(auth.fresh()).toBeUndefined();
  let answer: unknown;
  void outcome(auth.get()).then(token => {
    answer = token;
  });
  await settled();
  expect(answer).toBeUndefined();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['expired']);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(answer).toBe('B');
  await auth.get();
  expect(renewals.calls).toHaveLength(1);
});

test('B53 what others left in the store meanwhile has expired as well: it is renewed before the call is answered', async () => {
  const { subscribe, ...store } = memoryStore();
  expect(subscribe).toBeDefined();
  const here = signedIn({ store });
  await settled();
  const there = scriptedProvider({ store });
  there.renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 }));
  await there.auth.renew();
  here.clock.jump(8 * hours);
  const get = outcome(here.auth.get());
  await settled();
  expect(here.renewals.last.argument.current).toMatchObject({ accessToken: 'B', refreshToken: 'rB', version: 2 });
  await here.renewals.last.answer({ accessToken: 'C', expiresInS: 3600 });
  expect(await get).toBe('C');
  expect(here.renewals.calls).toHaveLength(1);
});

const unreadable: readonly (readonly [string, string])[] = [
  ['an opaque token', 'opaque'],
  ['a JWE', 'eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3.XFBoMYUZodetZ'],
  ['a JWT whose payload is null', jwt('null')],
  ['a JWT whose payload is an array', jwt('[1]')],
  ['a JWT whose payload is a text', jwt('"text"')],
  ['a JWT whose payload is cut', jwt('{"exp":17000000')],
  ['a JWT whose exp is in milliseconds', jwt({ exp: Date.UTC(2026, 10, 23) })],
  ['a JWT whose exp is a text', jwt({ exp: '1795400000' })],
  ['three dots', '...'],
];
test.each(unreadable)('B54 %s: the expiry is unknown, and it is renewed only on refusal', async (_, token) => {
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

test('B55 expires_in beats a stated moment, which beats exp', async () => {
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

test('B55 expires_in counts from the moment the request was sent', async () => {
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

test('B55 expires_in of a sign-in counts from the moment the request was sent', async () => {
  const { auth, clock, signIns } = scriptedProvider();
  const sentAt = clock.now();
  const signIn = auth.signIn({ username: 'ann', password: 'a password' });
  await clock.advance(8_000);
  await signIns.last.answer({ accessToken: 'A', expiresInS: 60 });
  await signIn;
  expect(current(auth).expiresAt).toBe(sentAt + minutes);
});

test('B56 the refresh token dies before the access token: it is renewed in the background before that', async () => {
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

test('B56 a refresh token that is dead is not sent: the access token is used to its end, then the session is over', async () => {
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

test('B56 refresh_expires_in 0 means without limit', async () => {
  const { auth } = scriptedProvider();
  await auth.adopt({ accessToken: 'A', refreshToken: 'rA', refreshExpiresInS: 0 });
  expect(current(auth).refreshExpiresAt).toBeUndefined();
});

test('B57 three zones: fresh; soft, where a renewal starts behind the token in use; hard, where operations wait', async () => {
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

test('B57 while a renewal ahead of need runs, or rests after a failure, fresh() begins nothing', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, A, clock, renewals } = signedIn({ renewAheadMs: minutes });
  clock.jump(59 * minutes);
  const begun = vi.spyOn(globalThis, 'queueMicrotask');
  const isQuiet = () => {
    begun.mockClear();
    return auth.fresh() === A && begun.mock.calls.length === 0;
  };
  const quiet = [isQuiet()];
  await settled();
  quiet.push(isQuiet());
  await renewals.last.fail(new TokenError('unavailable', 'Gone.'));
  quiet.push(isQuiet());
  begun.mockRestore();
  expect(quiet).toEqual([false, true, true]);
});

test('B44 signOut while a token that is valid for some seconds is renewed: the wait ends with signedOut', async () => {
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
])('B57 the soft zone is jittered: by the chance of %d it begins %i ms before the end', async (chance, ahead) => {
  vi.spyOn(Math, 'random').mockReturnValue(chance);
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

test('B57 what cannot be renewed is not asked for ahead of need', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewal: 'never' });
  clock.jump(2 * hours);
  expect(auth.fresh()).toBe(A);
  expect(await auth.get()).toBe(A);
  expect(auth.settle(refusal(A))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(0);
});

test('B57 renewal "refused": nothing is renewed by the clock, everything on refusal', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewal: 'refused' });
  clock.jump(30 * days);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
});

test('B58 exclusive providers have no soft zone', async () => {
  const { auth, A, clock, renewals } = signedIn({ exclusive: true }, { refreshExpiresInS: 600 });
  clock.jump(hours - 1);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  clock.jump(1);
  expect(auth.fresh()).toBeUndefined();
});

test('B57 fresh() tells nobody anything while it is asked: the renewal ahead of need begins afterwards', async () => {
  const { auth, A, clock, renewals, states } = signedIn();
  clock.jump(59.5 * minutes);
  expect([auth.fresh(), auth.fresh()]).toEqual([A, A]);
  expect(states).toEqual([]);
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['ahead']);
  expect(states.map(({ renewing }) => renewing)).toEqual([true]);
});

test.each([
  ['signs out', 'signOut'],
  ['ends', 'dispose'],
] as const)('B57 who %s right after fresh() has no renewal ahead of need', async (_, end) => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(59.5 * minutes);
  auth.fresh();
  void auth[end]();
  await settled();
  expect(renewals.calls).toEqual([]);
});
