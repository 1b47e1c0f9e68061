import { expect, test, vi } from 'vitest';
import { memoryStore } from '../../test/memoryStore.ts';
import {
  current,
  hours,
  outcome,
  recordA,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
} from '../../test/scriptedProvider.ts';
import type { TokenStore } from './tokenStore.ts';

/** A store with a lock from the test. */
function storeWith(
  lock: (
    run: (signal: AbortSignal) => Promise<unknown>,
    options: { waitMs: number; signal: AbortSignal },
  ) => Promise<unknown>,
): TokenStore {
  const { load, save } = memoryStore();
  return { load, save, lock: (run, options) => lock(run, options) as ReturnType<typeof run> };
}

test('B60 of two managers on one store with an expired token set, one renews and the other adopts the successor', async () => {
  const store = memoryStore();
  const one = signedIn({ store });
  await settled();
  const other = scriptedProvider({ store });
  one.clock.jump(2 * hours);
  other.clock.jump(2 * hours);
  const gets = [outcome(one.auth.get()), outcome(other.auth.get())];
  await settled();
  expect([one.renewals.calls.length, other.renewals.calls.length]).toEqual([1, 0]);
  await one.renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(await Promise.all(gets)).toEqual(['B', 'B']);
  expect(other.renewals.calls).toHaveLength(0);
  expect(current(other.auth)).toMatchObject({ sessionId: one.A.sessionId, version: 2 });
});

test('B61 when the lock is never acquired, the renewal starts without it after lockWaitMs, and storeFailed is emitted', async () => {
  const store = storeWith(() => new Promise(() => {}));
  const { auth, clock, renewals, events, eventPayloads } = signedIn({
    store,
    renewTimeoutMs: 1_000,
    lockWaitMs: 3_000,
  });
  const renew = outcome(auth.renew());
  await clock.advance(2_999);
  expect(renewals.calls).toHaveLength(0);
  await clock.advance(1);
  await renewals.last.answer('B');
  expect(await renew).toBe('B');
  expect(events).toEqual(['storeFailed', 'renewed']);
  expect(eventPayloads[0]).toMatchObject({
    doing: 'lock',
    cause: { message: "Timed out waiting for the store's lock." },
  });
});

test('B61 a lock that is acquired after lockWaitMs runs no renewal', async () => {
  let acquire = () => {};
  const store = storeWith(
    run =>
      new Promise(resolve => {
        acquire = () => resolve(run(new AbortController().signal));
      }),
  );
  const { auth, clock, renewals } = signedIn({ store });
  const renew = outcome(auth.renew());
  await clock.advance(15_000);
  acquire();
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  expect(await renew).toBe('B');
});

test.each([
  ['rejects', () => Promise.reject(new Error('SecurityError'))],
  [
    'throws',
    () => {
      throw new Error('SecurityError');
    },
  ],
])('B62 without a lock that %s, concurrent renewals still share one flight', async (_, lock) => {
  const { auth, renewals, events } = signedIn({ store: storeWith(lock) });
  const renews = [outcome(auth.renew()), outcome(auth.renew())];
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  expect(await Promise.all(renews)).toEqual(['B', 'B']);
  expect(events).toEqual(['storeFailed', 'renewed']);
});

test('B62 a lock that fails after the renewal does not change its result', async () => {
  const store = storeWith(async run => {
    await run(new AbortController().signal);
    throw new Error('The lock could not be released.');
  });
  const { auth, renewals, events } = signedIn({ store });
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('B');
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['renewed']);
});

test('B67 an exclusive provider does not renew without the lock and fails with unavailable', async () => {
  const { auth, A, renewals } = signedIn({
    store: storeWith(() => Promise.reject(new Error('offline'))),
    exclusive: true,
  });
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(renewals.calls).toHaveLength(0);
  expect(auth.fresh()).toBe(A);
});

test('B40 a renewal that waits for the lock when the session ends is not started', async () => {
  const acquire = vi.fn();
  const { signal } = new AbortController();
  let lockSignal: AbortSignal = signal;
  const store = storeWith((run, options) => {
    lockSignal = options.signal;
    return new Promise(resolve => {
      acquire.mockImplementation(() => resolve(run(options.signal)));
    });
  });
  const { auth, clock, renewals } = signedIn({ store });
  const renew = outcome(auth.renew());
  await settled();
  await auth.signOut();
  expect(await renew).toBe('signedOut');
  expect(lockSignal.aborted).toBe(true);
  expect(clock.timers).not.toContain(15_000);
  acquire();
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([]);
});

test('B11 dispose while a renewal waits for the lock rejects it with disposed and leaves no timer', async () => {
  const { auth, clock, renewals } = signedIn({ store: storeWith(() => new Promise(() => {})) });
  await settled();
  const renew = outcome(auth.renew());
  await settled();
  auth.dispose();
  expect(await renew).toBe('disposed');
  expect(clock.timers).toEqual([]);
  expect(renewals.calls).toHaveLength(0);
});

test('B61 when save answers false and the store holds a newer token set, that one is adopted', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => false);
  const renew = outcome(auth.renew());
  await settled();
  store.record = recordA({ version: 2, accessToken: 'from-another-process' });
  await renewals.last.answer('from-this-process');
  expect(await renew).toBe('from-another-process');
  expect(events).toEqual(['renewed']);
});

test('B61 when save answers false and the store holds nothing newer, the renewal is unavailable and the session goes on', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({ store });
  const A = await auth.get();
  store.saves.always(() => false);
  renewals.always(() => 'from-this-process');
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.fresh()).toBe(A);
});

test('B64 a sign-out in another process during a renewal ends the session', async () => {
  const store = memoryStore();
  const thisTab = signedIn({ store });
  await settled();
  const otherTab = scriptedProvider({ store });
  const renew = outcome(thisTab.auth.renew());
  await settled();
  await otherTab.auth.signOut();
  await thisTab.renewals.last.answer('B');
  expect(await renew).toBe('signedOut');
  expect(thisTab.auth.fresh()).toBeNull();
  expect(store.load()).toBeNull();
});

test('B41 the pending renewal of the last session does not block the lock for the next session', async () => {
  const { auth, renewals } = signedIn({ store: memoryStore() });
  await settled();
  void outcome(auth.renew());
  await settled();
  await auth.adopt({ accessToken: 'next', refreshToken: 'rNext', expiresInS: 3600 });
  const renewed = outcome(auth.renew());
  await settled();
  expect(renewals.calls).toHaveLength(2); // the first token request is still pending
  await renewals.last.answer({ accessToken: 'nextB', expiresInS: 3600 });
  expect(await renewed).toBe('nextB');
});

test('B62 a store whose subscribe throws emits storeFailed, and the session goes on', async () => {
  const store: TokenStore = {
    ...memoryStore(),
    subscribe: () => {
      throw new Error('private mode');
    },
  };
  const { auth, A, events } = signedIn({ store });
  await settled();
  expect(current(auth)).toMatchObject({ accessToken: A.accessToken });
  expect(events).toContain('storeFailed');
});
