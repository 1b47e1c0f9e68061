import { afterEach, expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { memoryStore } from '../src/store/memoryStore.ts';
import type { TokenRecord } from '../src/store/tokenStore.ts';
import { readTokens } from '../src/tokens/readTokens.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';
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
  success,
} from './scriptedProvider.ts';
import { invalidTokens } from './vectors.ts';

afterEach(() => void vi.restoreAllMocks());

const html = { 'content-type': 'text/html; charset=utf-8' };
const json = { 'content-type': 'application/json' };
const ann = { username: 'ann', password: 'a password' };
const no = (code = 'sessionExpired' as const) => new TokenError(code, 'The auth server eventPayloads no.');
const outage = (retryAfterMs?: number) => new TokenError('unavailable', 'Gone.', { retryAfterMs });

/** Asks every 100 ms; the answer tells when the auth server was asked, in milliseconds from the start. */
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

const trouble: readonly (readonly [string, () => Response | Promise<Response>])[] = [
  ['a network error', () => Promise.reject(new TypeError('fetch failed'))],
  ['408', () => new Response(null, { status: 408 })],
  ['429', () => new Response(null, { status: 429 })],
  ['500', () => new Response('{"error":"server_error"}', { status: 500, headers: json })],
  ['502 with a page', () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: html })],
  ['503', () => new Response('', { status: 503 })],
  ['a page of a proxy with 401', () => new Response('<h1>Log in</h1>', { status: 401, headers: html })],
  ['400 temporarily_unavailable', () => new Response('{"error":"temporarily_unavailable"}', { status: 400 })],
  ['a 200 page of a captive portal', () => new Response('<h1>Welcome</h1>', { status: 200, headers: html })],
  ['a 200 without a body', () => new Response('', { status: 200 })],
  ['a 200 with cut JSON', () => new Response('{"access_tok', { status: 200, headers: json })],
  ['a 200 with other JSON', () => new Response('{"hello":"world"}', { status: 200, headers: json })],
  ['a 200 with a token that is a number', () => new Response('{"access_token":7}', { status: 200, headers: json })],
  ['a 200 with null', () => new Response('null', { status: 200, headers: json })],
];
test.each(trouble)('B20 %s is unavailable: the tokens are kept, nobody is signed out', async (_, respond) => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  const A = await auth.get();
  renewals.always(async () => readTokens(await respond()));
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
  expect(auth.state).toMatchObject({ status: 'signedIn', error: { code: 'unavailable' } });
  expect(store.record?.accessToken).toBe('A');
  expect(events).toEqual(['renewalFailed']);
});

test('B21 invalid_grant: one signedOut event, every waiter gets sessionExpired, the refresh token is not sent again', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events, eventPayloads } = scriptedProvider({ store });
  await auth.get();
  clock.jump(2 * hours);
  const waiters = Array.from({ length: 10 }, () => outcome(auth.get()));
  await settled();
  await renewals.last.answer(readTokens(new Response('{"error":"invalid_grant"}', { status: 400 })));
  expect(new Set(await Promise.all(waiters))).toEqual(new Set(['sessionExpired']));
  expect(events).toEqual(['renewalFailed', 'signedOut']);
  expect(eventPayloads[1]).toMatchObject({ reason: 'expired', session: 'session-1' });
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

test('B21 a refresh token that was refused is not sent again while the sign-in that should follow is in trouble', async () => {
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

test('B22 invalid_grant, but the store holds a newer set: it is adopted, and nobody is signed out', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events } = scriptedProvider({ store });
  await auth.get();
  clock.jump(2 * hours);
  const get = auth.get();
  await settled();
  store.record = recordA({ version: 2, accessToken: 'B', refreshToken: 'rB', expiresAt: clock.now() + hours });
  await renewals.last.fail(no());
  expect((await get)?.accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
  expect(auth.state.status).toBe('signedIn');
});

test('B22 the loser of a race between two managers on one store without a lock adopts what the winner saved', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const winner = signedIn({ store });
  await settled();
  const loser = scriptedProvider({ store });
  const answers = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await settled();
  await winner.renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  await loser.renewals.last.fail(no());
  expect(await Promise.all(answers)).toEqual(['B', 'B']);
  expect(loser.events).not.toContain('signedOut');
});

test('B23 the refresh token is dead and credentials are given: one sign-in, in the same session', async () => {
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
  expect(current(auth)).toMatchObject({ session: A.session, version: A.version + 1, refreshToken: 'rB' });
  expect(events).toEqual(['renewed']);
  expect(renewals.calls).toHaveLength(0);
});

test('B23 a refused refresh token and credentials: the refused operation is repeated with the token of the sign-in', async () => {
  const { auth, A, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => ({ accessToken: 'B' }));
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
  expect(current(auth).refreshToken).toBeUndefined();
  expect(events).toEqual(['refused', 'renewed', 'repeated']);
});

test('B23 no refresh token and no renew: the credentials sign in again', async () => {
  const store = scriptedStore();
  const { auth, clock, signIns } = scriptedProvider({ store, renew: () => null, credentials: () => ann });
  signIns.always(() => ({ accessToken: `token-${signIns.calls.length}`, expiresInS: 3600 }));
  expect(await outcome(auth.get())).toBe('token-1');
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBe('token-2');
  expect(signIns.calls).toHaveLength(2);
});

test('B24 the renewal ahead of need fails: the token that is still valid is used', async () => {
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

test('B24 in the last moments before expiry, when operations wait, a failed renewal leaves the valid token', async () => {
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

test('B25 an outage: 50 calls in a row make one request', async () => {
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

test('B25 chance shortens the cool-down by up to a quarter', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.8);
  const scripted = signedIn({ cooldownMs: 10_000 });
  scripted.renewals.always(() => Promise.reject(outage()));
  expect(await timesOfRequests(scripted, 30_000)).toEqual([0, 8_000, 24_000]);
});

test('B25 a success ends the growth of the cool-down', async () => {
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

test('B25 Retry-After is obeyed, in seconds and as a date', async () => {
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

test('B25 a Retry-After of days is obeyed for an hour', async () => {
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

test('B25 a Retry-After that is no number leaves the cool-down as it is', async () => {
  const scripted = signedIn();
  scripted.renewals.always(() => Promise.reject(outage(Number('Wed, 21 Oct 2026'))));
  const [first, second = 0] = await timesOfRequests(scripted, 3_000);
  expect(first).toBe(0);
  expect(second).toBeGreaterThanOrEqual(1_500);
});

test('B25 another tab’s sign-in ends the cool-down, which was another session’s', async () => {
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

test('B26 a renewal in the background fails with nobody waiting: no unhandled rejection', async () => {
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
  await renewals.last.fail(no());
  await settled();
  expect(unhandled).not.toHaveBeenCalled();
  process.off('unhandledRejection', unhandled);
});

test.each([undefined, null])(
  'B27 no new refresh token in the answer (%s): the old one stays, and its expiry',
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

test('B27 a new refresh token replaces the old one, whose expiry goes with it', async () => {
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

test('B28 the save fails after a rotation: memory keeps the new pair, the save is tried again, storeFailed is emitted', async () => {
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

test('B28 a save that fails once is tried again at once, and nothing is said', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => (store.saves.calls.length > 1 ? true : Promise.reject(new Error('busy'))));
  renewals.always(() => 'B');
  await auth.renew();
  expect(store.record?.accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B28 a store that was gone does not win over memory when it is back', async () => {
  const memory = memoryStore();
  let isGone = false;
  const store = {
    ...memory,
    save(record: TokenRecord | null, expected?: TokenRecord | null) {
      if (isGone) throw new Error('gone');
      return memory.save(record, expected);
    },
  };
  const { auth, A, renewals } = signedIn({ store });
  await settled();
  isGone = true;
  renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB' }));
  await auth.renew();
  isGone = false;
  renewals.always(({ current: tokens }) => ({ accessToken: tokens?.refreshToken === 'rB' ? 'C' : 'wrong' }));
  expect(await outcome(auth.renew())).toBe('C');
  expect(await memory.load()).toMatchObject({ accessToken: 'C', session: A.session });
});

test('B28 a save that never ends does not hold the waiters for ever', async () => {
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

test('B29 the brand-new token is refused too: one renewal, one repeat, and the refusal is delivered', async () => {
  const { auth, A, renewals, events } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  const B = await auth.settle(refusal(A));
  expect(B?.accessToken).toBe('token-1');
  expect(auth.settle(refusal(B ?? null, { repeated: true }))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['refused', 'renewed', 'repeated', 'refused']);
});

test('B29 a token set that nobody’s operation was accepted with is not renewed again within the cool-down', async () => {
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

test('B29 once an operation was accepted with the token set, another’s refusal renews it within the cool-down', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  expect(auth.settle(success(B))).toBeUndefined();
  expect((await auth.settle(refusal(B, { operation: 'another query' })))?.accessToken).toBe('token-2');
});

test('B29 one query whose refusal outlived a renewal costs no other within a growing pause, and blocks nobody', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const forbidden = { operation: 'a query that nobody may' };
  let now = (await auth.settle(refusal(A, forbidden))) ?? A;
  void auth.settle(refusal(now, { ...forbidden, repeated: true }));
  void auth.settle(success(now));
  const renewed: number[] = [];
  for (let at = 0; at < 16_000; at += 500) {
    const successor = await auth.settle(refusal(now, forbidden));
    if (successor) {
      renewed.push(at);
      now = successor;
      void auth.settle(refusal(now, { ...forbidden, repeated: true }));
      void auth.settle(success(now));
    }
    clock.jump(500);
  }
  expect(renewed).toEqual([2_000, 6_000, 14_000]);
  expect((await auth.settle(refusal(now, { operation: 'another query' })))?.accessToken).toBe('token-5');
});

test('B29 a query that is accepted again is as any other', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  const B = (await auth.settle(refusal(A))) ?? A;
  void auth.settle(refusal(B, { repeated: true }));
  void auth.settle(success(B));
  expect((await auth.settle(refusal(B)))?.accessToken).toBe('token-2');
});

test('B29 an answer without data is no acceptance', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  void auth.settle(success(B, { status: 500, data: null, errors: [{ message: 'Internal server error' }] }));
  expect(auth.settle(refusal(B, { operation: 'another query' }))).toBeUndefined();
});

test('B29 a late acceptance of an older token set does not put the accepted one on trial again', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const B = current(auth);
  void auth.settle(success(B));
  void auth.settle(success(A));
  expect((await auth.settle(refusal(B, { operation: 'another query' })))?.accessToken).toBe('token-2');
});

test('B29 a token set that no refusal has brought is not on trial', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  const asked = await auth.renew();
  expect((await auth.settle(refusal(asked, { operation: 'another query' })))?.accessToken).toBe('token-3');
});

test('B29 late refusals of an older token set do not prolong the trial of the current one', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  await auth.settle(refusal(A));
  clock.jump(1_500);
  await auth.settle(refusal(A, { operation: 'a late query' }));
  clock.jump(500);
  const repeat = auth.settle(refusal(current(auth), { operation: 'another query' }));
  expect((await repeat)?.accessToken).toBe('token-2');
});

test('B29 a refusal of an older token set is answered with the current one, also on trial', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  await auth.settle(refusal(A));
  expect((await auth.settle(refusal(A, { operation: 'another query' })))?.accessToken).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B29 of the operations whose refusal outlived a renewal only the last hundred are remembered', async () => {
  const { auth, A, renewals } = signedIn({ cooldownMs: 60_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  void auth.settle(success(A));
  for (let index = 0; index <= 100; index++)
    void auth.settle(refusal(A, { operation: `query ${index}`, repeated: true }));
  expect(auth.settle(refusal(A, { operation: 'query 1' }))).toBeUndefined();
  void auth.settle(refusal(A, { operation: 'query 1', repeated: true }));
  void auth.settle(refusal(A, { operation: 'query 101', repeated: true }));
  expect(auth.settle(refusal(A, { operation: 'query 1' }))).toBeUndefined();
  expect(await auth.settle(refusal(A, { operation: 'query 0' }))).toBeDefined();
});

test('B30 the renewal answers the refused token again: noProgress, and a pause', async () => {
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

test('B30 the renewal answers the refused token again, and credentials are given: a sign-in follows', async () => {
  const { auth, A, renewals, signIns } = signedIn({ credentials: () => ann });
  renewals.always(() => 'A');
  signIns.always(() => ({ accessToken: 'B' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  expect([renewals.calls.length, signIns.calls.length]).toEqual([1, 1]);
});

test('B30 the refused token comes back with a rotated refresh token: that one is kept', async () => {
  const store = scriptedStore();
  const { auth, A, renewals } = signedIn({ store });
  renewals.always(() => ({ accessToken: 'A', refreshToken: 'rB' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect(store.record).toMatchObject({ accessToken: 'A', refreshToken: 'rB' });
  expect(current(auth).refreshToken).toBe('rB');
});

test('B30 a renewal ahead of need that answers the current token: kept, and not asked again before it is expired', async () => {
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

test('B30 a renewal ahead of need that answers the current token with a later end: it lives until then', async () => {
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

test('B30 a renewal ahead of need that answers the current token, which is refused then: it is asked for again', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => (renewals.calls.length > 1 ? 'B' : 'A'));
  await clock.advance(59.5 * minutes);
  const A = current(auth);
  await settled();
  expect(current(auth)).not.toBe(A);
  expect(await outcome(auth.renew({ refused: A }))).toBe('B');
  expect(renewals.calls).toHaveLength(2);
});

test('B30 a new token that looks expired on arrival: its expiry is unknown, and it is used', async () => {
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
test.each([null, nullToken])('B31 a null token (%j) is credentialsRejected at a sign-in', async answer => {
  const { auth, signIns, events } = scriptedProvider();
  signIns.always(() => answer);
  expect(await outcome(auth.signIn(ann))).toBe('credentialsRejected');
  expect(auth.state.status).toBe('signedOut');
  expect(events).toEqual([]);
});

test.each(['{"accessToken":null}', '{"access_token":null}'])('B31 a 200 with %s at a renewal is a no', async body => {
  const { auth, renewals } = signedIn();
  renewals.always(() => readTokens(new Response(body)));
  expect(await outcome(auth.renew())).toBe('sessionExpired');
});

test('B31 a sign-in that the auth server refuses is credentialsRejected, with the status and what it said', async () => {
  const { auth, signIns } = scriptedProvider();
  signIns.always(() => Promise.reject(new TokenError('sessionExpired', 'No.', { status: 401 })));
  await expect(auth.signIn(ann)).rejects.toMatchObject({ code: 'credentialsRejected', status: 401 });
});

test('B31 a sign-in in trouble is unavailable, and the session that was goes on', async () => {
  const { auth, A, signIns } = signedIn();
  signIns.always(() => Promise.reject(new TypeError('fetch failed')));
  expect(await outcome(auth.signIn(ann))).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
});

test('B31 refused credentials are not sent again before a growing cool-down', async () => {
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

test('B31 refused credentials end a session whose refresh token is dead, with credentialsRejected', async () => {
  const { auth, A, renewals, signIns, events } = signedIn({ credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => null);
  expect(await outcome(auth.renew({ refused: A }))).toBe('credentialsRejected');
  expect(auth.state).toMatchObject({ status: 'signedOut', error: { code: 'credentialsRejected' } });
  expect(events).toEqual(['renewalFailed', 'signedOut']);
});

test('B31 a new signIn ends the cool-down of refused credentials', async () => {
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

test('B31 signOut switches the credentials off until the next signIn', async () => {
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

test('B31 signOut keeps the credentials off also for a session that another tab has begun', async () => {
  const store = memoryStore();
  const credentials = vi.fn(() => ann);
  const here = scriptedProvider({ store, credentials });
  await here.auth.signOut();
  await scriptedProvider({ store }).auth.adopt('token-of-Bob');
  await settled();
  here.renewals.always(() => null);
  here.signIns.always(() => ({ accessToken: 'token-of-Ann' }));
  expect(await outcome(here.auth.renew({ refused: current(here.auth) }))).toBe('sessionExpired');
  expect(credentials).not.toHaveBeenCalled();
});

test('B31 credentials that are refused when the session has changed hands do not end the new one', async () => {
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

test('B22 credentials are refused, but the store holds a newer set by then: it is adopted, and nobody is signed out', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, signIns, events, states } = scriptedProvider({ store, credentials: () => ann });
  await auth.get();
  clock.jump(2 * hours);
  renewals.always(() => null);
  const got = [outcome(auth.get()), outcome(auth.renew())];
  await settled();
  store.record = recordA({ version: 2, accessToken: 'B', refreshToken: 'rB', expiresAt: clock.now() + hours });
  await signIns.last.answer(null);
  expect(await Promise.all(got)).toEqual(['B', 'B']);
  expect(events).toEqual(['renewed']);
  expect(states.at(-1)).toMatchObject({ status: 'signedIn', renewing: false });
  expect(states.at(-1)?.error).toBeUndefined();
});

test('B22 the refused token came back and the credentials are refused, but the store holds a newer set: it is adopted', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, signIns } = scriptedProvider({ store, credentials: () => ann });
  await auth.get();
  renewals.always(() => 'A');
  const got = outcome(auth.renew({ refused: current(auth) }));
  await settled();
  store.record = recordA({ version: 2, accessToken: 'B' });
  await signIns.last.answer(null);
  expect(await got).toBe('B');
});

test('B22 credentials come to nothing, but another tab has renewed by then: who waits goes on with its token', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const asked = script<void, Password | null>();
  const here = signedIn({ store, credentials: () => asked.run() });
  await settled();
  here.renewals.always(() => null);
  const got = outcome(here.auth.renew());
  await settled();
  const there = scriptedProvider({ store });
  there.renewals.always(() => 'B');
  await there.auth.renew();
  await asked.last.answer(null);
  expect(await got).toBe('B');
  expect(here.events).toEqual(['renewed']);
});

test('B22 credentials are refused, but somebody has signed in elsewhere by then: who waited goes on as they', async () => {
  const { subscribe, ...store } = memoryStore();
  expect(subscribe).toBeDefined();
  const { auth, signIns, events } = scriptedProvider({ store, credentials: () => ann });
  const got = outcome(auth.get());
  await settled();
  void store.save(recordA({ accessToken: 'token-of-Bob' }));
  await signIns.last.answer(null);
  expect(await got).toBe('token-of-Bob');
  expect(events).toEqual(['signedIn']);
});

test.each([null, undefined])(
  'B31 credentials that are not there at the moment (%s): nobody is signed in',
  async none => {
    const { auth, signIns } = scriptedProvider({ credentials: () => none });
    expect(await outcome(auth.get())).toBeNull();
    expect(signIns.calls).toHaveLength(0);
  },
);

test.each([
  [400, ''],
  [401, ''],
  [400, '{"error":"invalid_grant"}'],
  [401, '{"error":"invalid_grant"}'],
  [401, '{"error":"invalid_token"}'],
  [400, '{"code":17,"message":"no"}'],
])('B32 %i with the body %j is a no of the auth server', async (status, body) => {
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
  'B32 %i without an OAuth error (%s) is trouble, and a no after three in a row over more than a cool-down',
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

test('B32 a 403 with an OAuth error stays trouble, however often it comes', async () => {
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

test('B32 three 404 in a row within a cool-down are not believed yet', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, renewals } = signedIn({ cooldownMs: 0 });
  renewals.always(() => readTokens(new Response(null, { status: 404 })));
  for (let call = 0; call < 5; call++) expect(await outcome(auth.renew())).toBe('unavailable');
  clock.jump(1);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
});

test('B32 other trouble in between starts the count of 404 anew', async () => {
  const { auth, clock, renewals } = signedIn();
  for (const status of [404, 404, 503, 404, 404]) {
    renewals.always(() => readTokens(new Response(null, { status })));
    expect(await outcome(auth.renew())).toBe('unavailable');
    clock.jump(5 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
});

test.each(['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_request'])(
  'B32 %s is misconfigured: the session is kept, and nothing is asked again for five minutes',
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

test('B32 misconfigured with 403 keeps the session however often it comes', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => readTokens(new Response('{"error":"unauthorized_client"}', { status: 403 })));
  for (let call = 0; call < 4; call++) {
    expect(await outcome(auth.renew({ refused: A }))).toBe('misconfigured');
    clock.jump(5 * minutes);
  }
  expect(auth.state.status).toBe('signedIn');
  expect(renewals.calls).toHaveLength(4);
});

test.each([301, 302, 307, 308])('B33 a token endpoint that redirects with %i is an error', async status => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() =>
    readTokens(new Response(null, { status, headers: { location: 'https://elsewhere.example/' } })),
  );
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
});

const adopts = (token: string) => (scripted: ScriptedProvider) => scripted.auth.adopt(token);
test.each(['', null])('B27 a refresh token that is %j is none: the one we have stays', async refreshToken => {
  const { auth, renewals } = signedIn();
  renewals.always(() => ({ accessToken: 'B', refreshToken }));
  await auth.renew();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rA' });
});

test.each(invalidTokens)(
  'B34 the token %j is refused wherever it comes from, and the error does not contain it',
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
    for (const { code } of errors) expect(code).toBe('misconfigured');
    if (token.trim().length > 1 && !/^\w+$/.test(token))
      for (const error of errors) expect(error.message).not.toContain(token);
    expect(auth.fresh()).toBe(A);
  },
);

test('B34 the error of a token that is none says what it was', async () => {
  const { auth } = scriptedProvider();
  const messageOf = (parts: TokenParts) => auth.adopt(parts).catch((error: Error) => error.message);
  expect(await messageOf({ accessToken: '' })).toMatch(/^The access token is empty.*Pass the token alone/);
  expect(await messageOf(JSON.parse('{"accessToken":null}'))).toContain('no text but null');
  expect(await messageOf(JSON.parse('{"accessToken":{}}'))).toContain('no text but object');
  expect(await messageOf({ accessToken: 'A', refreshToken: 'a b' })).toContain('refresh token');
});

test('B34 a refused token leaves the session that was', async () => {
  const { auth, A, events } = signedIn();
  expect(await outcome(auth.adopt('a b'))).toBe('misconfigured');
  expect(auth.fresh()).toBe(A);
  expect(events).toEqual([]);
});

test('B34 a token of 16 KiB is taken, a longer one is not', async () => {
  const { auth } = scriptedProvider();
  await auth.adopt('x'.repeat(16_384));
  expect(await outcome(auth.adopt('x'.repeat(16_385)))).toBe('misconfigured');
});

test('a renewal that is asked for and has nothing to ask with is noProgress, and the token is used to its end', async () => {
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

test('B29 what is known of a query that nobody may is forgotten some minutes after its pause', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const forbidden = { operation: 'a query that nobody may' };
  let now = A;
  const pauseAfterRefusal = async () => {
    now = (await auth.settle(refusal(now, forbidden))) ?? now;
    void auth.settle(refusal(now, { ...forbidden, repeated: true }));
    void auth.settle(success(now));
    let pause = 0;
    for (; pause <= 10_000 && !auth.settle(refusal(now, forbidden)); pause += 1_000) clock.jump(1_000);
    await settled();
    now = current(auth);
    return pause;
  };
  const first = await pauseAfterRefusal();
  clock.jump(6 * minutes);
  expect([first, await pauseAfterRefusal()]).toEqual([2_000, 2_000]);
});

/** A subscription whose token is refused after each datum, ten times a second. @returns when it was renewed for, in seconds */
async function renewedForStream(seconds: number): Promise<number[]> {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  const renewed: number[] = [];
  let now = A;
  for (let tick = 0; tick < seconds * 10; tick++) {
    void auth.settle(success(now, stream));
    const successor = await auth.settle(refusal(now, stream));
    if (successor) renewed.push(tick / 10);
    now = successor ?? now;
    clock.jump(100);
  }
  return renewed;
}

test('B93 a subscription goes on though new tokens die on it at once, ten times', async () => {
  expect(await renewedForStream(2)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

test('B93 a subscription that is refused with every new token after some data is not renewed for without pause', async () => {
  const renewed = await renewedForStream(10 * 60);
  const perMinute = Array.from(
    { length: 10 },
    (_, minute) => renewed.filter(at => Math.floor(at / 60) === minute).length,
  );
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(40);
  expect(perMinute.every(count => count > 0)).toBe(true);
});

test.each([
  ['die of old age before the cool-down is over', { expiresInS: 1 }, 1_000],
  ['die when the cool-down is over', {}, 2_000],
])('B93 a subscription outlives any number of tokens that %s', async (_, lifetime, ms) => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => ({ accessToken: `token-${renewals.calls.length}`, ...lifetime }));
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  let now = (await auth.settle(refusal(A, stream))) ?? A;
  for (let tokens = 2; tokens < 30; tokens++) {
    void auth.settle(success(now, stream));
    clock.jump(ms);
    now = (await auth.settle(refusal(now, stream))) ?? now;
    expect(now.accessToken).toBe(`token-${tokens}`);
  }
});

test('B93 early deaths of tokens are forgotten after some minutes, and are no operation’s but a stream’s', async () => {
  const { auth, A, clock, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const stream = { kind: 'subscription', operation: 'a subscription', delivered: true } as const;
  let now = A;
  const die = async (times: number, facts: Partial<ResponseFacts>) => {
    const before = renewals.calls.length;
    for (let death = 0; death < times; death++) {
      void auth.settle(success(now, facts));
      now = (await auth.settle(refusal(now, facts))) ?? now;
    }
    return renewals.calls.length - before;
  };
  expect(await die(20, { operation: 'a query' })).toBe(20);
  expect(await die(10, stream)).toBe(10);
  expect(await die(1, stream)).toBe(0);
  clock.jump(5 * minutes - 1);
  expect(await die(2, stream)).toBe(1); // the token is old by now; its successor is the eleventh
  clock.jump(2_000);
  expect(await die(11, stream)).toBe(11);
});

test('B93 a token that dies early dies once, on however many subscriptions', async () => {
  const { auth, A, renewals } = signedIn({ cooldownMs: 2_000 });
  renewals.always(() => `token-${renewals.calls.length}`);
  const streams = Array.from({ length: 20 }, (_, n) => ({
    kind: 'subscription' as const,
    operation: `subscription ${n}`,
    delivered: true,
  }));
  let now = A;
  for (let deaths = 0; deaths < 5; deaths++) {
    for (const stream of streams) void auth.settle(success(now, stream));
    const successors = await Promise.all(streams.map(async stream => auth.settle(refusal(now, stream))));
    expect(new Set(successors.map(tokens => tokens?.accessToken))).toEqual(new Set([`token-${deaths + 1}`]));
    now = successors[0] ?? now;
  }
});
