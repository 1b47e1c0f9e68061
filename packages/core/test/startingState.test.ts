import { expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { keepFresh } from '../src/renewal/keepFresh.ts';
import { sharedSession } from '../src/store/sharedSession.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  minutes,
  outcome,
  recordA,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
} from './scriptedProvider.ts';

// What is known when a manager starts: `initial`, `restore`, and asking again.

const ann = { username: 'ann', password: 'p' };

test('initial begins a session that is known at once, without an event', async () => {
  const parts = { accessToken: 'A', refreshToken: 'rA', expiresInS: 3600, sessionId: 'of-the-server' };
  const { auth, clock, renewals, events } = scriptedProvider({ initial: parts });
  expect(current(auth)).toMatchObject({ accessToken: 'A', refreshToken: 'rA', sessionId: 'of-the-server' });
  expect(auth.initialState).toBe(auth.state);
  expect(auth.initialState).toEqual({
    status: 'signedIn',
    sessionId: 'of-the-server',
    renewing: false,
    expiresAt: clock.now() + hours,
  });
  clock.jump(2 * hours);
  renewals.always(() => 'B');
  expect(await outcome(auth.get())).toBe('B');
  expect(current(auth).sessionId).toBe('of-the-server');
  expect(events).toEqual(['renewed']);
  expect(auth.initialState.expiresAt).toBeDefined();
});

test('initial may be the bare access token; two managers then have sessions of their own', () => {
  const [one, other] = [scriptedProvider({ initial: 'A' }), scriptedProvider({ initial: 'A' })];
  expect(current(one.auth).accessToken).toBe('A');
  expect(current(one.auth).sessionId).not.toBe(current(other.auth).sessionId);
});

test('initial null is signed out: nothing is asked, until somebody signs in', async () => {
  const { auth, renewals, signIns } = scriptedProvider({ initial: null, restore: true, credentials: () => ann });
  expect([auth.fresh(), auth.state.status]).toEqual([null, 'signedOut']);
  expect(await auth.get()).toBeNull();
  expect([renewals.calls.length, signIns.calls.length]).toEqual([0, 0]);
  await auth.adopt('A');
  expect(current(auth).accessToken).toBe('A');
});

test('initial undefined lets restore decide', () => {
  expect(scriptedProvider({ initial: undefined, restore: true }).auth.fresh()).toBeUndefined();
  expect(scriptedProvider({ initial: undefined }).auth.fresh()).toBeNull();
});

test.each([
  ['an empty string', ''],
  ['an object without a token', {}],
  ['a token with a line break', { accessToken: 'A\r\n' }],
  ['a number', 7],
])('initial as %s throws at construction, also in production', (_, initial) => {
  for (const env of ['test', 'production']) {
    vi.stubEnv('NODE_ENV', env);
    expect(() => scriptedProvider({ initial: initial as never })).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
  }
  vi.unstubAllEnvs();
});

test('initial together with a store throws at construction, and names both', () => {
  for (const initial of [null, 'A'])
    expect(() => createTokenManager({ renew: () => null, initial, store: sharedSession(memoryStore()) })).toThrow(
      expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(/"initial" and "store"/) }),
    );
});

test('where nothing is renewed, restore keeps the state unknown, and operations fail at once', async () => {
  const auth = createTokenManager({ restore: true, renewal: 'never' });
  expect([auth.fresh(), auth.state.status]).toEqual([undefined, 'unknown']);
  expect(await outcome(auth.get())).toBe('unavailable');
  expect(auth.state.status).toBe('unknown');
});

test('restore as a function is asked first whether somebody was signed in', async () => {
  const hint = vi.fn(() => false);
  const anonymous = scriptedProvider({ restore: hint });
  expect(hint).toHaveBeenCalledOnce();
  expect(anonymous.auth.fresh()).toBeNull();
  expect(anonymous.renewals.calls).toHaveLength(0);
  const { auth, renewals } = scriptedProvider({ restore: () => true });
  expect(auth.fresh()).toBeUndefined();
  auth.subscribe(() => {});
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['restore']);
});

test('restore as a function is not asked when the store holds a session', async () => {
  const hint = vi.fn(() => true);
  const { auth } = scriptedProvider({ store: { load: () => recordA(), save() {} }, restore: hint });
  expect(current(auth).accessToken).toBe('A');
  expect(hint).not.toHaveBeenCalled();
});

test('a hint that throws is reported, and renew is asked', () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { auth } = scriptedProvider({
    restore() {
      throw new ReferenceError('document is not defined');
    },
  });
  expect(auth.fresh()).toBeUndefined();
  expect(reported).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

test('B49 restore() asks again when signed out, as after a login that the application did by itself', async () => {
  const { auth, renewals, events, states } = scriptedProvider();
  const restored = [auth.restore(), auth.restore(), auth.get()].map(outcome);
  expect([auth.fresh(), auth.state.status]).toEqual([undefined, 'unknown']);
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['restore']);
  await renewals.last.answer('A');
  expect(await Promise.all(restored)).toEqual(['A', 'A', 'A']);
  expect(events).toEqual(['signedIn']);
  expect(states.at(-1)).toMatchObject({ status: 'signedIn', renewing: false });
});

test('B49 restore() that finds nobody resolves to null, and may be called again', async () => {
  const { auth, renewals } = scriptedProvider();
  renewals.always(() => null);
  expect(await auth.restore()).toBeNull();
  expect(auth.state.status).toBe('signedOut');
  renewals.always(() => 'A');
  expect(await outcome(auth.restore())).toBe('A');
});

test('B49 restore() when signed in is get()', async () => {
  const { auth, renewals } = signedIn();
  expect(await outcome(auth.restore())).toBe('A');
  expect(renewals.calls).toHaveLength(0);
});

test('B49 restore() after a sign-out in the same tick, and a sign-out during it', async () => {
  const { auth, renewals } = signedIn();
  void auth.signOut();
  const restored = outcome(auth.restore());
  await settled();
  expect(renewals.calls).toHaveLength(1);
  void auth.signOut();
  await renewals.last.answer('B');
  expect(await restored).toBe('signedOut');
  expect(auth.fresh()).toBeNull();
});

test('restore() without renew fails with misconfigured; with an aborted signal it starts nothing', async () => {
  const auth = createTokenManager({ signIn: () => null });
  await expect(auth.restore()).rejects.toThrow(/"renew"/);
  expect(await outcome(auth.restore())).toBe('misconfigured');
  const { auth: other, renewals } = scriptedProvider();
  expect(await outcome(other.restore({ signal: AbortSignal.abort('left') }))).toBe('left');
  await settled();
  expect(other.fresh()).toBeNull();
  expect(renewals.calls).toHaveLength(0);
});

test('B114 keepFresh asks a store again that did not answer at the start', async () => {
  let isLocked = true;
  const { auth, clock } = scriptedProvider({
    store: {
      load() {
        if (isLocked) throw new Error('The keychain is locked.');
        return recordA();
      },
      save() {},
    },
  });
  keepFresh(auth);
  await clock.advance(5_000);
  expect(auth.state.status).toBe('unknown');
  isLocked = false;
  await clock.advance(minutes);
  expect(current(auth).accessToken).toBe('A');
});

test('B23 renewals that fail three times in a row with a 5xx lead to a sign-in with the credentials, in the same session', async () => {
  const { auth, A, clock, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Broken.', { status: 500 })));
  signIns.always(() => ({ accessToken: 'B', expiresInS: 3600 }));
  clock.jump(2 * hours);
  for (const expected of ['unavailable', 'unavailable', 'B']) {
    expect(await outcome(auth.get())).toBe(expected);
    clock.jump(10 * minutes);
  }
  expect(current(auth)).toMatchObject({ sessionId: A.sessionId, accessToken: 'B', refreshToken: undefined });
  expect(events).toEqual(['renewalFailed', 'renewalFailed', 'renewed']);
});

test.each([
  ['a 500, and credentials that are rejected', 500, true],
  ['no answer at all', undefined, false],
  ['an answer that asks for patience', 429, false],
  ['an answer that is not of a broken server', 499, false],
] as const)('B20 an auth server that keeps failing ends no session: %s', async (_, status, signsIn) => {
  const { auth, clock, renewals, signIns } = signedIn({ credentials: () => ann });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Broken.', { status })));
  signIns.always(() => null);
  clock.jump(2 * hours);
  for (let time = 0; time < 5; time++) {
    expect(await outcome(auth.get())).toBe('unavailable');
    clock.jump(10 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
  expect(signIns.calls.length > 0).toBe(signsIn);
});

test('the first subscriber starts the restore, also while the store is being asked', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true, store: { load: () => null, save() {} } });
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  auth.subscribe(() => {});
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['restore']);
  expect(clock.timers).toHaveLength(2);
  await renewals.last.answer('A');
  expect([current(auth).accessToken, clock.timers]).toEqual(['A', []]);
  expect(reported).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
});

test('a subscriber starts nothing where nothing is to be restored', async () => {
  const withoutRestore = scriptedProvider({ store: scriptedStore() });
  const withSession = scriptedProvider({ restore: true, initial: 'A' });
  for (const { auth, clock, renewals } of [withoutRestore, withSession]) {
    const { timers } = clock;
    auth.subscribe(() => {});
    expect(clock.timers).toEqual(timers);
    await settled();
    expect(renewals.calls).toEqual([]);
  }
});

test('in production, options that only a developer can mend are not checked', () => {
  vi.stubEnv('NODE_ENV', 'production');
  expect(createTokenManager({}).fresh()).toBeNull();
  vi.unstubAllEnvs();
});

test('B49 a restore that keeps failing does not lead to a sign-in with the credentials', async () => {
  const { auth, clock, renewals, signIns } = scriptedProvider({ restore: true, credentials: () => ann });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Broken.', { status: 500 })));
  for (let time = 0; time < 5; time++) {
    expect(await outcome(auth.get())).toBe('unavailable');
    clock.jump(10 * minutes);
  }
  expect([renewals.calls.length, signIns.calls.length]).toEqual([5, 0]);
});

test('B30 a broken auth server whose sign-in answers the refused token has not renewed it', async () => {
  const { auth, A, clock, renewals, signIns } = signedIn({ credentials: () => ann });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Broken.', { status: 500 })));
  signIns.always(() => ({ accessToken: 'A' }));
  for (let time = 0; time < 4; time++) {
    expect(await outcome(auth.renew({ refused: A }))).toBe('unavailable');
    clock.jump(10 * minutes);
  }
  expect(signIns.calls.length).toBeGreaterThan(0);
  expect(auth.state.status).toBe('signedIn');
});

test('B27 those who wait for a restore get its token when that is saved', async () => {
  const store = scriptedStore();
  const { auth, renewals, eventPayloads, clock } = scriptedProvider({ restore: true, store });
  let saved: (saved: boolean) => void = () => {};
  store.saves.always(
    () =>
      new Promise(resolve => {
        saved = resolve;
      }),
  );
  let answer: unknown;
  void outcome(auth.get()).then(token => {
    answer = token;
  });
  await settled();
  await renewals.last.answer({ accessToken: 'A', expiresInS: 3600 });
  expect([answer, auth.state.renewing]).toEqual([undefined, true]);
  saved(true);
  await settled();
  expect([answer, auth.state.renewing]).toEqual(['A', false]);
  const { sessionId } = current(auth);
  expect(eventPayloads).toEqual([{ at: clock.now(), sessionId, expiresAt: clock.now() + hours }]);
});

test('B49 after a rejection restore() asks again at once', async () => {
  const { auth, renewals } = signedIn();
  renewals.always(() => null);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
  renewals.always(() => 'A');
  expect(await outcome(auth.restore())).toBe('A');
});

test('B11 a manager that is disposed of during a renewal has no error', async () => {
  const { auth } = signedIn();
  const renewal = outcome(auth.renew());
  await settled();
  auth.dispose();
  expect(await renewal).toBe('disposed');
  expect(auth.state).toStrictEqual({ status: 'signedOut', renewing: false });
});
