import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { keepFresh } from '../src/renewal/keepFresh.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  outcome,
  recordA,
  refusal,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  success,
} from './scriptedProvider.ts';

// Listeners, waiters and callbacks that act on the manager while it notifies them.

/** Waiters that record what they get, and may act then. */
function waiters() {
  const answers: string[] = [];
  const waiter = (name: string, act: () => unknown = () => {}) => ({
    resume(tokens: TokenSet | null) {
      answers.push(`${name}: ${tokens?.accessToken ?? 'nobody'}`);
      act();
    },
    fail(error: unknown) {
      answers.push(`${name}: ${(error as { code: string }).code}`);
      act();
    },
  });
  return { answers, waiter };
}

const answerWith = (token: string) => ({
  response: () => ({ headers: new Headers({ 'x-token': token }), url: 'https://api.example', redirected: false }),
});

test('B11 an answer that comes after dispose is delivered, and causes no renewal', async () => {
  const { auth, A, renewals } = signedIn();
  auth.dispose();
  expect(auth.settle(success(A))).toBeUndefined();
  expect(auth.settle(refusal(A))).toBeUndefined();
  await settled();
  expect(renewals.calls).toHaveLength(0);
});

test('B11 dispose by the first of two waiters fails the second with disposed', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(hours);
  const { answers, waiter } = waiters();
  auth.waitFor(waiter('one', () => auth.dispose()));
  auth.waitFor(waiter('two'));
  await settled();
  await renewals.last.answer({ accessToken: 'B', expiresInS: 60 });
  expect(answers).toEqual(['one: B', 'two: disposed']);
});

test('B44 signOut by the first of two waiters of a restore fails the second with signedOut', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  const { answers, waiter } = waiters();
  auth.waitFor(waiter('one', () => auth.signOut()));
  auth.waitFor(waiter('two'));
  await settled();
  await renewals.last.answer('B');
  expect(answers).toEqual(['one: B', 'two: signedOut']);
});

test('B24 a stored token set in its hard zone is used when its renewal fails, also by those who waited for the store', async () => {
  const now = Date.UTC(2026, 10, 22);
  const store = scriptedStore(recordA({ receivedAt: now - 3_599_000, expiresAt: now + 1_000 }));
  const { auth, renewals } = scriptedProvider({ store });
  const get = outcome(auth.get());
  await settled();
  await renewals.last.fail(new Error('broken'));
  expect(await get).toBe('A');
});

test.each(['refused', 'renewing'] as const)(
  'B87 an operation that a listener of %s aborts is not retried',
  async when => {
    const { auth, A, renewals } = signedIn();
    const controller = new AbortController();
    const abort = () => controller.abort({ code: 'left' });
    if (when === 'refused') auth.on('refused', abort);
    else auth.subscribe(abort);
    const { answers, waiter } = waiters();
    const decision = auth.decide({ ...refusal(A), ...waiter('one') }, {}, controller.signal);
    expect(decision).toBe('wait');
    await settled();
    if (when === 'renewing') await renewals.last.answer('B');
    expect(answers).toEqual(['one: left']);
  },
);

test('B86 when the renewal fails, but a response has brought a new token meanwhile, those who wait get that', async () => {
  const { auth, A, renewals } = signedIn({ receive: headers => headers.get('x-token') });
  const { answers, waiter } = waiters();
  auth.decide({ ...refusal(A), ...waiter('refused') }, {});
  auth.waitFor(waiter('waiting'));
  await settled();
  void auth.settle(success(A, answerWith('A2')));
  await renewals.last.fail(new TypeError('fetch failed'));
  expect(answers.toSorted()).toEqual(['refused: A2', 'waiting: A2']);
});

test('B16 a late refusal of A waits with those of B, while the refused B is being renewed', async () => {
  const { auth, A, renewals } = signedIn();
  const { answers, waiter } = waiters();
  auth.decide({ ...refusal(A), ...waiter('one') }, {});
  await settled();
  await renewals.last.answer('B');
  const B = current(auth);
  void auth.settle(success(B));
  auth.decide({ ...refusal(B), ...waiter('two') }, {});
  auth.decide({ ...refusal(A, { operation: 'a late query' }), ...waiter('late') }, {});
  await settled();
  await renewals.last.answer('C');
  expect(answers).toEqual(['one: B', 'two: C', 'late: C']);
});

test('B59 keepFresh that a listener of the state stops sets no timer', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 600 });
  let stop = () => {};
  auth.subscribe(() => auth.state.renewing || stop());
  stop = keepFresh(auth);
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer({ accessToken: 'B', expiresInS: 600 });
  expect(await renew).toBe('B');
  expect(clock.timers).toEqual([]);
});

test('the error of an outage goes with the restore that ends signed out', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  const first = outcome(auth.get());
  await settled();
  await renewals.last.fail(new Error('broken'));
  expect(await first).toBe('unavailable');
  clock.jump(10_000);
  const second = outcome(auth.get());
  await settled();
  await renewals.last.answer(null);
  expect(await second).toBeNull();
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
});

test('B104 the token of an answer is not used when its reader has signed in another user', async () => {
  let auth: Pick<TokenManager, 'adopt'> | undefined;
  const receive = () => {
    void auth?.adopt('token-of-Bob');
    return 'A2';
  };
  const signed = signedIn({ receive });
  auth = signed.auth;
  expect(await outcome(signed.auth.settle(success(signed.A, answerWith('A2'))) as Promise<unknown>)).toBe('signedOut');
  expect(current(signed.auth).accessToken).toBe('token-of-Bob');
});

test('B11 after dispose in a listener, no other listener of that event or state is called', async () => {
  const { auth, renewals } = signedIn();
  const calls: string[] = [];
  auth.on('renewed', () => auth.dispose());
  auth.on('renewed', () => calls.push('renewed'));
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer('B');
  await renew;
  const other = signedIn();
  other.auth.subscribe(() => other.auth.dispose());
  other.auth.subscribe(() => calls.push('state'));
  expect(await outcome(other.auth.renew())).toBe('disposed');
  expect(calls).toEqual([]);
});

test('B11 dispose as a renewal starts leaves no timer, also where the lock is never acquired', async () => {
  const store = { ...memoryStore(), lock: () => new Promise<never>(() => {}) };
  const { auth, clock } = signedIn({ store });
  await settled();
  auth.subscribe(() => auth.dispose());
  expect(await outcome(auth.renew())).toBe('disposed');
  await settled();
  expect(clock.timers).toEqual([]);
});

test('SEC-01 a manager shows no token of an adapter that waits, and can be turned into JSON and frozen', async () => {
  const { auth, A, renewals } = signedIn();
  const link = { auth, headers: { authorization: 'Bearer canary' } };
  const attempt = { ...refusal(A), ...waiters().waiter('one'), link };
  auth.decide(attempt, {});
  expect(inspect(auth, { depth: 12 })).not.toContain('canary');
  expect(() => JSON.stringify(auth)).not.toThrow();
  Object.freeze(auth);
  await settled();
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
});

test('keepFresh renews through a Proxy of the manager, as in a ref of Vue', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 600 });
  renewals.always(() => ({ accessToken: 'B', expiresInS: 600 }));
  const proxy: typeof auth = new Proxy(auth, {});
  const stop = keepFresh(proxy);
  await clock.advance(595_000);
  stop();
  expect(current(auth).accessToken).toBe('B');
  expect(auth.state.renewing).toBe(false);
});

test('B25 a time that is not a number is refused in production, too', () => {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    expect(() => scriptedProvider({ cooldownMs: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
});

test('B03 a renewal that is asked for by name fails when another session begins', async () => {
  const { auth } = signedIn();
  const renewed = outcome(auth.renew());
  void auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  expect(await renewed).toBe('signedOut');
  expect(current(auth).accessToken).toBe('B');
});

test('B03 who waits for the renewal of a loaded session is not answered by the next one, as those are who came before the load', async () => {
  const now = Date.UTC(2026, 10, 22);
  const store = scriptedStore(recordA({ receivedAt: now - hours, expiresAt: now - 1 }));
  const { auth, renewals } = scriptedProvider({ store });
  const beforeLoad = outcome(auth.get());
  await settled();
  const afterLoad = outcome(auth.get());
  expect(renewals.calls).toHaveLength(1);
  void auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  expect(await afterLoad).toBe('signedOut');
  expect(await beforeLoad).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});
