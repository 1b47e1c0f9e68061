import { afterEach, expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { readTokens } from '../src/tokens/readTokens.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  minutes,
  outcome,
  type Password,
  recordA,
  refusal,
  type ScriptedProvider,
  script,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  signedInAfter,
  success,
  successorOf,
} from './scriptedProvider.ts';
import { invalidTokens } from './vectors.ts';

afterEach(() => void vi.restoreAllMocks());

const html = { 'content-type': 'text/html; charset=utf-8' };
const json = { 'content-type': 'application/json' };
const ann = { username: 'ann', password: 'a password' };
const rejection = (code = 'sessionExpired' as const) => new TokenError(code, 'The refresh token was rejected.');
const outage = (retryAfterMs?: number) => new TokenError('unavailable', 'Unreachable.', { retryAfterMs });

/** Calls `renew` every 100 ms. Returns the times of the token requests, in milliseconds from the start. */
async function timesOfRequests({ auth, clock, renewals, A }: ReturnType<typeof signedIn>, ms: number) {
  const times: number[] = [];
  for (let at = 0; at < ms; at += 100) {
    const before = renewals.calls.length;
    await outcome(auth.renew({ refused: A }));
    if (renewals.calls.length > before) times.push(at);
    clock.jump(100);
  }
  return times;
}

const transientFailures: readonly (readonly [string, () => Response | Promise<Response>])[] = [
  ['a network error', () => Promise.reject(new TypeError('fetch failed'))],
  ['408', () => new Response(null, { status: 408 })],
  ['429', () => new Response(null, { status: 429 })],
  ['500', () => new Response('{"error":"server_error"}', { status: 500, headers: json })],
  ['502 with a page of HTML', () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: html })],
  ['503', () => new Response('', { status: 503 })],
  ['a page of HTML from a proxy with 401', () => new Response('<h1>Log in</h1>', { status: 401, headers: html })],
  ['400 temporarily_unavailable', () => new Response('{"error":"temporarily_unavailable"}', { status: 400 })],
  [
    'a page of HTML from a captive portal with 200',
    () => new Response('<h1>Welcome</h1>', { status: 200, headers: html }),
  ],
  ['a 200 without a body', () => new Response('', { status: 200 })],
  ['a 200 with cut JSON', () => new Response('{"access_tok', { status: 200, headers: json })],
  ['a 200 with unrelated JSON', () => new Response('{"hello":"world"}', { status: 200, headers: json })],
  ['a 200 with a token that is a number', () => new Response('{"access_token":7}', { status: 200, headers: json })],
  ['a 200 with null', () => new Response('null', { status: 200, headers: json })],
];
test.each(transientFailures)(
  'B20 %s is unavailable: the tokens are kept, and the session goes on',
  async (_, respond) => {
    const store = scriptedStore(recordA());
    const { auth, renewals, events } = scriptedProvider({ store });
    const A = await auth.get();
    renewals.always(async () => readTokens(await respond()));
    expect(await outcome(auth.renew())).toBe('unavailable');
    expect(auth.fresh()).toBe(A);
    expect(auth.state).toMatchObject({ status: 'signedIn', error: { code: 'unavailable' } });
    expect(store.record?.accessToken).toBe('A');
    expect(events).toEqual(['renewalFailed']);
  },
);

test('B21 ends the session on invalid_grant: one signedOut event, sessionExpired for every waiter, and no second request with the refresh token', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events, eventPayloads } = scriptedProvider({ store });
  await auth.get();
  clock.jump(2 * hours);
  const waiters = Array.from({ length: 10 }, () => outcome(auth.get()));
  await settled();
  await renewals.last.answer(readTokens(new Response('{"error":"invalid_grant"}', { status: 400 })));
  expect(new Set(await Promise.all(waiters))).toEqual(new Set(['sessionExpired']));
  expect(events).toEqual(['renewalFailed', 'signedOut']);
  expect(eventPayloads[1]).toMatchObject({ reason: 'expired', sessionId: expect.any(String) });
  expect(auth.state).toEqual({
    status: 'signedOut',
    renewing: false,
    error: expect.objectContaining({ code: 'sessionExpired' }),
  });
  expect(auth.fresh()).toBeNull();
  expect(store.record).toBeNull();
  expect(await outcome(auth.get())).toBeNull();
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(renewals.calls).toHaveLength(1);
});

test('B21 a rejected refresh token is not sent again after a transient failure of the sign-in that follows', async () => {
  const { auth, A, clock, renewals, signIns } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => Promise.reject(outage()));
  expect(await outcome(auth.renew({ refused: A }))).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
  await clock.advance(5 * minutes);
  signIns.always(() => ({ accessToken: 'B' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  expect([renewals.calls.length, signIns.calls.length]).toEqual([1, 2]);
});

test('B22 on invalid_grant a newer token set in the store is adopted, and the session goes on', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events } = scriptedProvider({ store });
  await auth.get();
  clock.jump(2 * hours);
  const get = auth.get();
  await settled();
  store.record = successorOf(store.record, { expiresAt: clock.now() + hours });
  await renewals.last.fail(rejection());
  expect((await get)?.accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
  expect(auth.state.status).toBe('signedIn');
});

test('B22 of two managers that renew at once on a store without a lock, the rejected one adopts the token set that the other saved', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const winner = signedIn({ store });
  await settled();
  const loser = scriptedProvider({ store });
  const answers = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await settled();
  await winner.renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  await loser.renewals.last.fail(rejection());
  expect(await Promise.all(answers)).toEqual(['B', 'B']);
  expect(loser.events).not.toContain('signedOut');
});

test('B23 with an expired refresh token the credentials sign in once, in the same session', async () => {
  const { auth, A, clock, renewals, signIns, events } = signedIn(
    { credentials: () => ann },
    { refreshExpiresInS: 7200 },
  );
  renewals.always(() => null);
  clock.jump(2 * hours);
  const gets = [outcome(auth.get()), outcome(auth.get())];
  await settled();
  expect(signIns.calls.map(({ argument }) => argument)).toEqual([ann]);
  await signIns.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(await Promise.all(gets)).toEqual(['B', 'B']);
  expect(current(auth)).toMatchObject({ sessionId: A.sessionId, version: A.version + 1, refreshToken: 'rB' });
  expect(events).toEqual(['renewed']);
  expect(renewals.calls).toHaveLength(0);
});

test('B23 after a rejected refresh token the credentials sign in, and the refused operation is retried', async () => {
  const { auth, A, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => ({ accessToken: 'B' }));
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
  expect(current(auth).refreshToken).toBeUndefined();
  expect(events).toEqual(['refused', 'renewed', 'retried']);
});

test('B23 without a refresh token the credentials sign in again at expiry', async () => {
  const store = scriptedStore();
  const { auth, clock, signIns } = scriptedProvider({ store, renew: () => null, credentials: () => ann });
  signIns.always(() => ({ accessToken: `token-${signIns.calls.length}`, expiresInS: 3600 }));
  expect(await outcome(auth.get())).toBe('token-1');
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBe('token-2');
  expect(signIns.calls).toHaveLength(2);
});

test('B24 after a failed renewal ahead of expiry the valid token is used', async () => {
  const { auth, A, clock, renewals, events } = signedIn({ renewAheadMs: 10 * minutes });
  await clock.advance(58 * minutes);
  expect(auth.fresh()).toBe(A);
  await settled();
  await renewals.last.fail(outage());
  expect(auth.fresh()).toBe(A);
  expect(await auth.get()).toBe(A);
  expect(events).toEqual(['renewalFailed']);
  expect(renewals.calls).toHaveLength(1);
});

test('B24 after a failed renewal in the hard zone the valid token is used until it expires', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(hours - 1_000);
  expect(auth.fresh()).toBeUndefined();
  const get = auth.get();
  await settled();
  await renewals.last.fail(outage());
  expect(await get).toBe(A);
  clock.jump(1_000);
  expect(await outcome(auth.get())).toBe('unavailable');
});

test('B25 during an outage 50 calls in a row make one token request', async () => {
  const { auth, clock, renewals, events } = signedIn();
  renewals.always(() => Promise.reject(outage()));
  clock.jump(2 * hours);
  for (let call = 0; call < 50; call++) expect(await outcome(auth.get())).toBe('unavailable');
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['renewalFailed']);
});

test('B25 the cool-down doubles up to five minutes', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const scripted = signedIn({ cooldownMs: 2_000 });
  scripted.renewals.always(() => Promise.reject(outage()));
  const times = await timesOfRequests(scripted, 900_000);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300].map(seconds => seconds * 1_000));
});

test('B25 jitter shortens the cool-down by up to a quarter', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.8);
  const scripted = signedIn({ cooldownMs: 10_000 });
  scripted.renewals.always(() => Promise.reject(outage()));
  expect(await timesOfRequests(scripted, 30_000)).toEqual([0, 8_000, 24_000]);
});

test('B25 a successful renewal resets the cool-down to its initial length', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => Promise.reject(outage()));
  for (let failure = 0; failure < 5; failure++) {
    await outcome(auth.renew());
    clock.jump(5 * minutes);
  }
  renewals.always(() => 'B');
  await auth.renew();
  renewals.always(() => Promise.reject(outage()));
  await outcome(auth.renew());
  const before = renewals.calls.length;
  clock.jump(2_000);
  await outcome(auth.renew());
  expect(renewals.calls).toHaveLength(before + 1);
});

test('B25 obeys Retry-After in seconds and as a date', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22) });
  const waits = ['120', new Date(Date.UTC(2026, 10, 22) + 120_000).toUTCString()];
  for (const retryAfter of waits) {
    const scripted = signedIn();
    scripted.renewals.always(() =>
      readTokens(new Response(null, { status: 429, headers: { 'retry-after': retryAfter } })),
    );
    expect(await timesOfRequests(scripted, 130_000)).toEqual([0, 120_000]);
  }
  vi.useRealTimers();
});

test('B25 a Retry-After of days is limited to an hour', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => Promise.reject(outage(48 * hours)));
  await outcome(auth.renew({ refused: A }));
  clock.jump(hours - 1);
  await outcome(auth.renew({ refused: A }));
  expect(renewals.calls).toHaveLength(1);
  clock.jump(1);
  await outcome(auth.renew({ refused: A }));
  expect(renewals.calls).toHaveLength(2);
});

test('B25 a retryAfterMs that is NaN does not change the cool-down', async () => {
  const scripted = signedIn();
  scripted.renewals.always(() => Promise.reject(outage(Number('Wed, 21 Oct 2026'))));
  const [first, second = 0] = await timesOfRequests(scripted, 3_000);
  expect(first).toBe(0);
  expect(second).toBeGreaterThanOrEqual(1_500);
});

test('B25 a sign-in in another tab ends the cool-down of the last session', async () => {
  const store = memoryStore();
  const { auth, clock, renewals } = signedIn({ store });
  renewals.always(() => Promise.reject(new TokenError('misconfigured', 'Not this client.')));
  await outcome(auth.renew());
  signedIn({ store, clock }, { accessToken: 'token-of-Bob', refreshToken: 'rBob' });
  await settled();
  const bob = current(auth);
  expect(bob.accessToken).toBe('token-of-Bob');
  renewals.always(() => 'B');
  expect(await outcome(auth.settle(refusal(bob)) ?? Promise.resolve())).toBe('B');
});

test('B25 a new sign-in ends the cool-down', async () => {
  const { auth, A, renewals, signIns } = signedIn();
  renewals.always(() => Promise.reject(outage(hours)));
  await outcome(auth.renew({ refused: A }));
  signIns.always(() => ({ accessToken: 'C' }));
  await auth.signIn(ann);
  renewals.always(() => 'D');
  expect(await outcome(auth.renew())).toBe('D');
});

test('B25 a cool-down does not outlast a clock that is set back', async () => {
  const { auth, A, clock, renewals } = signedIn();
  clock.jump(24 * hours);
  renewals.always(() => Promise.reject(outage()));
  await outcome(auth.get());
  clock.jump(-24 * hours);
  renewals.always(() => 'B');
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
});

test('B26 a failed renewal without waiters causes no unhandled rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const { auth, A, clock, renewals } = signedIn();
  await clock.advance(59.5 * minutes);
  expect(auth.fresh()).toBe(A);
  await settled();
  await renewals.last.fail(outage());
  const caller = new AbortController();
  await clock.advance(5_000);
  void outcome(auth.renew({ signal: caller.signal }));
  await settled();
  caller.abort();
  await renewals.last.fail(rejection());
  await settled();
  expect(unhandled).not.toHaveBeenCalled();
  process.off('unhandledRejection', unhandled);
});

test.each([undefined, null])(
  'B27 without a new refresh token in the answer (%s) the old one and its expiry are kept',
  async refreshToken => {
    const store = scriptedStore();
    const { auth, clock, renewals, A } = signedIn({ store }, { refreshExpiresInS: 86_400 });
    clock.jump(minutes);
    renewals.always(() => ({ accessToken: 'B', refreshToken }));
    const B = await auth.renew();
    expect(B).toMatchObject({ refreshToken: 'rA', refreshExpiresAt: A.refreshExpiresAt });
    expect(store.record).toMatchObject({ accessToken: 'B', refreshToken: 'rA', refreshExpiresAt: A.refreshExpiresAt });
  },
);

test('B27 a new refresh token replaces the old one and its expiry', async () => {
  const { auth, renewals } = signedIn({}, { refreshExpiresInS: 86_400 });
  renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB' }));
  const B = await auth.renew();
  expect(B).toMatchObject({ refreshToken: 'rB', refreshExpiresAt: undefined });
});

test('B27 a new refresh token is saved before any waiter resumes', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  const A = await auth.get();
  let saved: (saved: boolean) => void = () => {};
  store.saves.always(
    () =>
      new Promise(resolve => {
        saved = resolve;
      }),
  );
  let answer: unknown;
  void outcome(auth.renew()).then(token => {
    answer = token;
  });
  await settled();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(store.saves.last.argument).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect([answer, auth.fresh(), events]).toEqual([undefined, A, []]);
  saved(true);
  await settled();
  expect(answer).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B28 when the save fails after a rotation, the new tokens are kept in memory, the save is tried again, and storeFailed is emitted', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events, eventPayloads } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => Promise.reject(new Error('quota')));
  renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB' }));
  expect(await auth.renew()).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect(store.saves.calls).toHaveLength(2);
  expect(events).toEqual(['storeFailed', 'renewed']);
  expect(eventPayloads[0]).toMatchObject({ doing: 'save', cause: { message: 'quota' } });
  store.saves.always(() => true);
  renewals.always(() => ({ accessToken: 'C', refreshToken: 'rC' }));
  await auth.renew();
  expect(store.record).toMatchObject({ accessToken: 'C', refreshToken: 'rC' });
});

test('B28 a save that fails once is tried again at once, without storeFailed', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => (store.saves.calls.length > 1 ? true : Promise.reject(new Error('busy'))));
  renewals.always(() => 'B');
  await auth.renew();
  expect(store.record?.accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B28 a record older than memory is not used after the store failed for a time', async () => {
  const memory = memoryStore();
  let isGone = false;
  const store = {
    ...memory,
    save(record: object | null) {
      if (isGone) throw new Error('offline');
      return memory.save(record);
    },
  };
  const { auth, renewals } = signedIn({ store });
  await settled();
  isGone = true;
  renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB' }));
  await auth.renew();
  isGone = false;
  renewals.always(({ current: tokens }) => ({ accessToken: tokens?.refreshToken === 'rB' ? 'C' : 'wrong' }));
  expect(await outcome(auth.renew())).toBe('C');
  expect(memory.stored()).toMatchObject({ accessToken: 'C' });
});

test('B28 a save that never settles delays the waiters for a limited time only', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => new Promise(() => {}));
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer('B');
  await clock.advance(10_000);
  expect(await renew).toBe('B');
  expect(events).toEqual(['storeFailed', 'renewed']);
});

test('B29 when the new token is refused too, there is one renewal and one retry, and the refusal is delivered', async () => {
  const { auth, A, renewals, events } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  const B = await auth.settle(refusal(A));
  expect(B?.accessToken).toBe('token-1');
  expect(auth.settle(refusal(B ?? null, { retried: true }))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['refused', 'renewed', 'retried', 'refused']);
});

test('B29 a token set with which no operation has succeeded is not renewed again within the cool-down', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  clock.jump(1_999);
  expect(auth.settle(refusal(B, { operation: 'another query' }))).toBeUndefined();
  expect(auth.settle(refusal(B, { operation: 'a third query', kind: 'mutation' }))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(1);
  clock.jump(1);
  expect((await auth.settle(refusal(B, { operation: 'another query' })))?.accessToken).toBe('token-2');
});

test('B29 after one operation has succeeded with the token set, another refused one renews it within the cool-down', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  expect(auth.settle(success(B))).toBeUndefined();
  expect((await auth.settle(refusal(B, { operation: 'another query' })))?.accessToken).toBe('token-2');
});

test('B29 a query that is refused again after a renewal causes the next one only after a growing pause, and other queries are renewed for at once', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const forbidden = { operation: 'a forbidden query' };
  let latest = (await auth.settle(refusal(A, forbidden))) ?? A;
  void auth.settle(refusal(latest, { ...forbidden, retried: true }));
  void auth.settle(success(latest));
  const renewed: number[] = [];
  for (let at = 0; at < 16_000; at += 500) {
    const successor = await auth.settle(refusal(latest, forbidden));
    if (successor) {
      renewed.push(at);
      latest = successor;
      void auth.settle(refusal(latest, { ...forbidden, retried: true }));
      void auth.settle(success(latest));
    }
    clock.jump(500);
  }
  expect(renewed).toEqual([2_000, 6_000, 14_000]);
  expect((await auth.settle(refusal(latest, { operation: 'another query' })))?.accessToken).toBe('token-5');
});

test('B29 a query that succeeds after it was refused twice is renewed for again', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  const B = (await auth.settle(refusal(A))) ?? A;
  void auth.settle(refusal(B, { retried: true }));
  void auth.settle(success(B));
  expect((await auth.settle(refusal(B)))?.accessToken).toBe('token-2');
});

test('B29 an answer without data does not count as a success', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  void auth.settle(success(B, { status: 500, data: null, errors: [{ message: 'Internal server error' }] }));
  expect(auth.settle(refusal(B, { operation: 'another query' }))).toBeUndefined();
});

test('B29 a late success with an older token set does not change what is known of the current one', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  void auth.settle(success(B));
  void auth.settle(success(A));
  expect((await auth.settle(refusal(B, { operation: 'another query' })))?.accessToken).toBe('token-2');
});

test('B29 a token set from an explicit renew is renewed on its first refusal', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const requested = await auth.renew();
  expect((await auth.settle(refusal(requested, { operation: 'another query' })))?.accessToken).toBe('token-3');
});

test('B29 late refusals of an older token set do not prolong the cool-down of the current one', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  clock.jump(1_500);
  await auth.settle(refusal(A, { operation: 'a late query' }));
  clock.jump(500);
  const retry = auth.settle(refusal(current(auth), { operation: 'another query' }));
  expect((await retry)?.accessToken).toBe('token-2');
});

test('B29 a refusal of an older token set is answered with the current one, even before any operation has succeeded with that', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  await auth.settle(refusal(A));
  expect((await auth.settle(refusal(A, { operation: 'another query' })))?.accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B29 remembers only the last hundred operations that were refused again after a renewal', async () => {
  const { auth, A, renewals } = signedIn({ cooldownMs: 60_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  void auth.settle(success(A));
  for (let index = 0; index <= 100; index++)
    void auth.settle(refusal(A, { operation: `query ${index}`, retried: true }));
  expect(auth.settle(refusal(A, { operation: 'query 1' }))).toBeUndefined();
  void auth.settle(refusal(A, { operation: 'query 1', retried: true }));
  void auth.settle(refusal(A, { operation: 'query 101', retried: true }));
  expect(auth.settle(refusal(A, { operation: 'query 1' }))).toBeUndefined();
  expect(await auth.settle(refusal(A, { operation: 'query 0' }))).toBeDefined();
});

test('B30 a renewal that answers the refused token fails with noProgress, and a cool-down follows', async () => {
  const { auth, A, clock, renewals, events } = signedIn();
  renewals.always(() => 'A');
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['renewalFailed']);
  expect(auth.state.status).toBe('signedIn');
  await clock.advance(2_000);
  renewals.always(() => 'B');
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
});

test('B30 with credentials a renewal that answers the refused token is followed by a sign-in', async () => {
  const { auth, A, renewals, signIns } = signedIn({ credentials: () => ann });
  renewals.always(() => 'A');
  signIns.always(() => ({ accessToken: 'B' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  expect([renewals.calls.length, signIns.calls.length]).toEqual([1, 1]);
});

test('B30 the rotated refresh token is kept when the renewal answers the refused access token', async () => {
  const store = scriptedStore();
  const { auth, A, renewals } = signedIn({ store });
  renewals.always(() => ({ accessToken: 'A', refreshToken: 'rB' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect(store.record).toMatchObject({ accessToken: 'A', refreshToken: 'rB' });
  expect(current(auth).refreshToken).toBe('rB');
});

test('B30 when a renewal ahead of expiry answers the current token, the next one follows at expiry', async () => {
  const { auth, clock, renewals, events } = signedIn();
  renewals.always(({ current: tokens }) => ({ accessToken: 'A', expiresAt: tokens?.expiresAt }));
  const end = current(auth).expiresAt ?? 0;
  await clock.advance(59.5 * minutes);
  for (let call = 0; call < 3; call++) {
    expect(current(auth).accessToken).toBe('A');
    await settled();
  }
  clock.jump(end - clock.now() - 1);
  for (let call = 0; call < 3; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(1);
  clock.jump(1);
  expect(auth.fresh()).toBeUndefined();
  for (let call = 0; call < 3; call++) expect(await outcome(auth.get())).toBe('A');
  expect(renewals.calls).toHaveLength(2);
  expect(events).not.toContain('renewalFailed');
});

test('B30 when a renewal ahead of expiry answers the current token with a later expiry, that expiry counts', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => ({ accessToken: 'A', expiresInS: 3600 }));
  await clock.advance(59.5 * minutes);
  auth.fresh();
  await settled();
  expect(auth.state.expiresAt).toBe(clock.now() + hours);
  await clock.advance(58 * minutes);
  expect(current(auth).accessToken).toBe('A');
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(1.5 * minutes);
  expect(current(auth).accessToken).toBe('A');
  await settled();
  expect(renewals.calls).toHaveLength(2);
});

test('B30 when a renewal ahead of expiry answers the current token, a refusal of it is renewed', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => (renewals.calls.length > 1 ? 'B' : 'A'));
  await clock.advance(59.5 * minutes);
  const A = current(auth);
  await settled();
  expect(current(auth)).not.toBe(A);
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  expect(renewals.calls).toHaveLength(2);
});

test('B30 a new token that looks expired on arrival is used, with an unknown expiry', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => ({ accessToken: 'B', expiresAt: clock.now() - 3 * hours }));
  const B = await auth.renew({ refused: A });
  expect(B.expiresAt).toBeUndefined();
  expect(auth.state.expiresAt).toBeUndefined();
  clock.jump(24 * hours);
  expect(auth.fresh()).toBe(B);
  expect(renewals.calls).toHaveLength(1);
});

const nullToken: null = JSON.parse('{"accessToken":null}');
test.each([null, nullToken])(
  'B31 a sign-in that answers a null token (%j) fails with credentialsRejected',
  async answer => {
    const { auth, signIns, events } = scriptedProvider();
    signIns.always(() => answer);
    expect(await outcome(auth.signIn(ann))).toBe('credentialsRejected');
    expect(auth.state.status).toBe('signedOut');
    expect(events).toEqual([]);
  },
);

test.each(['{"accessToken":null}', '{"access_token":null}'])(
  'B31 a renewal that answers 200 with %s is a rejection',
  async body => {
    const { auth, renewals } = signedIn();
    renewals.always(() => readTokens(new Response(body)));
    expect(await outcome(auth.renew())).toBe('sessionExpired');
  },
);

test('B31 a sign-in that the auth server rejects fails with credentialsRejected and the status of the answer', async () => {
  const { auth, signIns } = scriptedProvider();
  signIns.always(() => Promise.reject(new TokenError('sessionExpired', 'Wrong password.', { status: 401 })));
  await expect(auth.signIn(ann)).rejects.toMatchObject({ code: 'credentialsRejected', status: 401 });
});

test('B31 a transient failure of a sign-in is unavailable, and the session goes on', async () => {
  const { auth, A, signIns } = signedIn();
  signIns.always(() => Promise.reject(new TypeError('fetch failed')));
  expect(await outcome(auth.signIn(ann))).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
});

test('B31 rejected credentials are sent again only after a growing cool-down', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, signIns, eventPayloads } = scriptedProvider({ credentials: () => ann });
  signIns.always(() => null);
  const times: number[] = [];
  for (let at = 0; at < 15_000; at += 500) {
    const before = signIns.calls.length;
    expect(await outcome(auth.get())).toBe('credentialsRejected');
    if (signIns.calls.length > before) times.push(at);
    clock.jump(500);
  }
  expect(times).toEqual([0, 2_000, 6_000, 14_000]);
  expect(eventPayloads[0]).toMatchObject({ reason: 'credentials', error: { code: 'credentialsRejected' } });
});

test('B31 rejected credentials after a rejected refresh token end the session with credentialsRejected', async () => {
  const { auth, A, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => null);
  expect(await outcome(auth.renew({ refused: A }))).toBe('credentialsRejected');
  expect(auth.state).toMatchObject({ status: 'unknown', error: { code: 'credentialsRejected' } });
  expect(events).toEqual(['renewalFailed', 'signedOut']);
});

test('B31 a new signIn ends the cool-down of rejected credentials', async () => {
  const { auth, clock, renewals, signIns } = scriptedProvider({ credentials: () => ann });
  signIns.always(() => null);
  await outcome(auth.get());
  signIns.always(() => ({ accessToken: 'A', expiresInS: 60 }));
  await auth.signIn(ann);
  clock.jump(2 * minutes);
  signIns.always(() => ({ accessToken: 'B' }));
  renewals.always(() => null);
  expect(await outcome(auth.get())).toBe('B');
});

test('B31 after signOut the credentials are not used until the next signIn', async () => {
  const credentials = vi.fn(() => ann);
  const { auth, renewals, signIns } = scriptedProvider({ credentials });
  renewals.always(() => null);
  signIns.always(() => ({ accessToken: `token-${signIns.calls.length}` }));
  expect(await outcome(auth.get())).toBe('token-1');
  await auth.signOut();
  expect(auth.fresh()).toBeNull();
  expect(await outcome(auth.get())).toBeNull();
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(signIns.calls).toHaveLength(1);
  await auth.signIn(ann);
  expect(await outcome(auth.renew())).toBe('token-3');
  expect(credentials).toHaveBeenCalledTimes(2);
});

test('B31 after signOut the credentials are not used for a session that another tab began', async () => {
  const store = memoryStore();
  const credentials = vi.fn(() => ann);
  const thisTab = scriptedProvider({ store, credentials });
  await thisTab.auth.signOut();
  const otherTab = scriptedProvider({ store });
  otherTab.clock.jump(1);
  await otherTab.auth.adopt('token-of-Bob');
  await settled();
  thisTab.renewals.always(() => null);
  thisTab.signIns.always(() => ({ accessToken: 'token-of-Ann' }));
  expect(await outcome(thisTab.auth.renew({ refused: current(thisTab.auth) }))).toBe('sessionExpired');
  expect(credentials).not.toHaveBeenCalled();
});

test('B31 credentials that are rejected after another session began do not end that session', async () => {
  const { auth, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  const renew = outcome(auth.renew());
  await settled();
  void auth.adopt('token-of-Bob');
  await signIns.last.answer(null);
  expect(await renew).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(events).toEqual(['signedOut', 'signedIn']);
});

test('B22 on rejected credentials a newer token set in the store is adopted, and the session goes on', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, signIns, events, states } = scriptedProvider({ store, credentials: () => ann });
  await auth.get();
  clock.jump(2 * hours);
  renewals.always(() => null);
  const got = [outcome(auth.get()), outcome(auth.renew())];
  await settled();
  store.record = successorOf(store.record, { expiresAt: clock.now() + hours });
  await signIns.last.answer(null);
  expect(await Promise.all(got)).toEqual(['B', 'B']);
  expect(events).toEqual(['renewed']);
  expect(states.at(-1)).toMatchObject({ status: 'signedIn', renewing: false });
  expect(states.at(-1)?.error).toBeUndefined();
});

test('B22 a newer token set in the store is adopted when the renewal answers the refused token and the credentials are rejected', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, signIns } = scriptedProvider({ store, credentials: () => ann });
  await auth.get();
  renewals.always(() => 'A');
  const got = outcome(auth.renew({ refused: current(auth) }));
  await settled();
  store.record = successorOf(store.record);
  await signIns.last.answer(null);
  expect(await got).toBe('B');
});

test('B22 waiters get the token that another tab renewed while the credentials answered null', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const credentials = script<void, Password | null>();
  const thisTab = signedIn({ store, credentials: () => credentials.run() });
  await settled();
  thisTab.renewals.always(() => null);
  const got = outcome(thisTab.auth.renew());
  await settled();
  const otherTab = scriptedProvider({ store });
  otherTab.renewals.always(() => 'B');
  await otherTab.auth.renew();
  await credentials.last.answer(null);
  expect(await got).toBe('B');
  expect(thisTab.events).toEqual(['renewed']);
});

test('B22 on rejected credentials waiters get the token set of a sign-in in another tab', async () => {
  const { subscribe, ...store } = memoryStore();
  expect(subscribe).toBeDefined();
  const { auth, signIns, events } = scriptedProvider({ store, credentials: () => ann });
  const got = outcome(auth.get());
  await settled();
  store.save(signedInAfter(store.stored()));
  await signIns.last.answer(null);
  expect(await got).toBe('token-of-Bob');
  expect(events).toEqual(['signedIn']);
});

test.each([null, undefined])('B31 without credentials (%s) the user stays signed out', async absent => {
  const { auth, signIns } = scriptedProvider({ credentials: () => absent });
  expect(await outcome(auth.get())).toBeNull();
  expect(signIns.calls).toHaveLength(0);
});

test.each([
  [400, ''],
  [401, ''],
  [400, '{"error":"invalid_grant"}'],
  [401, '{"error":"invalid_grant"}'],
  [401, '{"error":"invalid_token"}'],
  [400, '{"code":17,"message":"Unknown user"}'],
])('B32 %i with the body %j is a rejection', async (status, body) => {
  const { auth, renewals } = signedIn();
  renewals.always(() => readTokens(new Response(body, { status })));
  expect(await outcome(auth.renew())).toBe('sessionExpired');
});

test.each([
  [403, 'not here'],
  [404, 'not here'],
  [405, 'not here'],
  [403, '{"statusCode":403,"error":"Forbidden"}'],
])(
  'B32 %i without an OAuth error (%s) is a transient failure, and a rejection after three in a row over more than a cool-down',
  async (status, body) => {
    const { auth, clock, renewals } = signedIn({ cooldownMs: 2_000 });
    renewals.always(() => readTokens(new Response(body, { status })));
    const codes: unknown[] = [];
    for (let call = 0; call < 3; call++) {
      codes.push(await outcome(auth.renew()));
      clock.jump(5 * minutes);
    }
    expect(codes).toEqual(['unavailable', 'unavailable', 'sessionExpired']);
  },
);

test('B32 a 403 with an OAuth error is a transient failure each time', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => readTokens(Response.json({ error: 'temporarily_unavailable' }, { status: 403 })));
  for (let times = 0; times < 4; times++) {
    expect(await auth.renew().catch(error => error)).toMatchObject({
      code: 'unavailable',
      oauthError: 'temporarily_unavailable',
    });
    clock.jump(5 * minutes);
  }
});

test('B32 three answers of 404 in a row within a cool-down are not a rejection', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, renewals } = signedIn({ cooldownMs: 0 });
  renewals.always(() => readTokens(new Response(null, { status: 404 })));
  for (let call = 0; call < 5; call++) expect(await outcome(auth.renew())).toBe('unavailable');
  clock.jump(1);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
});

test('B32 another transient failure in between resets the count of 404', async () => {
  const { auth, clock, renewals } = signedIn();
  for (const status of [404, 404, 503, 404, 404]) {
    renewals.always(() => readTokens(new Response(null, { status })));
    expect(await outcome(auth.renew())).toBe('unavailable');
    clock.jump(5 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
});

test.each(['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_request'])(
  'B32 %s is misconfigured: the session is kept, and no token request follows for five minutes',
  async error => {
    const { auth, A, clock, renewals } = signedIn();
    renewals.always(() => readTokens(new Response(JSON.stringify({ error }), { status: 400 })));
    expect(await outcome(auth.renew())).toBe('misconfigured');
    clock.jump(5 * minutes - 1);
    expect(await outcome(auth.renew())).toBe('misconfigured');
    expect(renewals.calls).toHaveLength(1);
    expect(auth.fresh()).toBe(A);
  },
);

test.each([
  [422, '{"message":"The token is not valid."}'],
  [200, '{"error":"refresh_token_not_found"}'],
  [409, '{"error":"token_reused"}'],
  [200, 'null'],
  [400, '{"error":"invalid_request"}'],
  [401, '{"error":"unauthorized_client"}'],
])(
  'B36 %i with %s may be a rejection: the session ends after three in a row over more than a cool-down',
  async (status, body) => {
    const { auth, clock, renewals } = signedIn();
    renewals.always(() => readTokens(new Response(body, { status })));
    const statuses: string[] = [];
    for (let call = 0; call < 3; call++) {
      await outcome(auth.renew());
      statuses.push(auth.state.status);
      clock.jump(6 * minutes);
    }
    expect(statuses).toEqual(['signedIn', 'signedIn', 'signedOut']);
  },
);

test.each([
  [503, '{"error":"maintenance"}'],
  [429, '{"error":"quota"}'],
  [200, '<html>Log in to the hotel’s network</html>'],
  [200, '{}'],
  [400, '{"error":"invalid_client"}'],
])('B36 %i with %s is no rejection, however often it comes', async (status, body) => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => readTokens(new Response(body, { status })));
  for (let call = 0; call < 6; call++) {
    await outcome(auth.renew());
    clock.jump(6 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
  expect(renewals.calls).toHaveLength(6);
});

test('B36 a restore ends as signed out after three answers that may be rejections', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => readTokens(new Response('', { status: 422 })));
  const outcomes: unknown[] = [];
  for (let call = 0; call < 3; call++) {
    outcomes.push(await outcome(auth.get()));
    clock.jump(6 * minutes);
  }
  expect(outcomes.slice(0, 2)).toEqual(['unavailable', 'unavailable']);
  expect(auth.state.status).toBe('signedOut');
});

test('B36 the option isRejection ends the session at once, and rejects credentials at a sign-in', async () => {
  const isRejection = ({ status }: TokenError) => status === 418;
  const { auth, renewals, signIns } = signedIn({ isRejection });
  const teapot = new TokenError('unavailable', 'No coffee.', { status: 418 });
  const renewal = outcome(auth.renew());
  await settled();
  await renewals.last.fail(teapot);
  expect(await renewal).toBe('sessionExpired');
  expect(auth.fresh()).toBeNull();
  const signIn = outcome(auth.signIn(ann));
  await settled();
  await signIns.last.fail(teapot);
  expect(await signIn).toBe('credentialsRejected');
});

test('B36 an option isRejection that answers false leaves a failure as it is, and one that throws is misconfigured', async () => {
  for (const [isRejection, code] of [
    [() => false, 'unavailable'],
    [
      () => {
        throw new Error('broken');
      },
      'misconfigured',
    ],
  ] as const) {
    const { auth, A, renewals } = signedIn({ isRejection });
    const renewal = outcome(auth.renew());
    await settled();
    await renewals.last.fail(new TokenError('unavailable', 'Busy.', { status: 503 }));
    expect(await renewal).toBe(code);
    expect(auth.fresh()).toBe(A);
  }
});

test('B32 misconfigured with 403 keeps the session each time', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => readTokens(new Response('{"error":"invalid_client"}', { status: 403 })));
  for (let call = 0; call < 4; call++) {
    expect(await outcome(auth.renew({ refused: A }))).toBe('misconfigured');
    clock.jump(5 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
  expect(renewals.calls).toHaveLength(4);
});

test.each([301, 302, 307, 308])('B33 a redirect of the token endpoint with %i is unavailable', async status => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() =>
    readTokens(new Response(null, { status, headers: { location: 'https://elsewhere.example/' } })),
  );
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
});

const adopts = (token: string) => (scripted: ScriptedProvider) => scripted.auth.adopt(token);
test.each(['', null])('B27 a refresh token that is %j does not replace the current one', async refreshToken => {
  const { auth, renewals } = signedIn();
  renewals.always(() => ({ accessToken: 'B', refreshToken }));
  await auth.renew();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rA' });
});

test.each(invalidTokens)(
  'B34 the token %j is invalid from every source, and the error does not contain it',
  async token => {
    const errors: TokenError[] = [];
    const failing = (promise: Promise<unknown>) =>
      promise.then(
        () => expect.unreachable(),
        error => void errors.push(error),
      );
    await failing(adopts(token)(scriptedProvider()));
    const { auth, A, clock, renewals, signIns } = signedIn();
    renewals.always(() => ({ accessToken: token, refreshToken: 'rB' }));
    await failing(auth.renew());
    clock.jump(5 * minutes);
    if (token !== '') {
      renewals.always(() => ({ accessToken: 'B', refreshToken: token }));
      await failing(auth.renew());
    }
    signIns.always(() => ({ accessToken: token }));
    await failing(auth.signIn(ann));
    expect(errors).toHaveLength(token === '' ? 3 : 4);
    const codes = new Set(errors.map(({ code }) => code));
    expect([...codes]).toEqual(token === '' ? ['misconfigured', 'unavailable'] : ['misconfigured']); // an empty answer is no slip of the program
    if (token.trim().length > 1 && !/^\w+$/.test(token))
      for (const error of errors) expect(error.message).not.toContain(token);
    expect(auth.fresh()).toBe(A);
  },
);

test('B34 the error of an invalid token describes the value', async () => {
  const { auth } = scriptedProvider();
  const messageOf = (parts: TokenParts) => auth.adopt(parts).catch((error: Error) => error.message);
  expect(await messageOf({ accessToken: '' })).toMatch(/^The access token must not be empty.*Pass the token alone/);
  expect(await messageOf(JSON.parse('{"accessToken":null}'))).toContain('must be a string, got null');
  expect(await messageOf(JSON.parse('{"accessToken":{}}'))).toContain('must be a string, got object');
  expect(await messageOf({ accessToken: 'A', refreshToken: 'a b' })).toContain('refresh token');
});

test('B34 adopting an invalid token does not change the session', async () => {
  const { auth, A, events } = signedIn();
  expect(await outcome(auth.adopt('a b'))).toBe('misconfigured');
  expect(auth.fresh()).toBe(A);
  expect(events).toEqual([]);
});

test('B34 a token of 16 KiB is valid, a longer one is not', async () => {
  const { auth } = scriptedProvider();
  await auth.adopt('x'.repeat(16_384));
  expect(await outcome(auth.adopt('x'.repeat(16_385)))).toBe('misconfigured');
});

test('renew() without a way to renew fails with noProgress, and the token is used until it expires', async () => {
  const auth = createTokenManager({ signIn: () => ({ accessToken: 'A', expiresInS: 3600 }) });
  await auth.signIn(undefined);
  await expect(auth.renew()).rejects.toMatchObject({ code: 'noProgress' });
  expect(auth.fresh()?.accessToken).toBe('A');
  const refused = auth.fresh() ?? undefined;
  await expect(auth.renew(refused && { refused })).rejects.toMatchObject({ code: 'sessionExpired' });
});

test("with renewal: 'never' an explicit renew is misconfigured, and the session is kept", async () => {
  const { auth, A } = signedIn({ renewal: 'never' });
  await expect(auth.renew({ refused: A })).rejects.toMatchObject({ code: 'misconfigured' });
  await expect(auth.renew()).rejects.toMatchObject({ code: 'misconfigured' });
  expect(current(auth)).toBe(A);
});

test('B29 a forbidden query is forgotten some minutes after its pause', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const forbidden = { operation: 'a forbidden query' };
  let latest = A;
  const pauseAfterRefusal = async () => {
    latest = (await auth.settle(refusal(latest, forbidden))) ?? latest;
    void auth.settle(refusal(latest, { ...forbidden, retried: true }));
    void auth.settle(success(latest));
    let pause = 0;
    for (; pause <= 10_000 && !auth.settle(refusal(latest, forbidden)); pause += 1_000) clock.jump(1_000);
    await settled();
    latest = current(auth);
    return pause;
  };
  const first = await pauseAfterRefusal();
  clock.jump(6 * minutes);
  expect([first, await pauseAfterRefusal()]).toEqual([2_000, 2_000]);
});

/** A subscription whose token is refused after each result, ten times a second. @returns the times of its renewals in seconds */
async function renewedForStream(seconds: number): Promise<number[]> {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  const renewed: number[] = [];
  let latest = A;
  for (let tick = 0; tick < seconds * 10; tick++) {
    void auth.settle(success(latest, stream));
    const successor = await auth.settle(refusal(latest, stream));
    if (successor) renewed.push(tick / 10);
    latest = successor ?? latest;
    clock.jump(100);
  }
  return renewed;
}

test('B93 a subscription is resubscribed without a pause for its first ten refusals after data', async () => {
  expect(await renewedForStream(2)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

test('B93 a subscription whose every new token is refused after data is renewed for at a limited rate', async () => {
  const renewed = await renewedForStream(10 * 60);
  const perMinute = Array.from(
    { length: 10 },
    (_, minute) => renewed.filter(at => Math.floor(at / 60) === minute).length,
  );
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(40);
  expect(perMinute.every(count => count > 0)).toBe(true);
});

test.each([
  ['expire within the cool-down', { expiresInS: 1 }, 1_000],
  ['are refused after the cool-down', {}, 2_000],
])('B93 a subscription is resubscribed after any number of tokens that %s', async (_, lifetime, ms) => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => ({ accessToken: `token-${renewals.calls.length}`, ...lifetime }));
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  let latest = (await auth.settle(refusal(A, stream))) ?? A;
  for (let tokens = 2; tokens < 30; tokens++) {
    void auth.settle(success(latest, stream));
    clock.jump(ms);
    latest = (await auth.settle(refusal(latest, stream))) ?? latest;
    expect(latest.accessToken).toBe(`token-${tokens}`);
  }
});

test('B93 early refusals of tokens are counted for streams only, and forgotten after some minutes', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  let latest = A;
  const refuse = async (times: number, facts: Partial<ResponseFacts>) => {
    const before = renewals.calls.length;
    for (let round = 0; round < times; round++) {
      void auth.settle(success(latest, facts));
      latest = (await auth.settle(refusal(latest, facts))) ?? latest;
    }
    return renewals.calls.length - before;
  };
  expect(await refuse(20, { operation: 'a query' })).toBe(20);
  expect(await refuse(10, stream)).toBe(10);
  expect(await refuse(1, stream)).toBe(0);
  clock.jump(5 * minutes - 1);
  expect(await refuse(2, stream)).toBe(1); // this token is past its cool-down; its successor is the eleventh
  clock.jump(2_000);
  expect(await refuse(11, stream)).toBe(11);
});

test('B93 an early refusal of a token is counted once for all subscriptions', async () => {
  const { auth, A, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const streams = Array.from({ length: 20 }, (_, n) => ({
    kind: 'subscription' as const,
    operation: `subscription ${n}`,
    delivered: true,
  }));
  let latest = A;
  for (let round = 0; round < 5; round++) {
    for (const stream of streams) void auth.settle(success(latest, stream));
    const successors = await Promise.all(streams.map(async stream => auth.settle(refusal(latest, stream))));
    expect(new Set(successors.map(tokens => tokens?.accessToken))).toEqual(new Set([`token-${round + 1}`]));
    latest = successors[0] ?? latest;
  }
});

test.each(['signedOut', 'disposed', 'aborted', 'notRetryable'] as const)(
  'B25 a renew that throws the code %s of another manager is a transient failure, with a cool-down',
  async code => {
    const { auth, renewals, events } = signedIn();
    renewals.always(() => Promise.reject(new TokenError(code)));
    for (let call = 1; call <= 5; call++) expect(await outcome(auth.renew())).toBe('unavailable');
    expect(renewals.calls).toHaveLength(1);
    expect(events).toEqual(['renewalFailed']);
    expect(auth.state).toMatchObject({ status: 'signedIn', error: { code: 'unavailable' } });
  },
);

test('B21 a rejected refresh token is not sent again with the access token that a response brought meanwhile', async () => {
  const { auth, A, renewals, signIns } = signedIn({
    receive: headers => headers.get('x-token'),
    credentials: () => ann,
  });
  void outcome(auth.renew());
  await settled();
  await renewals.last.answer(null); // the sign-in with the credentials is on its way
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(A, { response }));
  await signIns.last.fail(new Error('offline'));
  const again = outcome(auth.renew());
  await settled();
  expect(await again).toBe('unavailable');
  expect(renewals.calls).toHaveLength(1);
});
