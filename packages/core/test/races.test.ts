import { expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { sharedSession } from '../src/store/sharedSession.ts';
import type { TokenRecord, TokenStore } from '../src/store/tokenStore.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { RenewContext } from '../src/tokenManagerOptions.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import {
  eventNames,
  type FakeClock,
  fakeClock,
  outcome,
  type Password,
  recordA,
  type SignedIn,
  script,
} from './scriptedProvider.ts';

// Two token managers, as in two tabs, that share one slow storage.

interface SlowStorage {
  record: TokenRecord | null;
  readonly connect: () => TokenStore;
}

interface SlowStorageOptions {
  /** Whether `save` compares the stored record with the expected one. */
  readonly comparesRecords?: boolean;
  readonly loadMs?: number;
  readonly saveMs?: number;
  /** The delay of the notices to other connections. */
  readonly noticeMs?: number;
}

function slowStorage(
  clock: FakeClock,
  { comparesRecords = true, loadMs = 10, saveMs = 30, noticeMs = 200 }: SlowStorageOptions = {},
): SlowStorage {
  const listeners = new Set<() => void>();
  const after = <T>(ms: number, run: () => T) => new Promise<T>(resolve => clock.setTimeout(() => resolve(run()), ms));
  const isSame = (one: TokenRecord | null, other: TokenRecord | null) =>
    one?.sessionId === other?.sessionId && one?.version === other?.version;
  const storage: SlowStorage = {
    record: recordA(),
    connect: () => ({
      load: () => after(loadMs, () => storage.record),
      save: (record, expected) =>
        after(saveMs, () => {
          if (comparesRecords && expected !== undefined && !isSame(storage.record, expected)) return false;
          storage.record = record;
          for (const changed of listeners) void after(noticeMs, changed);
          return true;
        }),
      subscribe(changed) {
        listeners.add(changed);
        return () => void listeners.delete(changed);
      },
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

async function openTab(clock: FakeClock, store: TokenStore): Promise<Tab> {
  const renewals = script<RenewContext, TokenParts | null>();
  const auth = createTokenManager<Password, SignedIn>({
    renew: context => renewals.run(context),
    clock,
    store: sharedSession(store),
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
  const [winner, loser] = [await openTab(clock, storage.connect()), await openTab(clock, storage.connect())];
  const outcomes = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await clock.advance(20);
  winner.answer(B);
  await clock.advance(15);
  loser.answer(null); // the tab still loads A, and deletes it while B is being saved
  await clock.advance(2_000);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(storage.record?.accessToken).toBe('B');
  expect([...winner.events, ...loser.events]).not.toContain('signedOut');
});

test('B22 a rejection in one tab while another saves its renewal does not end the session when neither could acquire the lock', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { noticeMs: 500 });
  const openWithoutLock = () => openTab(clock, { ...storage.connect(), lock: () => new Promise<never>(() => {}) });
  const [winner, loser] = [await openWithoutLock(), await openWithoutLock()];
  const outcomes = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await clock.advance(15_040);
  winner.answer(B);
  await clock.advance(15);
  loser.answer(null);
  await clock.advance(2_000);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(storage.record?.accessToken).toBe('B');
});

test('B21 a rejection without a race ends the session in both tabs', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const [one, two] = [await openTab(clock, storage.connect()), await openTab(clock, storage.connect())];
  const end = outcome(one.auth.renew());
  await clock.advance(20);
  one.answer(null);
  await clock.advance(2_000);
  expect(await end).toBe('sessionExpired');
  expect(storage.record).toBeNull();
  expect([one.auth.fresh(), two.auth.fresh()]).toEqual([null, null]);
});

test.each([0, 200])(
  'B21 the tab with the rejection reports expired, and the tab that is notified after %i ms reports elsewhere',
  async noticeMs => {
    const clock = fakeClock();
    const storage = slowStorage(clock, { noticeMs });
    const [rejected, notified] = [await openTab(clock, storage.connect()), await openTab(clock, storage.connect())];
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

test('B21 the end of a session does not wait for a store that is not shared', async () => {
  const clock = fakeClock();
  const { load, save } = slowStorage(clock, { loadMs: 10 }).connect();
  const tab = await openTab(clock, {
    load,
    save: (record, expected) => (record ? save(record, expected) : new Promise<never>(() => {})),
  });
  const end = outcome(tab.auth.renew());
  await clock.advance(20);
  tab.answer(null);
  await clock.advance(20);
  expect(tab.auth.fresh()).toBeNull();
  expect(await end).toBe('sessionExpired');
});

test('B21 a manager that is disposed while the end of its session is being saved emits no event', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock);
  const { auth, answer, events } = await openTab(clock, storage.connect());
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
  const [first, second] = [await openTab(clock, storage.connect()), await openTab(clock, storage.connect())];
  const outcomes = [outcome(first.auth.renew()), outcome(second.auth.renew())];
  await clock.advance(20);
  first.answer(B);
  await clock.advance(20);
  second.answer({ accessToken: 'C', refreshToken: 'rC' });
  await clock.advance(20);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(storage.record).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B41 a renewal of the last session is not used in the next one, even with the same refresh token', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 1, noticeMs: 1 });
  const { auth, answer } = await openTab(clock, storage.connect());
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
  const { auth, answer, events } = await openTab(clock, storage.connect());
  const end = outcome(auth.renew());
  await clock.advance(20);
  answer(null);
  await clock.advance(15);
  void auth.signOut();
  expect(auth.fresh()).toBeNull();
  await clock.advance(2_000);
  expect(await end).toMatch(/^(sessionExpired|signedOut)$/);
  expect(events.filter(name => name === 'signedOut')).toHaveLength(1);
  expect(storage.record).toBeNull();
});

test('B65 a renewal of another tab does not undo a sign-out, even on a store that does not compare records', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { comparesRecords: false, loadMs: 1, saveMs: 5, noticeMs: 20 });
  const [renewing, signingOut] = [await openTab(clock, storage.connect()), await openTab(clock, storage.connect())];
  void outcome(renewing.auth.renew());
  await clock.advance(5);
  void signingOut.auth.signOut();
  await clock.advance(6);
  expect(storage.record).toBeNull();
  renewing.answer(B); // this tab has no notice of the sign-out yet, and saves
  await clock.advance(2_000);
  expect(storage.record).toBeNull();
  expect(signingOut.auth.state.status).toBe('signedOut');
  expect(renewing.auth.state.status).toBe('signedOut');
  expect(signingOut.events).toEqual(['signedOut']);
});

test('B65 a record of an ended session is deleted, but not the sign-in of the next user that replaces it', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { noticeMs: 1 });
  const tab = await openTab(clock, storage.connect());
  void tab.auth.signOut();
  await clock.advance(100);
  storage.record = recordA({ version: 2 }); // as on a storage that does not compare records across tabs
  void outcome(tab.auth.get());
  void storage.connect().save(storage.record); // a notice
  await clock.advance(45); // the tab has loaded the old record, and is about to delete it
  const ofBob = recordA({ sessionId: 'session-of-Bob', accessToken: 'token-of-Bob' });
  storage.record = ofBob;
  await clock.advance(2_000);
  expect(storage.record).toBe(ofBob);
});

test('B46 a shared store without a lock and notices is loaded before a renewal, and a change by another tab counts', async () => {
  const clock = fakeClock();
  const storage = slowStorage(clock, { loadMs: 1, saveMs: 1 });
  const { subscribe, ...store } = storage.connect();
  expect(subscribe).toBeDefined();
  const tab = await openTab(clock, { ...store, shared: true });
  storage.record = recordA({ sessionId: 'session-of-Bob', accessToken: 'token-of-Bob' });
  const renewal = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await renewal).toBe('signedOut');
  expect(tab.auth.fresh()?.accessToken).toBe('token-of-Bob');
  storage.record = null;
  const again = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await again).toBe('signedOut');
  expect(tab.auth.fresh()).toBeNull();
  expect(tab.tokenRequests()).toBe(0);
});
