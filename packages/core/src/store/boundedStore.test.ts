import { expect, test } from 'vitest';
import {
  current,
  outcome,
  recordA,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
} from '../../test/scriptedProvider.ts';
import { memoryStore } from './memoryStore.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** Two managers in one session, of which the first has renewed while its storage was full: memory holds `B`, the store `A`. */
async function oneIsBehind() {
  const shared = memoryStore();
  let isFull = false;
  const store: TokenStore = {
    ...shared,
    save(record, expected) {
      if (isFull) throw new Error('It is full.');
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
  const fill = (full: boolean) => {
    isFull = full;
  };
  return { one, other, shared, fill };
}

test('B28 what could not be saved is saved with the next renewal', async () => {
  const { one, shared } = await oneIsBehind();
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(await shared.load()).toMatchObject({ version: 3, accessToken: 'C' });
});

test('B65 a session that was signed out elsewhere is not written back by one whose save had failed', async () => {
  const { one, other, shared } = await oneIsBehind();
  await other.auth.signOut();
  await settled();
  expect(one.auth.fresh()).toBeNull();
  expect(await shared.load()).toBeNull();
  expect(one.events.at(-1)).toBe('signedOut');
});

test("B63 another's sign-in is not overwritten by one whose save had failed", async () => {
  const { one, other, shared } = await oneIsBehind();
  await other.auth.adopt('U');
  await settled();
  expect(await shared.load()).toMatchObject({ accessToken: 'U' });
  expect(current(one.auth).accessToken).toBe('U');
});

test('B28 a sign-in that could not be saved, nor its renewal, is saved when the store is back', async () => {
  const { one, shared, fill } = await oneIsBehind();
  await one.auth.adopt('U');
  await one.auth.renew();
  fill(true);
  await one.auth.adopt('A');
  expect(await outcome(one.auth.renew())).toBe('B');
  fill(false);
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(await shared.load()).toMatchObject({ accessToken: 'C', session: current(one.auth).session });
});

test('B41 a sign-in that could not be saved wins over what others wrote before, whatever else could not be saved', async () => {
  const { one, other, shared, fill } = await oneIsBehind();
  fill(true);
  await other.auth.adopt('U');
  await settled();
  await one.auth.adopt('A');
  fill(false);
  expect(await outcome(one.auth.renew())).toBe('B');
  expect(await shared.load()).toMatchObject({ accessToken: 'B' });
});

test('B41 a sign-in wins over one that others wrote just before, also where a save had failed', async () => {
  const { one, other, shared } = await oneIsBehind();
  void other.auth.adopt('U');
  await one.auth.adopt('token-of-Bob');
  await settled();
  expect(current(one.auth).accessToken).toBe('token-of-Bob');
  expect((await shared.load())?.accessToken).toBe('token-of-Bob');
});

test('B28 a store that is too slow is told of by name of what it did not do', async () => {
  const hung = () => new Promise<never>(() => {});
  const { auth, clock, eventPayloads } = scriptedProvider({ store: { load: hung, save: hung } });
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

/** Signed in with `A`, whose save was given up, twice, and is still under way; later saves are done at once. */
async function withSaveGivenUp() {
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

test.each([0, 1])('B42 a save that was given up and lands after the sign-out does not undo it (%i)', async index => {
  const { auth, store, late, events } = await withSaveGivenUp();
  await auth.signOut();
  late[index]?.(true);
  await settled();
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual(['signedIn', 'storeFailed', 'signedOut']);
});

test('B42 a sign-out whose save was given up and lands after the next sign-in does not undo that', async () => {
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

test('B28 a save that was given up and lands after the next renewal is saved gives way to it', async () => {
  const { auth, renewals, store, late } = await withSaveGivenUp();
  renewals.always(() => 'B');
  await auth.renew();
  for (const land of late) land(true);
  await settled();
  expect(store.record?.accessToken).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});

test('B28 a save that was given up and lands while the next is under way does not win over it', async () => {
  const { auth, renewals, store, late } = await withSaveGivenUp();
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

test.each([() => false, () => Promise.reject(new Error('gone'))])(
  'B28 a save that was given up and is refused or fails later has changed nothing: nothing is written (%#)',
  async answer => {
    const { auth, late, saved } = await withSaveGivenUp();
    await auth.signOut();
    late[0]?.(answer());
    await settled();
    expect(saved()).toEqual(['A', 'A', null]);
  },
);

test('B28 a save that was given up and lands in the end is not made up for', async () => {
  const { auth, renewals, late, saved } = await withSaveGivenUp();
  for (const land of late) land(true);
  await settled();
  renewals.always(() => null);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
  expect(saved()).toEqual(['A', 'A', null]);
});

test('B28 a save that lands while it is tried once more is a save', async () => {
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

/** A store that compares, and of which the test says when it does each save. */
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

test('B27 a late save of its own that was faster than the successor’s does not cost the successor', async () => {
  const store = slowStore();
  void store.put(recordA());
  const { auth, clock, renewals } = scriptedProvider({ store });
  renewals.always(({ current: tokens }) => (tokens?.accessToken === 'A' ? 'B' : 'C'));
  const first = outcome(auth.renew());
  await clock.advance(10_000);
  expect(await first).toBe('B');
  const second = outcome(auth.renew());
  await settled();
  const [landB, , landC] = store.saves;
  landB?.();
  landC?.();
  store.isSlow = false;
  expect(await second).toBe('C');
  await settled();
  expect([current(auth).accessToken, (await store.load())?.accessToken]).toEqual(['C', 'C']);
  expect(renewals.calls).toHaveLength(2);
});

test('B27 a store that refuses a successor, and does not show why, is asked once more and no more', async () => {
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

test('B42 of two saves that land late, neither undoes what was written since', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store });
  for (const token of ['A', 'B']) {
    void auth.adopt(token);
    await clock.advance(10_000);
  }
  store.isSlow = false;
  await auth.adopt('C');
  const [landA, , landB] = store.saves;
  landA?.();
  landB?.();
  await settled();
  expect((await store.load())?.accessToken).toBe('C');
});

test('B41 a sign-in that could not be saved wins over an older one that lands late and is renewed elsewhere', async () => {
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

test("B63 another's sign-in that came over a late save is not overwritten", async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store: { ...store, subscribe: () => () => {} } });
  void auth.adopt('A');
  await clock.advance(10_000);
  store.isSlow = false;
  await auth.adopt('B');
  store.saves[0]?.();
  void store.put(recordA({ session: 'session-2', accessToken: 'token-of-Bob' }));
  await settled();
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect((await store.load())?.accessToken).toBe('token-of-Bob');
});

test('B42 a first try that lands after the second, and after the sign-out, does not undo it', async () => {
  const store = slowStore();
  const { auth, clock } = scriptedProvider({ store });
  const adopted = auth.adopt('A');
  await clock.advance(5_000);
  const [landFirst, landSecond] = store.saves;
  landSecond?.();
  await adopted;
  store.isSlow = false;
  await auth.signOut();
  landFirst?.();
  await settled();
  expect(await store.load()).toBeNull();
});

test('B11 after dispose a save that was given up lands as it may: nothing is written', async () => {
  const { auth, late, saved } = await withSaveGivenUp();
  await auth.signOut();
  auth.dispose();
  late[0]?.(true);
  await settled();
  expect(saved()).toEqual(['A', 'A', null]);
});

test('B28 a store that always takes too long is written a few times, and holds what memory holds in the end', async () => {
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

test('B64 a sign-in whose save was given up but done is not made up for over the sign-out of another tab', async () => {
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

test('B27 a save whose promise begins when it is awaited, as those of query builders, is done once', async () => {
  let saves = 0;
  const begin = (done: (isSaved: boolean) => void) => done(++saves > 0);
  const save = () => new Proxy({}, { get: (_, name) => (String(name) === 'then' ? begin : undefined) });
  const store = { load: () => null, save } as unknown as TokenStore;
  await scriptedProvider({ store }).auth.adopt('A');
  await settled();
  expect(saves).toBe(1);
});
