import { expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
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

// Two token managers, as of two tabs, on one place whose answers take time.

interface Place {
  record: TokenRecord | null;
  readonly open: () => TokenStore;
}

interface Habits {
  /** Whether it keeps a record only over the expected one. */
  readonly compares?: boolean;
  readonly loadMs?: number;
  readonly saveMs?: number;
  /** When the others hear of a write. */
  readonly noticeMs?: number;
}

function slowPlace(
  clock: FakeClock,
  { compares = true, loadMs = 10, saveMs = 30, noticeMs = 200 }: Habits = {},
): Place {
  const listeners = new Set<() => void>();
  const after = <T>(ms: number, run: () => T) => new Promise<T>(done => clock.setTimeout(() => done(run()), ms));
  const isSame = (one: TokenRecord | null, other: TokenRecord | null) =>
    one?.session === other?.session && one?.version === other?.version;
  const place: Place = {
    record: recordA(),
    open: () => ({
      load: () => after(loadMs, () => place.record),
      save: (record, expected) =>
        after(saveMs, () => {
          if (compares && expected !== undefined && !isSame(place.record, expected)) return false;
          place.record = record;
          for (const changed of listeners) void after(noticeMs, changed);
          return true;
        }),
      subscribe(changed) {
        listeners.add(changed);
        return () => void listeners.delete(changed);
      },
    }),
  };
  return place;
}

interface Tab {
  readonly auth: TokenManager<Password, SignedIn>;
  /** Answers its renewal. */
  answer(parts: TokenParts | null): void;
  readonly asked: () => number;
  readonly events: string[];
}

async function openTab(clock: FakeClock, store: TokenStore): Promise<Tab> {
  const renewals = script<RenewContext, TokenParts | null>();
  const auth = createTokenManager<Password, SignedIn>({ renew: context => renewals.run(context), clock, store });
  const events: string[] = [];
  for (const name of eventNames) auth.on(name, () => void events.push(name));
  await clock.advance(50);
  expect(auth.fresh()?.accessToken).toBe('A');
  return { auth, answer: parts => void renewals.last.answer(parts), asked: () => renewals.calls.length, events };
}

const B = { accessToken: 'B', refreshToken: 'rB' };

test('B22 the loser of a race is told no while the winner’s record is being saved: it is not deleted, and nobody is signed out', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock);
  const [winner, loser] = [await openTab(clock, place.open()), await openTab(clock, place.open())];
  const outcomes = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await clock.advance(20);
  winner.answer(B);
  await clock.advance(15);
  loser.answer(null); // looks, sees A still, and deletes while B is being saved
  await clock.advance(2_000);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(place.record?.accessToken).toBe('B');
  expect([...winner.events, ...loser.events]).not.toContain('signedOut');
});

test('B22 the same where the lock could not be had', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { noticeMs: 500 });
  const open = () => openTab(clock, { ...place.open(), lock: () => new Promise<never>(() => {}) });
  const [winner, loser] = [await open(), await open()];
  const outcomes = [outcome(winner.auth.renew()), outcome(loser.auth.renew())];
  await clock.advance(15_040);
  winner.answer(B);
  await clock.advance(15);
  loser.answer(null);
  await clock.advance(2_000);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(place.record?.accessToken).toBe('B');
});

test('B21 a no that is no race ends the session in both', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock);
  const [one, two] = [await openTab(clock, place.open()), await openTab(clock, place.open())];
  const end = outcome(one.auth.renew());
  await clock.advance(20);
  one.answer(null);
  await clock.advance(2_000);
  expect(await end).toBe('sessionExpired');
  expect(place.record).toBeNull();
  expect([one.auth.fresh(), two.auth.fresh()]).toEqual([null, null]);
});

test.each([0, 200])(
  'B21 who was told no says expired, and who hears of it after %i ms says elsewhere',
  async noticeMs => {
    const clock = fakeClock();
    const place = slowPlace(clock, { noticeMs });
    const [told, hears] = [await openTab(clock, place.open()), await openTab(clock, place.open())];
    const reasons: string[] = [];
    told.auth.on('signedOut', ({ reason }) => void reasons.push(`told: ${reason}`));
    hears.auth.on('signedOut', ({ reason }) => void reasons.push(`hears: ${reason}`));
    void outcome(told.auth.renew());
    await clock.advance(20);
    told.answer(null);
    await clock.advance(2_000);
    expect(reasons).toEqual(['told: expired', 'hears: elsewhere']);
  },
);

test('B21 the end of a session that nobody shares does not wait for its store', async () => {
  const clock = fakeClock();
  const { load, save } = slowPlace(clock, { loadMs: 10 }).open();
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

test('B21 a manager that is disposed of while the end of its session is being saved says nothing any more', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock);
  const { auth, answer, events } = await openTab(clock, place.open());
  const end = outcome(auth.renew());
  await clock.advance(20);
  answer(null);
  await clock.advance(15);
  auth.dispose();
  await clock.advance(2_000);
  expect(await end).toBe('disposed');
  expect(events).toEqual([]);
});

test('B27 a renewal that comes later than another tab’s is dropped though it brings a refresh token: that one has been replaced', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { loadMs: 1, saveMs: 1, noticeMs: 1 });
  const [first, second] = [await openTab(clock, place.open()), await openTab(clock, place.open())];
  const outcomes = [outcome(first.auth.renew()), outcome(second.auth.renew())];
  await clock.advance(20);
  first.answer(B);
  await clock.advance(20);
  second.answer({ accessToken: 'C', refreshToken: 'rC' });
  await clock.advance(20);
  expect(await Promise.all(outcomes)).toEqual(['B', 'B']);
  expect(place.record).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B41 a renewal of the last session is not used in the next, though both have the same refresh token', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { loadMs: 1, saveMs: 1, noticeMs: 1 });
  const { auth, answer } = await openTab(clock, place.open());
  const renewed = outcome(auth.renew());
  await clock.advance(20);
  void auth.adopt({ accessToken: 'N', refreshToken: 'rA' });
  answer(B);
  await clock.advance(20);
  expect(await renewed).toBe('signedOut');
  expect(auth.fresh()?.accessToken).toBe('N');
});

test('B40 signOut while the end of the session is being saved is one sign-out', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock);
  const { auth, answer, events } = await openTab(clock, place.open());
  const end = outcome(auth.renew());
  await clock.advance(20);
  answer(null);
  await clock.advance(15);
  void auth.signOut();
  expect(auth.fresh()).toBeNull();
  await clock.advance(2_000);
  expect(await end).toMatch(/^(sessionExpired|signedOut)$/);
  expect(events.filter(name => name === 'signedOut')).toHaveLength(1);
  expect(place.record).toBeNull();
});

test('B65 a sign-out is not undone by another tab’s renewal, also where the store does not compare', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { compares: false, loadMs: 1, saveMs: 5, noticeMs: 20 });
  const [renewing, leaving] = [await openTab(clock, place.open()), await openTab(clock, place.open())];
  void outcome(renewing.auth.renew());
  await clock.advance(5);
  void leaving.auth.signOut();
  await clock.advance(6);
  expect(place.record).toBeNull();
  renewing.answer(B); // it has not heard of the sign-out, and saves
  await clock.advance(2_000);
  expect(place.record).toBeNull();
  expect(leaving.auth.state.status).toBe('signedOut');
  expect(renewing.auth.state.status).toBe('signedOut');
  expect(leaving.events).toEqual(['signedOut']);
});

test('B65 what is left of a session that is over is deleted, but not the next user’s sign-in in its place', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { noticeMs: 1 });
  const tab = await openTab(clock, place.open());
  void tab.auth.signOut();
  await clock.advance(100);
  place.record = recordA({ version: 2 }); // as by a storage that does not compare across tabs
  void outcome(tab.auth.get());
  void place.open().save(place.record); // a notice
  await clock.advance(45); // it has read what is left, and is about to delete it
  const ofBob = recordA({ session: 'session-of-Bob', accessToken: 'token-of-Bob' });
  place.record = ofBob;
  await clock.advance(2_000);
  expect(place.record).toBe(ofBob);
});

test('B46 a shared store without lock and notices is looked at before a renewal: what another did there counts', async () => {
  const clock = fakeClock();
  const place = slowPlace(clock, { loadMs: 1, saveMs: 1 });
  const { subscribe, ...store } = place.open();
  expect(subscribe).toBeDefined();
  const tab = await openTab(clock, { ...store, shared: true });
  place.record = recordA({ session: 'session-of-Bob', accessToken: 'token-of-Bob' });
  const renewed = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await renewed).toBe('signedOut');
  expect(tab.auth.fresh()?.accessToken).toBe('token-of-Bob');
  place.record = null;
  const again = outcome(tab.auth.renew());
  await clock.advance(50);
  expect(await again).toBe('signedOut');
  expect(tab.auth.fresh()).toBeNull();
  expect(tab.asked()).toBe(0);
});
