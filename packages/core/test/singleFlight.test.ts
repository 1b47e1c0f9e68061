import { execFileSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { keepFresh } from '../src/renewal/keepFresh.ts';
import { memoryStore, type StoredRecord } from './memoryStore.ts';
import {
  current,
  eventNames,
  fakeClock,
  hours,
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

test('B01 1,000 concurrent gets with an expired token cause one renewal and get the same token set', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const gets = Array.from({ length: 1_000 }, () => auth.get());
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  const [first, ...others] = await Promise.all(gets);
  expect(first?.accessToken).toBe('B');
  expect(others.every(tokens => tokens === first)).toBe(true);
  expect(renewals.calls).toHaveLength(1);
});

test('B01 fresh() returns the token set of the last renewal', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const get = auth.get();
  await settled();
  await renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(auth.fresh()).toBe(await get);
});

test('B02 refusals of A before, during and after its renewal share one renewal and get B', async () => {
  const { auth, A, renewals } = signedIn();
  const before = auth.settle(refusal(A));
  await settled();
  const during = auth.settle(refusal(A, { operation: 'another query' }));
  await renewals.last.answer('B');
  const after = auth.settle(refusal(A, { operation: 'a third query' }));
  const answers = await Promise.all([before, during, after]);
  expect(answers.map(tokens => tokens?.accessToken)).toEqual(['B', 'B', 'B']);
  expect(renewals.calls).toHaveLength(1);
});

test('B03 a late refusal of the old token gets the current token set without a token request', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  await auth.renew({ refused: A });
  expect((await auth.renew({ refused: A })).accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B03 a late refusal of a token of another session fails with signedOut, without a token request', async () => {
  const { auth, A, renewals } = signedIn();
  await auth.adopt('token-of-another-user');
  expect(await outcome(auth.renew({ refused: A }))).toBe('signedOut');
  await auth.signOut();
  expect(await outcome(auth.renew({ refused: A }))).toBe('signedOut');
  expect(renewals.calls).toHaveLength(0);
});

test('B04 two managers never share a renewal', async () => {
  const ann = signedIn();
  const bob = signedIn();
  const gets = [ann, bob].map(({ auth, A }) => auth.renew({ refused: A }));
  await settled();
  await ann.renewals.last.answer('B-of-Ann');
  await bob.renewals.last.answer('B-of-Bob');
  expect((await Promise.all(gets)).map(tokens => tokens.accessToken)).toEqual(['B-of-Ann', 'B-of-Bob']);
});

test('B04 two sessions of one manager never share a renewal', async () => {
  const { auth, A, renewals } = signedIn();
  const ofAnn = outcome(auth.renew({ refused: A }));
  await settled();
  const renewalOfAnn = renewals.last;
  void auth.adopt('A-of-Bob');
  const ofBob = outcome(auth.renew({ refused: current(auth) }));
  await settled();
  await renewalOfAnn.answer('B-of-Ann');
  expect(renewals.calls).toHaveLength(2);
  expect(auth.state.renewing).toBe(true);
  await renewals.last.answer('B-of-Bob');
  expect(await ofAnn).toBe('signedOut');
  expect(await ofBob).toBe('B-of-Bob');
});

test('B05 a refusal of A joins the running renewal of A', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const get = auth.get();
  await settled();
  const renew = auth.renew({ refused: A });
  await renewals.last.answer('B');
  expect(await renew).toBe(await get);
  expect(renewals.calls).toHaveLength(1);
});

test('B05 a refusal of the token set of the last renewal gets another token set', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(({ current: { accessToken } = A }) => (accessToken === 'A' ? 'B' : 'C'));
  const B = await auth.renew({ refused: A });
  expect((await auth.renew({ refused: B })).accessToken).toBe('C');
});

test('B05 a refusal that joined a renewal ahead of expiry gets its own renewal when that answers the refused token', async () => {
  const { auth, A, clock, renewals } = signedIn();
  await clock.advance(59.5 * minutes);
  auth.fresh();
  await settled();
  const renew = auth.renew({ refused: A });
  await settled();
  expect(renewals.last.argument.reason).toBe('ahead');
  await renewals.last.answer('A');
  expect(renewals.last.argument.reason).toBe('refused');
  await renewals.last.answer('B');
  expect((await renew).accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(2);
});

test('B05 a refusal fails with noProgress when each renewal that it joins answers the refused token', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'A');
  let rounds = 0;
  auth.subscribe(() => {
    if (!auth.state.renewing && rounds++ < 5) void outcome(auth.renew());
  });
  void outcome(auth.renew());
  await Promise.resolve();
  const renewed = auth.renew({ refused: A });
  await expect(renewed).rejects.toMatchObject({
    code: 'noProgress',
    message: 'The renewal answered the token that had just been refused.',
  });
  expect(renewals.calls.map(({ argument }) => argument.reason)).not.toContain('refused');
});

test('B05 the refused token is not its own successor, neither from a renewal nor from credentials', async () => {
  const { auth, A, signIns, renewals } = signedIn({ credentials: () => ({ username: 'ann', password: 'pw' }) });
  renewals.always(() => 'A');
  signIns.always(() => ({ accessToken: 'A' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect([renewals.calls.length, signIns.calls.length]).toEqual([1, 1]);
});

test('B06 a caller that aborts is rejected at once, and the others get the renewed token', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  const caller = new AbortController();
  const first = outcome(auth.get({ signal: caller.signal }));
  const second = outcome(auth.get());
  await settled();
  caller.abort();
  expect(await first).toBe(caller.signal.reason);
  await renewals.last.answer('B');
  expect(await second).toBe('B');
});

test('B06 a caller whose signal has already aborted is rejected at once, and starts no renewal', async () => {
  const { auth, A, clock, renewals, states } = signedIn();
  const signal = AbortSignal.abort();
  expect(await outcome(auth.get({ signal }))).toBe(signal.reason);
  expect(await outcome(auth.renew({ refused: A, signal }))).toBe(signal.reason);
  expect(await outcome(auth.renew({ signal }))).toBe(signal.reason);
  clock.jump(hours - minutes);
  expect(await outcome(auth.get({ signal }))).toBe(signal.reason);
  clock.jump(2 * hours);
  expect(await outcome(auth.get({ signal }))).toBe(signal.reason);
  await settled();
  expect([renewals.calls.length, states]).toEqual([0, []]);
});

test('B06 after every waiter has aborted the renewal still completes and is saved', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({ store });
  await auth.get();
  const caller = new AbortController();
  const renew = outcome(auth.renew({ signal: caller.signal }));
  await settled();
  caller.abort();
  expect(await renew).toBe(caller.signal.reason);
  expect(renewals.last.signal?.aborted).toBe(false);
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
  expect(store.record?.accessToken).toBe('B');
});

test('B06 no listener is left on the signal of a caller', async () => {
  const { auth, A, renewals } = signedIn();
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  const renew = auth.renew({ refused: A, signal });
  await settled();
  await renewals.last.answer('B');
  await renew;
  await settled();
  expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
});

test('B07 when the auth server never answers, waiters get unavailable after renewTimeoutMs, and a later call renews again', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewTimeoutMs: 3_000 });
  const renew = outcome(auth.renew({ refused: A }));
  await clock.advance(2_999);
  expect(auth.state.renewing).toBe(true);
  await clock.advance(1);
  expect(await renew).toBe('unavailable');
  expect(renewals.last.signal?.aborted).toBe(false); // the token request goes on
  await clock.advance(6_000);
  expect(renewals.last.signal?.aborted).toBe(true);
  expect(auth.fresh()).toBe(A);
  await clock.advance(5 * minutes);
  const again = auth.renew({ refused: A });
  await settled();
  await renewals.last.answer('B');
  expect((await again).accessToken).toBe('B');
});

test('B13 an answer that comes after renewTimeoutMs is used, and no refresh token is sent twice', async () => {
  const { auth, A, clock, renewals, events } = signedIn();
  const early = [outcome(auth.renew({ refused: A })), outcome(auth.settle(refusal(A)) ?? Promise.resolve())];
  await clock.advance(4_000);
  const late = outcome(auth.get()); // waits for the successor of the refused token set
  await clock.advance(6_000);
  expect(await Promise.all(early)).toEqual(['unavailable', 'unavailable']);
  expect(auth.fresh()).toBeUndefined();
  await clock.advance(3_000);
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(await late).toBe('B');
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['refused', 'renewed']);
  expect(clock.timers).toEqual([]);
});

test('B13 each caller waits renewTimeoutMs from its own call, and those who joined late are not failed with the first', async () => {
  const { auth, clock, renewals } = signedIn({ renewTimeoutMs: 3_000 }, { expiresInS: 60 });
  clock.jump(2 * minutes);
  const answers: string[] = [];
  const wait = (name: string) => void outcome(auth.get()).then(result => answers.push(`${name}: ${String(result)}`));
  wait('one');
  await clock.advance(1_000);
  wait('two');
  const aborted = new AbortController();
  void outcome(auth.get({ signal: aborted.signal })).then(result => answers.push(`aborted: ${String(result)}`));
  await clock.advance(1_999);
  expect(answers).toEqual([]);
  await clock.advance(1);
  expect(answers).toEqual(['one: unavailable']);
  aborted.abort();
  await clock.advance(1_000);
  expect(answers).toEqual(['one: unavailable', 'aborted: AbortError: This operation was aborted', 'two: unavailable']);
  wait('three');
  await clock.advance(2_000);
  await renewals.last.answer('B');
  expect(answers.slice(3)).toEqual(['three: B']);
  expect(renewals.calls).toHaveLength(1);
});

test('B13 those who wait for a renewal ahead of need get the valid token when their time is up', async () => {
  const { auth, A, clock, renewals } = signedIn();
  const renew = outcome(auth.renew());
  await clock.advance(10_000);
  expect(await renew).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
  expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(1);
});

test('B14 dispose during a renewal with rotation: the answer is saved, and the next start is signed in', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals } = scriptedProvider({ store });
  await auth.get();
  const renew = outcome(auth.renew());
  await settled();
  auth.dispose();
  expect(await renew).toBe('disposed');
  expect(renewals.last.signal?.aborted).toBe(false);
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 });
  expect(store.record).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect(clock.timers).toEqual([]);
  const next = scriptedProvider({ store });
  expect(await outcome(next.auth.get())).toBe('B');
});

test('B14 the next manager waits for the lock until the answer of a disposed one was saved', async () => {
  const store = memoryStore();
  const first = signedIn({ store });
  await settled();
  void outcome(first.auth.renew());
  await settled();
  first.auth.dispose();
  const second = scriptedProvider({ store });
  const renew = outcome(second.auth.renew());
  await settled();
  expect(second.renewals.calls).toHaveLength(0);
  await first.renewals.last.answer({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 });
  expect(await renew).toBe('B');
  expect(second.renewals.calls).toHaveLength(0);
});

test('B14 after a sign-out and dispose the answer of the renewal is not saved', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({ store });
  await auth.get();
  void outcome(auth.renew());
  await settled();
  await auth.signOut();
  auth.dispose();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(store.record).toBeNull();
});

/** A clock whose timers are those of requests: a platform may end them together with their request. */
function clockOfRequests() {
  const clock = fakeClock();
  const ended = new Set<number>();
  let request = 0;
  return {
    ...clock,
    now: () => clock.now(),
    advance: (ms: number) => clock.advance(ms),
    setTimeout(run: () => void, ms: number) {
      const owner = request;
      return clock.setTimeout(() => ended.has(owner) || run(), ms);
    },
    begin: () => ++request,
    end: (owner: number) => void ended.add(owner),
  };
}

test('B15 a renewal whose owner has ended with its timers and its answer is replaced by one of the next need', async () => {
  const clock = clockOfRequests();
  const { auth, renewals } = signedIn({ clock, renewTimeoutMs: 3_000 }, { expiresInS: 20 });
  const first = clock.begin();
  await clock.advance(19_000);
  expect(auth.fresh()?.accessToken).toBe('A'); // in the background a renewal starts
  await settled();
  clock.end(first);
  await clock.advance(2_500);
  clock.begin();
  const second = outcome(auth.get());
  await clock.advance(2_100);
  expect(renewals.calls).toHaveLength(2);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 600 });
  expect(await second).toBe('B');
  expect(auth.state.renewing).toBe(false);
});

test('B15 those who wait with an owner that has ended are served by the renewal of the next need, refused operations too', async () => {
  const clock = clockOfRequests();
  const { auth, A, renewals } = signedIn({ clock, renewTimeoutMs: 3_000 });
  const first = clock.begin();
  void outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  await settled();
  clock.end(first);
  await clock.advance(2_000);
  clock.begin();
  const refused = outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  const waiting = outcome(auth.get());
  await clock.advance(2_000);
  expect(renewals.calls).toHaveLength(2);
  await renewals.last.answer('B');
  expect(await Promise.all([refused, waiting])).toEqual(['B', 'B']);
  expect(auth.state.renewing).toBe(false);
});

test('B13 an answer that has arrived while the device slept is used, though the time for the token request is up', async () => {
  const { auth, clock, renewals } = signedIn();
  void outcome(auth.renew());
  await settled();
  clock.jump(8 * hours);
  await clock.advance(0); // the timers fire first
  await renewals.last.answer({ accessToken: 'B', expiresInS: 24 * 3600 });
  expect(auth.fresh()?.accessToken).toBe('B');
});

test('B13 a token request that is not answered when the device has woken up ends soon', async () => {
  const { auth, clock, renewals } = signedIn();
  void outcome(auth.renew());
  await settled();
  clock.jump(8 * hours);
  await clock.advance(999);
  expect(renewals.last.signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(renewals.last.signal?.aborted).toBe(true);
  expect(auth.state.renewing).toBe(false);
  expect(clock.timers).toEqual([]);
});

test('B15 a renewal that only is slow is not replaced', async () => {
  const { auth, A, clock, renewals } = signedIn({ renewTimeoutMs: 3_000 });
  const gets = [];
  for (let second = 0; second < 8; second++) {
    gets.push(outcome(auth.settle(refusal(A)) ?? Promise.resolve()));
    await clock.advance(1_000);
  }
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  expect((await Promise.all(gets)).slice(-2)).toEqual(['B', 'B']);
});

test('B15 waitUntil gets each renewal, which resolves when it is saved; one that throws harms nobody', async () => {
  const given: Promise<unknown>[] = [];
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({
    store,
    waitUntil(promise) {
      given.push(promise);
      throw new Error('The request has ended.');
    },
  });
  await auth.get();
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.fail(new Error('offline'));
  expect(await renew).toBe('unavailable');
  expect(await Promise.all(given)).toEqual([undefined]);
  expect(reported).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

const garbage: readonly (readonly [string, () => unknown, string])[] = [
  [
    'throws synchronously',
    () => {
      throw new Error('broken');
    },
    'unavailable',
  ],
  ['rejects with nothing', () => Promise.reject(), 'unavailable'],
  ['rejects with a string', () => Promise.reject('broken'), 'unavailable'],
  ['answers undefined', () => undefined, 'unavailable'],
  ['answers a number', () => 7, 'unavailable'],
  ['answers an empty object', () => ({}), 'unavailable'],
  ['answers an array', () => [], 'unavailable'],
  ['answers an unrelated object', () => ({ message: 'Log in to the hotel’s network' }), 'unavailable'],
  ['answers a token that is an object', () => ({ accessToken: {} }), 'unavailable'],
  ['answers an empty string', () => '', 'unavailable'],
];
test.each(garbage)(
  'B08 a provider that %s causes a typed error, and a later renewal succeeds',
  async (_, renew, code) => {
    const { auth, A, clock, renewals } = signedIn();
    renewals.always(renew as () => string);
    expect(await outcome(auth.renew({ refused: A }))).toBe(code);
    expect(auth.state).toMatchObject({ status: 'signedIn', renewing: false, error: { code } });
    await clock.advance(5 * minutes);
    renewals.always(() => 'B');
    expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  },
);

test('B08 a provider that throws synchronously causes a typed error', async () => {
  const { auth } = signedIn({
    renew() {
      throw new Error('broken');
    },
  });
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.state.renewing).toBe(false);
});

test('B09 1,000 operations that wait for the store proceed after one load', async () => {
  const store = scriptedStore();
  let finishLoad: (record: StoredRecord) => void = () => {};
  store.loads.always(
    () =>
      new Promise(resolve => {
        finishLoad = resolve;
      }),
  );
  const { auth, renewals, states } = scriptedProvider({ store });
  expect(auth.fresh()).toBeUndefined();
  expect(auth.state.status).toBe('unknown');
  const gets = Array.from({ length: 1_000 }, () => auth.get());
  await settled();
  finishLoad(recordA());
  const answers = await Promise.all(gets);
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]?.accessToken).toBe('A');
  expect(store.loads.calls).toHaveLength(1);
  expect(renewals.calls).toHaveLength(0);
  expect(states.map(({ status }) => status)).toEqual(['signedIn']);
});

test('B09 a renewal that is requested before the store has loaded renews the stored token set', async () => {
  const { auth, renewals } = scriptedProvider({ store: scriptedStore(recordA()) });
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('B');
  expect(renewals.last.argument.current?.accessToken).toBe('A');
});

test('B114 operations wait 5 s for a store that does not answer, and its late answer is taken', async () => {
  const store = scriptedStore(recordA());
  let answer: (record: unknown) => void = () => {};
  store.loads.always(
    () =>
      new Promise(resolve => {
        answer = resolve;
      }),
  );
  const { auth, clock, events } = scriptedProvider({ store });
  const get = outcome(auth.get());
  await clock.advance(5_000);
  expect(await get).toBe('unavailable');
  expect([auth.fresh(), auth.state.status]).toEqual([undefined, 'unknown']);
  expect(events).toEqual(['storeFailed']);
  answer(recordA());
  await settled();
  expect(current(auth).accessToken).toBe('A');
  expect(auth.state).toMatchObject({ status: 'signedIn', renewing: false });
  expect(auth.state.error).toBeUndefined();
});

test.each(eventNames)('B10 a listener of %s that calls get and renew does not deadlock', async name => {
  const store = scriptedStore();
  const { auth, clock, renewals, signIns } = scriptedProvider({ store });
  renewals.always(({ current: tokens }) => (tokens?.accessToken === 'C' ? null : `${tokens?.accessToken}+`));
  signIns.always(() => ({ accessToken: 'A' }));
  const calls: Promise<unknown>[] = [];
  let emitted = 0;
  auth.on(name, () => {
    if (emitted++ < 3) calls.push(outcome(auth.get()), outcome(auth.renew()));
  });
  await auth.signIn({ username: 'ann', password: 'pw' });
  const A = current(auth);
  await outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  for (const error of ['insufficient_scope', 'insufficient_user_authentication'])
    void auth.settle(refusal(current(auth), { challenge: `Bearer error="${error}"` }));
  store.saves.always(() => Promise.reject(new Error('full')));
  await outcome(auth.renew());
  renewals.always(() => Promise.reject(new Error('Connection lost.')));
  await outcome(auth.renew());
  await clock.advance(5 * minutes);
  renewals.always(() => null);
  await outcome(auth.renew());
  await clock.advance(5 * minutes);
  expect(calls.length).toBeGreaterThan(0);
  await Promise.all(calls);
  expect(auth.state.renewing).toBe(false);
});

test('B10 a subscriber of the state that calls get and renew does not deadlock', async () => {
  const { auth, clock, renewals } = signedIn();
  const calls: Promise<unknown>[] = [];
  auth.subscribe(() => {
    if (calls.length < 10) calls.push(outcome(auth.get()), outcome(auth.renew()));
  });
  renewals.always(() => ({ accessToken: 'B', expiresInS: 3600 }));
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBe('B');
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['B']));
});

test('B10 a subscriber that throws does not affect the operation or other subscribers', async () => {
  const { auth, A, renewals, events } = signedIn();
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const broken = () => {
    throw new Error('A bug in a subscriber.');
  };
  auth.subscribe(broken);
  for (const name of eventNames) auth.on(name, broken);
  const last = vi.fn();
  auth.on('renewed', last);
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
  expect(last).toHaveBeenCalledTimes(1);
  expect(events).toEqual(['refused', 'renewed', 'retried']);
  expect(reported).toHaveBeenCalled();
  vi.unstubAllGlobals();
});

test('B11 dispose during a renewal rejects the waiters with disposed, and no timer or event follows', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, revocations, events, states } = scriptedProvider({ store });
  const stop = keepFresh(auth);
  await auth.get();
  const renew = outcome(auth.renew());
  await settled();
  auth.dispose();
  expect(await renew).toBe('disposed');
  const before = { events: events.length, states: states.length };
  await renewals.last.answer('B');
  await clock.advance(24 * hours);
  expect({ events: events.length, states: states.length }).toEqual(before);
  expect(clock.timers).toEqual([]);
  expect(revocations.calls).toHaveLength(0);
  stop();
});

test('B11 dispose while the store loads rejects the waiters with disposed at once', async () => {
  const store = scriptedStore(recordA());
  store.loads.always(() => new Promise(() => {}));
  const { auth, clock } = scriptedProvider({ store });
  let result: unknown;
  void outcome(auth.get()).then(code => {
    result = code;
  });
  await settled();
  auth.dispose();
  await settled();
  expect(result).toBe('disposed');
  expect(clock.timers).toEqual([]);
});

test('B11 dispose before a renewal starts rejects it with disposed, and no lock is requested', async () => {
  const lock = vi.fn(() => new Promise<never>(() => {}));
  const { auth } = scriptedProvider({ store: { load: () => new Promise(() => {}), save: () => {}, lock } });
  void auth.adopt('A');
  const renew = outcome(auth.renew());
  auth.dispose();
  expect(await renew).toBe('disposed');
  expect(await outcome(auth.renew({ refused: signedIn().A }))).toBe('disposed');
  expect(lock).not.toHaveBeenCalled();
});

test('B11 after dispose no token request, save or timer starts', async () => {
  const store = scriptedStore(recordA());
  const receive = () => 'received';
  const { auth, clock, renewals, signIns, events } = scriptedProvider({ store, receive });
  await auth.get();
  const tokens = current(auth);
  const response = () => ({ headers: new Headers(), url: '', redirected: false });
  auth.dispose();
  expect(auth.fresh()).toBeUndefined();
  void auth.settle(success(tokens, { response }));
  expect(await outcome(auth.get())).toBe('disposed');
  expect(await outcome(auth.renew())).toBe('disposed');
  expect(await outcome(auth.renew({ refused: tokens }))).toBe('disposed');
  expect(await outcome(auth.signIn({ username: 'ann', password: 'pw' }))).toBe('disposed');
  expect(await outcome(auth.adopt('B'))).toBe('disposed');
  keepFresh(auth);
  auth.subscribe(() => {});
  await clock.advance(24 * hours);
  expect([renewals.calls.length, signIns.calls.length, store.saves.calls.length, events.length]).toEqual([0, 0, 0, 0]);
  expect(store.record?.accessToken).toBe('A');
  expect(clock.timers).toEqual([]);
});

test('B11 dispose rejects the waiters of a restore and unsubscribes from the store', async () => {
  const unsubscribed = vi.fn();
  const store = { ...memoryStore(), subscribe: () => unsubscribed };
  const { auth, clock } = scriptedProvider({ store, restore: true });
  const get = outcome(auth.get());
  await settled();
  auth.dispose();
  expect(await get).toBe('disposed');
  await clock.advance(30_000); // the token request was sent, and may bring a session
  expect(unsubscribed).toHaveBeenCalledTimes(1);
});

test('B11 a Node process with a pending renewal and with keepFresh can exit', () => {
  const program = `
    import { createTokenManager, keepFresh } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    const auth = createTokenManager({ renew: () => new Promise(() => {}) });
    void auth.adopt({ accessToken: 'A', expiresInS: 3600 });
    keepFresh(auth);
    auth.renew().catch(() => {});
    setImmediate(() => process.stdout.write(String(auth.state.renewing)));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(output).toBe('true');
});

test('B12 the cost of waiting is linear: twice the waiters call the clock at most twice as often, and add no listeners', async () => {
  const costOf = async (waiters: number) => {
    const clock = fakeClock();
    const addListener = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    let renewals = 0;
    const auth = createTokenManager({
      renew: () => {
        renewals++;
        return settled().then(() => 'B');
      },
      clock,
    });
    await auth.adopt({ accessToken: 'A', expiresInS: 3600 });
    clock.jump(2 * hours);
    const [nowCallsBefore, listenersBefore] = [clock.nowCalls, addListener.mock.calls.length];
    await Promise.all(Array.from({ length: waiters }, () => auth.get()));
    const cost = {
      renewals,
      nowCalls: clock.nowCalls - nowCallsBefore,
      listeners: addListener.mock.calls.length - listenersBefore,
    };
    addListener.mockRestore();
    return cost;
  };
  const [one, two] = [await costOf(1_000), await costOf(2_000)];
  expect(one.renewals).toBe(1);
  expect(two.renewals).toBe(1);
  expect(two.nowCalls).toBeLessThanOrEqual(2 * one.nowCalls);
  expect(two.listeners).toBe(one.listeners);
});

test('B13 a caller that asks again when its time is up is answered once each time, and no timer is left', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 60 });
  clock.jump(2 * minutes);
  const answers: string[] = [];
  const ask = () =>
    auth.waitFor({
      resume: tokens => void answers.push(tokens?.accessToken ?? 'none'),
      fail(error) {
        answers.push((error as { readonly code: string }).code);
        if (answers.length < 3) ask();
      },
    });
  ask();
  ask();
  await clock.advance(15_000);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 600 });
  await clock.advance(minutes);
  expect(answers).toEqual(['unavailable', 'unavailable', 'B', 'B']);
  expect(clock.timers).toEqual([]);
});
