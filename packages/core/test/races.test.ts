import { expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { createStore } from '../src/store/createStore.ts';
import type { Entry, StoreHost } from '../src/store/place.ts';
import type { Store } from '../src/store/sessionStore.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { RenewContext } from '../src/tokenManagerOptions.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import type { StoredRecord } from './memoryStore.ts';
import {
  eventNames,
  type FakeClock,
  fakeClock,
  outcome,
  type Password,
  recordA,
  type SignedIn,
  script,
  signedInAfter,
} from './scriptedProvider.ts';

// Two token managers, as in two tabs, that share one slow storage.

interface SlowStorage {
  entry: Entry | undefined;
  readonly store: Store;
}

interface SlowStorageOptions {
  readonly loadMs?: number;
  readonly saveMs?: number;
  /** The delay of the notices to other connections. */
  readonly noticeMs?: number;
  readonly hasNotices?: boolean;
}

const entryOf = ({ stamp, ...record }: StoredRecord): Entry => ({ stamp, record: record as TokenRecord });

function slowStorage(
  clock: FakeClock,
  { loadMs = 10, saveMs = 30, noticeMs = 200, hasNotices = true }: SlowStorageOptions = {},
): SlowStorage {
  const hosts = new Set<StoreHost>();
  const after = <T>(ms: number, run: () => T) => new Promise<T>(resolve => clock.setTimeout(() => resolve(run()), ms));
  const storage: SlowStorage = {
    entry: entryOf(recordA()),
    store: createStore(host => {
      hosts.add(host);
      return {
        load: () => after(loadMs, () => storage.entry),
        save: (entry, over) =>
          after(saveMs, () => {
            const held = storage.entry?.stamp ?? '';
            if (entry.stamp === held) return true;
            if (entry.stamp < held || (over !== undefined && held > over)) return false;
            storage.entry = entry;
            if (hasNotices) for (const other of hosts) void after(noticeMs, () => other.found(storage.entry));
            return true;
          }),
        close: () => void hosts.delete(host),
      };
    }),
  };
  return storage;
}

interface Tab {
  readonly auth: TokenManager<Password, SignedIn>;
  /** Answers the latest token request. */
  answer(parts: TokenParts | null): void;
  readonly tokenRequests: () => number;
  readonly events: string[];
}

async function openTab(clock: FakeClock, { store }: SlowStorage): Promise<Tab> {
  const renewals = script<RenewContext, TokenParts | null>();
  const auth = createTokenManager<Password, SignedIn>({
    renew: context => renewals.run(context),
    clock,
    store,
  });
  const events: string[] = [];
  for (const name of eventNames) auth.on(name, () => void events.push(name));
  await clock.advance(50);
  expect(auth.fresh()?.accessToken).toBe('A');
  return {
    auth,
    answer: parts => void renewals.last.answer(parts),
    tokenRequests: () => renewals.calls.length,
    events,
  };
}

const B = { accessToken: 'B', refreshToken: 'rB' };

test('B22 a rejection in one tab while another saves its renewal does not delete that record and does not end the session', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const [winner, loser] = [await openTab(clock, storage), await openTab(clock, storage)];
  const outcomes = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await clock.advance(20);
  winner.answer(B);
  await clock.advance(15);
  loser.answer(null); // the tab still loads A, and deletes it while B is being saved
  await clock.advance(2_000);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(storage.entry?.record?.accessToken).toBe('B');
  expect([...winner.events, ...loser.events]).not.toContain('signedOut');
});

test('B21 a rejection without a race ends the session in both tabs', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const [one, two] = [await openTab(clock, storage), await openTab(clock, storage)];
  const end = outcome(one.auth.renew());
  await clock.advance(20);
  one.answer(null);
  await clock.advance(2_000);
  expect(await end).toBe('sessionExpired');
  expect(storage.entry?.record).toBeNull();
  expect([one.auth.fresh(), two.auth.fresh()]).toEqual([null, null]);
});

test.each([0, 200])(
  'B21 the tab with the rejection reports expired, and the tab that is notified after %i ms reports elsewhere',
  async noticeMs => {
    const clock = fakeClock();
    const storage = slowStorage(clock, { noticeMs });
    const [rejected, notified] = [await openTab(clock, storage), await openTab(clock, storage)];
    const reasons: string[] = [];
    rejected.auth.on('signedOut', ({ reason }) => void reasons.push(`rejected: ${reason}`));
    notified.auth.on('signedOut', ({ reason }) => void reasons.push(`notified: ${reason}`));
    void outcome(rejected.auth.renew());
    await clock.advance(20);
    rejected.answer(null);
    await clock.advance(2_000);
    expect(reasons).toEqual(['rejected: expired', 'notified: elsewhere']);
  },
);

test('B21 a manager that is disposed while the end of its session is being saved emits no event', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const { auth, answer, events } = await openTab(clock, storage);
  const end = outcome(auth.renew());
  await clock.advance(20);
  answer(null);
  await clock.advance(15);
  auth.dispose();
  await clock.advance(2_000);
  expect(await end).toBe('disposed');
  expect(events).toEqual([]);
});

test('B27 a late renewal is dropped with its refresh token when another tab has saved a renewal of the same version', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 1, noticeMs: 1 });
  const [first, second] = [await openTab(clock, storage), await openTab(clock, storage)];
  const outcomes = [outcome(first.auth.renew()), outcome(second.auth.renew())];
  await clock.advance(20);
  first.answer(B);
  await clock.advance(20);
  second.answer({ accessToken: 'C', refreshToken: 'rC' });
  await clock.advance(20);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(storage.entry?.record).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B41 a renewal of the last session is not used in the next one, even with the same refresh token', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 1, noticeMs: 1 });
  const { auth, answer } = await openTab(clock, storage);
  const renewal = outcome(auth.renew());
  await clock.advance(20);
  void auth.adopt({ accessToken: 'N', refreshToken: 'rA' });
  answer(B);
  await clock.advance(20);
  expect(await renewal).toBe('signedOut');
  expect(auth.fresh()?.accessToken).toBe('N');
});

test('B40 signOut while the end of the session is being saved emits signedOut once', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const { auth, answer, events } = await openTab(clock, storage);
  const end = outcome(auth.renew());
  await clock.advance(20);
  answer(null);
  await clock.advance(15);
  void auth.signOut();
  expect(auth.fresh()).toBeNull();
  await clock.advance(2_000);
  expect(await end).toMatch(/^(sessionExpired|signedOut)$/);
  expect(events.filter(name => name === 'signedOut')).toHaveLength(1);
  expect(storage.entry?.record).toBeNull();
});

test('B65 a renewal of another tab does not undo a sign-out, on a store that compares only what one connection does', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 5, noticeMs: 20 });
  const [renewing, signingOut] = [await openTab(clock, storage), await openTab(clock, storage)];
  void outcome(renewing.auth.renew());
  await clock.advance(5);
  void signingOut.auth.signOut();
  await clock.advance(6);
  expect(storage.entry?.record).toBeNull();
  renewing.answer(B); // this tab has no notice of the sign-out yet, and saves
  await clock.advance(2_000);
  expect(storage.entry?.record).toBeNull();
  expect(signingOut.auth.state.status).toBe('signedOut');
  expect(renewing.auth.state.status).toBe('signedOut');
  expect(signingOut.events).toEqual(['signedOut']);
});

test('B46 a store without a lock and notices is loaded before a renewal, and a change by another tab counts', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 1, hasNotices: false });
  const tab = await openTab(clock, storage);
  storage.entry = entryOf(signedInAfter(recordA()));
  const renewal = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await renewal).toBe('signedOut');
  expect(tab.auth.fresh()?.accessToken).toBe('token-of-Bob');
  storage.entry = { stamp: signedInAfter(signedInAfter(recordA())).stamp, record: null };
  const again = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await again).toBe('signedOut');
  expect(tab.auth.fresh()).toBeNull();
  expect(tab.tokenRequests()).toBe(0);
});
