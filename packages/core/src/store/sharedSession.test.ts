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
  signedInAfter,
  successorOf,
} from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { type PlainStore, sharedSession } from './sharedSession.ts';

/** Two managers in one session; the first renewed while its storage was full: its memory holds `B`, the store `A`. */
async function renewWithFullStore() {
  const shared = memoryStore();
  let isFull = false;
  const store: PlainStore = {
    ...shared,
    save(record) {
      if (isFull) throw new Error('The storage is full.');
      return shared.save(record);
    },
  };
  const one = signedIn({ store });
  await settled();
  const other = scriptedProvider({ store: shared });
  isFull = true;
  one.renewals.always(({ current: tokens }) => ({ accessToken: tokens?.accessToken === 'A' ? 'B' : 'C' }));
  expect(await outcome(one.auth.renew())).toBe('B');
  expect(shared.stored()).toMatchObject({ accessToken: 'A' });
  isFull = false;
  const setFull = (full: boolean) => {
    isFull = full;
  };
  return { one, other, shared, setFull };
}

test('B28 after a failed save the next renewal is saved', async () => {
  const { one, shared } = await renewWithFullStore();
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(shared.stored()).toMatchObject({ accessToken: 'C' });
});

test('B65 after a failed save a manager does not write back a session that was signed out in another tab', async () => {
  const { one, other, shared } = await renewWithFullStore();
  await other.auth.signOut();
  await settled();
  expect(one.auth.fresh()).toBeNull();
  expect(shared.stored()).toBeNull();
  expect(one.events.at(-1)).toBe('signedOut');
});

test('B63 after a failed save a manager does not overwrite a sign-in of another tab', async () => {
  const { one, other, shared } = await renewWithFullStore();
  await other.auth.adopt('U');
  await settled();
  expect(shared.stored()?.accessToken).toBe('U');
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
  expect(shared.stored()?.accessToken).toBe('C');
});

test('B28 storeFailed of a store that times out names the function', async () => {
  const neverSettles = () => new Promise<never>(() => {});
  const { auth, clock, eventPayloads } = scriptedProvider({ store: { load: neverSettles, save: neverSettles } });
  await clock.advance(5_000);
  void auth.adopt('A');
  await clock.advance(5_000);
  const causes = eventPayloads.flatMap(event => ('doing' in event ? [[event.doing, event.cause]] : []));
  expect(causes).toMatchObject([
    ['load', { message: 'The store did not answer in time.', code: 'unavailable' }],
    ['save', { message: 'The store did not save in time.', code: 'unavailable' }],
  ]);
});

test('B28 storeFailed of a store that times out in production has the sentence of its code', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const { clock, eventPayloads } = scriptedProvider({
    store: { load: () => new Promise<never>(() => {}), save() {} },
  });
  await clock.advance(5_000);
  vi.unstubAllEnvs();
  expect(eventPayloads).toMatchObject([{ cause: { message: 'The auth server is not available.' } }]);
});

test('a store that cannot be used fails in production with the sentence of its code', () => {
  vi.stubEnv('NODE_ENV', 'production');
  const sentence = new TokenError('misconfigured').message;
  expect(() => sharedSession({} as never)).toThrow(sentence);
  expect(() => scriptedProvider({ store: { load: () => null, save() {} }, exclusive: true })).toThrow(sentence);
  vi.unstubAllEnvs();
});

/** Signed in with `A`, whose save timed out and is still pending; later saves settle at once. */
async function withTimedOutSave() {
  const store = scriptedStore();
  const scripted = scriptedProvider({ store });
  await scripted.auth.get();
  const late: (() => void)[] = [];
  store.saves.always(() => new Promise<void>(resolve => void late.push(resolve)));
  const adopted = scripted.auth.adopt('A');
  await scripted.clock.advance(5_000);
  await adopted;
  expect([scripted.events, late.length]).toEqual([['signedIn', 'storeFailed'], 1]);
  store.saves.always(() => {});
  const saved = () => store.saves.calls.map(({ argument }) => argument?.accessToken ?? null);
  return { ...scripted, store, complete: () => late[0]?.(), saved };
}

test('B42 a save that timed out and completes after the sign-out does not undo it', async () => {
  const { auth, store, complete, events } = await withTimedOutSave();
  await auth.signOut();
  complete();
  await settled();
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual(['signedIn', 'storeFailed', 'signedOut']);
});

test('B42 a sign-out whose save timed out and completes after the next sign-in does not undo that', async () => {
  const store = scriptedStore();
  const { auth, clock } = signedIn({ store });
  await settled();
  const late: (() => void)[] = [];
  store.saves.always(() => new Promise<void>(resolve => void late.push(resolve)));
  void auth.signOut();
  await clock.advance(5_000);
  store.saves.always(() => {});
  await auth.adopt('token-of-Bob');
  late[0]?.();
  await settled();
  expect(store.record?.accessToken).toBe('token-of-Bob');
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B28 a save that timed out and completes after the save of the next renewal is overwritten by that renewal', async () => {
  const { auth, renewals, store, complete } = await withTimedOutSave();
  renewals.always(() => 'B');
  await auth.renew();
  complete();
  await settled();
  expect(store.record?.accessToken).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});

test('B28 a save that timed out and completes later is not saved again', async () => {
  const { auth, renewals, complete, saved } = await withTimedOutSave();
  complete();
  await settled();
  renewals.always(() => null);
  expect(await outcome(auth.renew())).toBe('sessionExpired');
  expect(saved()).toEqual(['A', null]);
});

test('B42 a save that completes after the sign-out and dispose does not bring the session back', async () => {
  const { auth, store, complete } = await withTimedOutSave();
  await auth.signOut();
  auth.dispose();
  complete();
  await settled();
  expect(store.record).toBeNull();
});

test('B28 a store whose saves always time out is saved a limited number of times, and holds the last state', async () => {
  const store = scriptedStore();
  const { auth, clock } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => new Promise<void>(resolve => void clock.setTimeout(resolve, 12_000)));
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
      save(record) {
        shared.save(record);
        return isSlow ? new Promise<void>(resolve => void clock.setTimeout(resolve, 7_000)) : undefined;
      },
    },
  });
  const other = scriptedProvider({ store: shared });
  isSlow = true;
  void one.auth.adopt('A');
  await clock.advance(20_000);
  expect(current(other.auth).accessToken).toBe('A');
  isSlow = false;
  await other.auth.signOut();
  await clock.advance(60_000);
  expect(one.auth.fresh()).toBeNull();
  expect(shared.stored()).toBeNull();
});

/** Signed in with `A`, which the place holds though its save is still pending and has timed out; nobody notifies of changes. */
async function withSlowAnswer() {
  const store = scriptedStore();
  let answer = () => {};
  let isSlow = true;
  const slow: PlainStore = {
    load: store.load,
    async save(stored) {
      await store.save(stored);
      if (!isSlow) return;
      isSlow = false;
      await new Promise<void>(resolve => {
        answer = resolve;
      });
    },
  };
  const scripted = scriptedProvider({ store: slow });
  await scripted.auth.get();
  const adopted = scripted.auth.adopt({ accessToken: 'A', refreshToken: 'rA' });
  await scripted.clock.advance(5_000);
  await adopted;
  const saved = () => store.saves.calls.map(({ argument }) => argument?.accessToken ?? null);
  return { ...scripted, store, answer: () => answer(), saved };
}

test('B64 a save that timed out, but was done, does not undo the sign-out of another process when it answers', async () => {
  const { store, answer, saved } = await withSlowAnswer();
  store.record = null;
  answer();
  await settled();
  expect(saved()).toEqual(['A']);
  expect(store.record).toBeNull();
});

test('B61 a save that timed out, but was done, does not lead to another save over what the place holds by then', async () => {
  for (const isOverwritten of [false, true]) {
    const { auth, renewals, store, answer, saved } = await withSlowAnswer();
    renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 }));
    await auth.renew();
    const elsewhere = successorOf(store.record, { accessToken: 'C' });
    if (isOverwritten) store.record = elsewhere;
    answer();
    await settled();
    expect(saved()).toEqual(['A', 'B']);
    expect(store.record?.accessToken).toBe(isOverwritten ? 'C' : 'B');
  }
});

test('B45 a damaged record that is gone afterwards is no sign-out', async () => {
  let stored: unknown = { v: 2 };
  let changed = () => {};
  const { auth, renewals } = scriptedProvider({
    restore: true,
    store: {
      load: () => stored,
      save() {},
      subscribe(listener) {
        changed = listener;
      },
    },
  });
  const get = outcome(auth.get());
  await settled();
  stored = null;
  changed();
  await settled();
  await renewals.last.answer('A');
  expect(await get).toBe('A');
});

test('B62 a notice whose look fails is reported, and the session goes on', async () => {
  const shared = memoryStore();
  let isGone = false;
  const store: PlainStore = {
    ...shared,
    load() {
      if (isGone) throw new Error('offline');
      return shared.load();
    },
  };
  const { auth, events, eventPayloads } = signedIn({ store });
  await settled();
  isGone = true;
  await shared.save(shared.stored());
  await settled();
  expect(events).toEqual(['storeFailed']);
  expect(eventPayloads).toMatchObject([{ doing: 'load', cause: { message: 'offline' } }]);
  expect(current(auth).accessToken).toBe('A');
});

test('B22 given a rejection, and a successor that is saved between the look and the end, then that is taken', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  await auth.get();
  const renewing = outcome(auth.renew());
  await settled();
  let looks = 0;
  store.loads.always(() => {
    if (++looks === 2) store.record = successorOf(store.record);
    return store.record;
  });
  await renewals.last.answer(null);
  expect(await renewing).toBe('B');
  expect(store.record?.accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B27 a save that starts when its thenable is awaited, as in query builders, runs once', async () => {
  let saves = 0;
  const then = (resolve: (isSaved: boolean) => void) => resolve(++saves > 0);
  const save = () => new Proxy({}, { get: (_, name) => (String(name) === 'then' ? then : undefined) });
  await scriptedProvider({ store: { load: () => null, save } }).auth.adopt('A');
  await settled();
  expect(saves).toBe(1);
});

test('a place of strings may keep the JSON of what it is given, and one of objects the object', async () => {
  for (const keep of [JSON.stringify, (stored: unknown) => stored]) {
    let kept: unknown;
    const store: PlainStore = {
      load: () => kept,
      save(stored) {
        kept = stored && keep(stored);
      },
    };
    signedIn({ store });
    await settled();
    expect(current(scriptedProvider({ store }).auth)).toMatchObject({ accessToken: 'A', refreshToken: 'rA' });
  }
});

test('two managers that share a place write one after the other, and the greater entry stays', async () => {
  const store = scriptedStore();
  const writes: (() => void)[] = [];
  store.saves.always(() => new Promise<void>(resolve => void writes.push(resolve)));
  const one = scriptedProvider({ store });
  await one.auth.get();
  void one.auth.adopt('A');
  one.clock.jump(5);
  void one.auth.adopt('B');
  await settled();
  expect(writes).toHaveLength(1);
  writes[0]?.();
  await settled();
  writes[1]?.();
  await settled();
  expect(store.record?.accessToken).toBe('B');
});

test('B64 a record that is gone after it was seen is a sign-out, which no slow renewal undoes', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, eventPayloads } = scriptedProvider({ store });
  await auth.get();
  const renewing = outcome(auth.renew());
  await settled();
  store.record = null;
  await renewals.last.answer('B');
  expect(await renewing).toBe('signedOut');
  expect(store.record).toBeNull();
  expect(eventPayloads).toMatchObject([{ reason: 'elsewhere' }]);
});

test('a sign-in after a record has gone is saved', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock } = scriptedProvider({ store });
  await auth.get();
  store.record = null;
  clock.jump(1);
  await auth.adopt('U');
  expect(store.record).toMatchObject({ accessToken: 'U' });
  expect(current(auth).accessToken).toBe('U');
});

test('B114 nothing in a place that never had anything is no sign-out: a failed save is tried again', async () => {
  const store = scriptedStore();
  const { auth, renewals } = scriptedProvider({ store });
  await auth.get();
  store.saves.always(() => Promise.reject(new Error('quota')));
  await auth.adopt({ accessToken: 'A', refreshToken: 'rA' });
  store.saves.always(() => {});
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('B');
  expect(store.record).toMatchObject({ accessToken: 'B', refreshToken: 'rA' });
});

test('B61 a greater entry that another process has saved stays, and is taken', async () => {
  const store = scriptedStore(recordA());
  const { auth, clock, renewals } = scriptedProvider({ store });
  await auth.get();
  const renewing = outcome(auth.renew());
  await settled();
  clock.jump(1);
  const theirs = successorOf(store.record);
  store.record = {
    ...theirs,
    stamp: theirs.stamp.replace(/-\d{15}-/, `-${String(clock.now() + hours).padStart(15, '0')}-`),
  };
  await renewals.last.answer('from-this-process');
  expect(await renewing).toBe('B');
  expect(store.record.accessToken).toBe('B');
});

test('a rejection elsewhere and a sign-in elsewhere are found without notices before a renewal', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({ store });
  await auth.get();
  store.record = signedInAfter(store.record);
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(renewals.calls).toHaveLength(0);
});

test('B62 a store whose subscribe throws emits storeFailed, and the session goes on', async () => {
  const store: PlainStore = {
    ...memoryStore(),
    subscribe: () => {
      throw new Error('private mode');
    },
  };
  const { auth, A, events, eventPayloads } = signedIn({ store });
  await settled();
  expect(current(auth)).toMatchObject({ accessToken: A.accessToken });
  expect(events).toEqual(['storeFailed']);
  expect(eventPayloads).toMatchObject([{ doing: 'notify' }]);
});

test.each(['rejects', 'throws'])('B67 given a lock that %s, nothing is sent, and one event tells why', async how => {
  const lock = () => {
    if (how === 'throws') throw new Error('SecurityError');
    return Promise.reject(new Error('SecurityError'));
  };
  const { auth, renewals, events } = signedIn({ store: { ...memoryStore(), lock } });
  await settled();
  const renewing = [outcome(auth.renew()), outcome(auth.renew())];
  expect(await Promise.all(renewing)).toEqual(['unavailable', 'unavailable']);
  expect(renewals.calls).toHaveLength(0);
  expect(events).toEqual(['storeFailed', 'renewalFailed']);
});

test('B62 a lock that fails after the renewal does not change its result', async () => {
  const lock = async (run: () => Promise<void>) => {
    await run();
    throw new Error('The lock could not be released.');
  };
  const { auth, renewals, events } = signedIn({ store: { ...memoryStore(), lock } });
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('B');
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual(['renewed']);
});

test('B40 a renewal that waits for the lock when the session ends is not started', async () => {
  let acquire = () => {};
  const lock = (run: () => Promise<void>) =>
    new Promise<void>(resolve => {
      acquire = () => resolve(run());
    });
  const { auth, clock, renewals } = signedIn({ store: { ...memoryStore(), lock } });
  const renew = outcome(auth.renew());
  await settled();
  await auth.signOut();
  expect(await renew).toBe('signedOut');
  acquire();
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([]);
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
});

/** A storage whose loads answer when the test says so. */
function slowToLoad() {
  const pending: (() => void)[] = [];
  let stored: object | null = null;
  const store = sharedSession({
    load() {
      const answer = stored; // what it holds when it is asked
      return new Promise(resolve => pending.push(() => resolve(answer)));
    },
    save(record) {
      stored = record;
    },
  });
  const answer = (at: number) => pending[at]?.();
  return { store, answer, pending, stored: () => stored };
}

test('B114 a first load that was asked before a sign-in and answers nothing after it does not end the session', async () => {
  const { store, answer, pending, stored } = slowToLoad();
  const { auth, events } = scriptedProvider({ store });
  const adopted = auth.adopt('U');
  await settled();
  answer(1); // the look before the save
  await adopted;
  expect(stored()).toMatchObject({ accessToken: 'U' });
  expect(pending).toHaveLength(2);
  answer(0);
  await settled();
  expect(auth.fresh()?.accessToken).toBe('U');
  expect(events).toEqual(['signedIn']);
});

test('B64 a place that keeps JSON may keep a sign-out as "null"', async () => {
  let json = 'null';
  const listeners = new Set<() => void>();
  const store = sharedSession({
    load: () => json,
    save(stored) {
      json = JSON.stringify(stored);
      for (const changed of listeners) changed();
    },
    subscribe: changed => listeners.add(changed),
  });
  const one = scriptedProvider({ store });
  const other = scriptedProvider({ store });
  expect(one.auth.fresh()).toBeNull();
  await one.auth.adopt('U');
  await settled();
  expect(current(other.auth).accessToken).toBe('U');
  await one.auth.signOut();
  await settled();
  expect(other.auth.fresh()).toBeNull();
  expect(other.events).not.toContain('storeFailed');
});

test.each(['signOut', 'adopt'] as const)(
  'B42 %s that could not be saved is saved after a pause, though nobody asks for anything',
  async act => {
    const shared = memoryStore();
    let isFull = false;
    const { auth, clock } = signedIn({
      store: {
        ...shared,
        save(record) {
          if (isFull) throw new Error('The storage is full.');
          return shared.save(record);
        },
      },
    });
    await settled();
    isFull = true;
    await (act === 'adopt' ? auth.adopt('U') : auth.signOut());
    await clock.advance(2_000);
    expect(shared.stored()).toMatchObject({ accessToken: 'A' });
    isFull = false;
    await clock.advance(4_000);
    expect(shared.stored()?.accessToken).toBe(act === 'adopt' ? 'U' : undefined);
  },
);

test('B42 dispose ends the pause before another save', async () => {
  const { auth, clock } = scriptedProvider({
    store: sharedSession({ load: () => null, save: () => Promise.reject(new Error('The storage is full.')) }),
  });
  await auth.adopt('U');
  auth.dispose();
  await settled();
  expect(clock.timers).toEqual([]);
});
