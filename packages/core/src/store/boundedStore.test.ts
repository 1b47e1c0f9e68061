import { expect, test } from 'vitest';
import { memoryStore } from '../../test/memoryStore.ts';
import {
  current,
  outcome,
  recordA,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
} from '../../test/scriptedProvider.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** Two managers in one session; the first renewed while its storage was full: its memory holds `B`, the store `A`. */
async function renewWithFullStore() {
  const shared = memoryStore();
  let isFull = false;
  const store: TokenStore = {
    ...shared,
    save(record, expected) {
      if (isFull) throw new Error('The storage is full.');
      return shared.save(record, expected);
    },
  };
  const one = signedIn({ store });
  await settled();
  const other = scriptedProvider({ store: shared });
  isFull = true;
  one.renewals.always(({ current: tokens }) => ({ accessToken: tokens?.accessToken === 'A' ? 'B' : 'C' }));
  expect(await outcome(one.auth.renew())).toBe('B');
  expect(await shared.load()).toMatchObject({ accessToken: 'A' });
  isFull = false;
  const setFull = (full: boolean) => {
    isFull = full;
  };
  return { one, other, shared, setFull };
}

test('B28 after a failed save the next renewal is saved', async () => {
  const { one, shared } = await renewWithFullStore();
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(await shared.load()).toMatchObject({ version: 3, accessToken: 'C' });
});

test('B65 after a failed save a manager does not write back a session that was signed out in another tab', async () => {
  const { one, other, shared } = await renewWithFullStore();
  await other.auth.signOut();
  await settled();
  expect(one.auth.fresh()).toBeNull();
  expect(await shared.load()).toBeNull();
  expect(one.events.at(-1)).toBe('signedOut');
});

test('B63 after a failed save a manager does not overwrite a sign-in of another tab', async () => {
  const { one, other, shared } = await renewWithFullStore();
  await other.auth.adopt('U');
  await settled();
  expect(await shared.load()).toMatchObject({ accessToken: 'U' });
  expect(current(one.auth).accessToken).toBe('U');
});

test('B28 a sign-in whose save failed, and that of its renewal too, is saved when the store works again', async () => {
  const { one, shared, setFull } = await renewWithFullStore();
  await one.auth.adopt('U');
  await one.auth.renew();
  setFull(true);
  await one.auth.adopt('A');
  expect(await outcome(one.auth.renew())).toBe('B');
  setFull(false);
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(await shared.load()).toMatchObject({ accessToken: 'C', sessionId: current(one.auth).sessionId });
});

test('B41 a sign-in whose save failed wins over an earlier sign-in of another tab, after other failed saves', async () => {
  const { one, other, shared, setFull } = await renewWithFullStore();
  setFull(true);
  await other.auth.adopt('U');
  await settled();
  await one.auth.adopt('A');
  setFull(false);
  expect(await outcome(one.auth.renew())).toBe('B');
  expect(await shared.load()).toMatchObject({ accessToken: 'B' });
});

test('B41 a sign-in wins over one that another tab saved just before, after a failed save', async () => {
  const { one, other, shared } = await renewWithFullStore();
  void other.auth.adopt('U');
  await one.auth.adopt('token-of-Bob');
  await settled();
  expect(current(one.auth).accessToken).toBe('token-of-Bob');
  expect((await shared.load())?.accessToken).toBe('token-of-Bob');
});

test('B28 storeFailed of a store that times out names the function', async () => {
  const neverSettles = () => new Promise<never>(() => {});
  const { auth, clock, eventPayloads } = scriptedProvider({ store: { load: neverSettles, save: neverSettles } });
  await clock.advance(5_000);
  void auth.adopt('A');
  await clock.advance(10_000);
  const causes = eventPayloads.map(event => ('doing' in event ? [event.doing, event.cause] : []));
  expect(causes).toMatchObject([
    ['load', { message: 'The store did not answer in time.' }],
    [],
    ['save', { message: 'The store did not save in time.' }],
  ]);
});

/** Signed in with `A`, whose save timed out twice and is still pending; later saves settle at once. */
async function withTimedOutSave() {
  const store = scriptedStore();
  const scripted = scriptedProvider({ store });
  await scripted.auth.get();
  const late: ((saved: boolean | Promise<boolean>) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void late.push(resolve)));
  const adopted = scripted.auth.adopt('A');
  await scripted.clock.advance(10_000);
  await adopted;
  expect([scripted.events, late.length]).toEqual([['signedIn', 'storeFailed'], 2]);
  store.saves.always(() => true);
  const saved = () => store.saves.calls.map(({ argument }) => argument?.accessToken ?? null);
  return { ...scripted, store, late, saved };
}

test.each([0, 1])('B42 a save that timed out and completes after the sign-out does not undo it (%i)', async index => {
  const { auth, store, late, events } = await withTimedOutSave();
  await auth.signOut();
  late[index]?.(true);
  await settled();
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual(['signedIn', 'storeFailed', 'signedOut']);
});

test('B42 a sign-out whose save timed out and completes after the next sign-in does not undo that', async () => {
  const store = scriptedStore();
  const { auth, clock } = signedIn({ store });
  await settled();
  const late: ((saved: boolean) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void late.push(resolve)));
  void auth.signOut();
  await clock.advance(10_000);
  store.saves.always(() => true);
  await auth.adopt('token-of-Bob');
  late[0]?.(true);
  await settled();
  expect(store.record?.accessToken).toBe('token-of-Bob');
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B28 a save that timed out and completes after the save of the next renewal is overwritten by that renewal', async () => {
  const { auth, renewals, store, late } = await withTimedOutSave();
  renewals.always(() => 'B');
  await auth.renew();
  for (const complete of late) complete(true);
  await settled();
  expect(store.record?.accessToken).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});

test('B28 a save that timed out and completes during the next save does not win over it', async () => {
  const { auth, renewals, store, late } = await withTimedOutSave();
  const next: ((saved: boolean) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void next.push(resolve)));
  renewals.always(() => 'B');
  const renewed = auth.renew();
  await settled();
  late[0]?.(true);
  await settled();
  store.saves.always(() => true);
  next[0]?.(true);
  expect(await outcome(renewed)).toBe('B');
  await settled();
  expect(store.record?.accessToken).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});

test.each([() => false, () => Promise.reject(new Error('offline'))])(
  'B28 a save that timed out and later answers false or fails causes no other save (%#)',
  async answer => {
    const { auth, late, saved } = await withTimedOutSave();
    await auth.signOut();
    late[0]?.(answer());
    await settled();
    expect(saved()).toEqual(['A', 'A', null]);
  },
);

test('B28 a save that timed out and completes later is not saved again', async () => {
  const { auth, renewals, late, saved } = await withTimedOutSave();
  for (const complete of late) complete(true);
  await settled();
  renewals.always(() => null);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
  expect(saved()).toEqual(['A', 'A', null]);
});

test('B28 a save that completes while it is tried again counts as saved', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals, events } = scriptedProvider({ store });
  await auth.get();
  const late: ((saved: boolean) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void late.push(resolve)));
  renewals.always(() => 'B');
  const renewed = outcome(auth.renew());
  await clock.advance(5_000);
  late[0]?.(true);
  await clock.advance(5_000);
  expect(await renewed).toBe('B');
  expect([events, late.length]).toEqual([['renewed'], 2]);
});

/** A store that compares records; the test completes each save. */
function slowStore() {
  const { load, save } = memoryStore();
  const saves: (() => void)[] = [];
  const slow = {
    load,
    saves,
    isSlow: true,
    save: (record: TokenRecord | null, expected?: TokenRecord | null) =>
      slow.isSlow
        ? new Promise<boolean | void>(resolve => void saves.push(() => resolve(save(record, expected))))
        : save(record, expected),
    put: (record: TokenRecord) => save(record),
  };
  return slow;
}

test('B27 a late save of an older token set of the same manager does not lose the successor', async () => {
  const store = slowStore();
  void store.put(recordA());
  const { auth, clock, renewals } = scriptedProvider({ store });
  renewals.always(({ current: tokens }) => (tokens?.accessToken === 'A' ? 'B' : 'C'));
  const first = outcome(auth.renew());
  await clock.advance(10_000);
  expect(await first).toBe('B');
  const second = outcome(auth.renew());
  await settled();
  const [completeB, , completeC] = store.saves;
  completeB?.();
  completeC?.();
  store.isSlow = false;
  expect(await second).toBe('C');
  await settled();
  expect([current(auth).accessToken, (await store.load())?.accessToken]).toEqual(['C', 'C']);
  expect(renewals.calls).toHaveLength(2);
});

test('B27 a save of a successor that answers false, without a newer record in the store, is tried once more', async () => {
  const { load } = memoryStore();
  const saves: unknown[] = [];
  const store = {
    load,
    save: (record: TokenRecord | null) => {
      saves.push(record?.accessToken);
      return record?.accessToken !== 'B';
    },
  };
  const { auth, renewals } = signedIn({ store });
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(saves).toEqual(['A', 'B', 'B']);
});

test('B42 two saves that complete late do not undo a later save', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store });
  for (const token of ['A', 'B']) {
    void auth.adopt(token);
    await clock.advance(10_000);
  }
  store.isSlow = false;
  await auth.adopt('C');
  const [completeA, , completeB] = store.saves;
  completeA?.();
  completeB?.();
  await settled();
  expect((await store.load())?.accessToken).toBe('C');
});

test('B41 a sign-in whose save timed out wins over an older one whose save completes late and that is renewed in another tab', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store: { ...store, subscribe: () => () => {} } });
  for (const token of ['A', 'token-of-Bob']) {
    void auth.adopt(token);
    await clock.advance(10_000);
  }
  store.saves[0]?.();
  void store.put({ ...((await store.load()) ?? recordA()), version: 2, accessToken: 'B' });
  store.isSlow = false;
  await settled();
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect((await store.load())?.accessToken).toBe('token-of-Bob');
});

test('B63 a sign-in of another tab after a late save is not overwritten', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store: { ...store, subscribe: () => () => {} } });
  void auth.adopt('A');
  await clock.advance(10_000);
  store.isSlow = false;
  await auth.adopt('B');
  store.saves[0]?.();
  void store.put(recordA({ sessionId: 'session-2', accessToken: 'token-of-Bob' }));
  await settled();
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect((await store.load())?.accessToken).toBe('token-of-Bob');
});

test('B42 a first try of a save that completes after the second try and the sign-out does not undo the sign-out', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store });
  const adopted = auth.adopt('A');
  await clock.advance(5_000);
  const [completeFirst, completeSecond] = store.saves;
  completeSecond?.();
  await adopted;
  store.isSlow = false;
  await auth.signOut();
  completeFirst?.();
  await settled();
  expect(await store.load()).toBeNull();
});

test('B11 after dispose a save that completes late causes no other save', async () => {
  const { auth, late, saved } = await withTimedOutSave();
  await auth.signOut();
  auth.dispose();
  late[0]?.(true);
  await settled();
  expect(saved()).toEqual(['A', 'A', null]);
});

test('B28 a store whose saves always time out is saved a limited number of times, and holds the last state', async () => {
  const store = scriptedStore();
  const { auth, clock } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => new Promise(resolve => void clock.setTimeout(() => resolve(true), 12_000)));
  for (const token of ['A', 'B', 'C']) {
    void auth.adopt(token);
    await clock.advance(3_000);
  }
  void auth.signOut();
  await clock.advance(600_000);
  expect(store.record).toBeNull();
  expect(clock.timers).toEqual([]);
  expect(store.saves.calls.length).toBeLessThan(30);
});

test('B64 a sign-in whose save timed out but succeeded is not saved again over the sign-out of another tab', async () => {
  const shared = memoryStore();
  let isSlow = false;
  const { clock, ...one } = scriptedProvider({
    store: {
      ...shared,
      save(record, expected) {
        const saved = shared.save(record, expected);
        return isSlow ? new Promise(resolve => void clock.setTimeout(() => resolve(saved), 7_000)) : saved;
      },
    },
  });
  const other = scriptedProvider({ store: shared });
  isSlow = true;
  void one.auth.adopt('A');
  await clock.advance(20_000);
  expect(current(other.auth).accessToken).toBe('A');
  await other.auth.signOut();
  await clock.advance(60_000);
  expect(one.auth.fresh()).toBeNull();
  expect(await shared.load()).toBeNull();
});

test('B27 a save that starts when its thenable is awaited, as in query builders, runs once', async () => {
  let saves = 0;
  const then = (resolve: (isSaved: boolean) => void) => resolve(++saves > 0);
  const save = () => new Proxy({}, { get: (_, name) => (String(name) === 'then' ? then : undefined) });
  const store = { load: () => null, save } as unknown as TokenStore;
  await scriptedProvider({ store }).auth.adopt('A');
  await settled();
  expect(saves).toBe(1);
});
