import { expect, test, vi } from 'vitest';
import { current, outcome, recordA, script, scriptedProvider, settled, signedIn } from '../../test/scriptedProvider.ts';
import { createTokenManager } from '../createTokenManager.ts';
import { type KeyValueStorage, keyValuePlace, keyValueStore } from './keyValueStore.ts';

const key = 'latchkey.session';
const placeIn = (storage: KeyValueStorage) => keyValuePlace('session', storage);

/** A synchronous storage, as in browsers; its methods need their `this`. */
class MapStorage implements KeyValueStorage {
  readonly items = new Map<string, string>();
  readonly writes: string[] = [];
  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    this.writes.push(`set ${name}`);
    this.items.set(name, value);
  }
  removeItem(name: string): void {
    this.writes.push(`remove ${name}`);
    this.items.delete(name);
  }
}

/** An asynchronous storage, as on phones; the test completes each write. */
function asyncStorage() {
  const items = new Map<string, string>();
  const writes = script<string | undefined, void>();
  const storage: KeyValueStorage = {
    getItem: async name => items.get(name),
    async setItem(name, value) {
      await writes.run(value);
      items.set(name, value);
    },
    async removeItem(name) {
      await writes.run(undefined);
      items.delete(name);
    },
  };
  return { storage, items, writes };
}

test('a store of a synchronous storage is synchronous', () => {
  const storage = new MapStorage();
  const store = placeIn(storage);
  expect(store.load()).toBeNull();
  expect(store.save(recordA())).toBe(true);
  expect(store.load()).toEqual(recordA());
  expect(store.save(null)).toBe(true);
  expect(store.load()).toBeNull();
});

test('with a synchronous storage fresh() returns the stored token set at once', () => {
  const storage = new MapStorage();
  void placeIn(storage).save(recordA());
  const storedIn = (name: string) => scriptedProvider({ store: keyValueStore(name, storage) }).auth.fresh();
  expect(storedIn('session')?.accessToken).toBe('A');
  expect(storedIn('another')).toBeNull();
});

test('B71 a record is one item, set with each save and removed with null', () => {
  const storage = new MapStorage();
  const store = placeIn(storage);
  void store.save(recordA(), null);
  void store.save(recordA({ version: 2 }), recordA());
  void store.save(null);
  expect(storage.writes).toEqual([`set ${key}`, `set ${key}`, `remove ${key}`]);
  expect(storage.items.size).toBe(0);
});

test('SEC-21 the key of the item is valid in the keychain of a phone', () => {
  expect(key).toMatch(/^[\w.-]+$/);
});

test('B61 save() answers false when the stored record is not the expected one', () => {
  const store = placeIn(new MapStorage());
  expect(store.save(recordA(), recordA())).toBe(false);
  expect(store.save(recordA(), null)).toBe(true);
  expect(store.save(recordA({ version: 2 }), null)).toBe(false);
  expect(store.save(recordA({ version: 3 }), recordA({ version: 2 }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA({ sessionId: 'another' }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(true);
  expect(store.load()).toMatchObject({ version: 2 });
});

test('B61 of two concurrent saves over the same record the second answers false on an asynchronous storage', async () => {
  const { storage, items, writes } = asyncStorage();
  const store = placeIn(storage);
  writes.always(() => {});
  const saves = [recordA(), recordA({ sessionId: 'another' })].map(async record => store.save(record, null));
  expect(await Promise.all(saves)).toEqual([true, false]);
  expect(items.get(key)).toContain('session-1');
});

test('B42 saving null waits for a pending save, and leaves the storage empty', async () => {
  const { storage, items, writes } = asyncStorage();
  const store = placeIn(storage);
  const saving = store.save(recordA());
  const clearing = store.save(null);
  await settled();
  expect(writes.calls.map(({ argument }) => argument !== undefined)).toEqual([true]);
  await writes.last.answer();
  expect(writes.calls.map(({ argument }) => argument !== undefined)).toEqual([true, false]);
  await writes.last.answer();
  expect(await Promise.all([saving, clearing])).toEqual([true, true]);
  expect(items.size).toBe(0);
});

test('a save runs after one that failed', async () => {
  const { storage, items, writes } = asyncStorage();
  const store = placeIn(storage);
  const saves = [recordA(), recordA({ version: 2 })].map(record => outcome(Promise.resolve(store.save(record))));
  await settled();
  await writes.last.fail('full');
  await writes.last.answer();
  expect(await Promise.all(saves)).toEqual(['full', true]);
  expect(JSON.parse(items.get(key) ?? '')).toMatchObject({ version: 2 });
});

test.each(['', 'not JSON', '{"v":1,"session":"s"', '[]', '7', '"text"', '{"v":2}', '{"__proto__":{"v":1}}'])(
  'B45 SEC-05 with the item %j the manager starts signed out, emits storeFailed once, and removes the item',
  async damaged => {
    const storage = new MapStorage();
    storage.items.set(key, damaged);
    const { auth, events, eventPayloads } = scriptedProvider({ store: keyValueStore('session', storage) });
    expect(auth.fresh()).toBeNull();
    await settled();
    expect(events).toEqual(['storeFailed']);
    expect(eventPayloads).toEqual([{ doing: 'read', at: expect.any(Number) }]);
    expect(storage.items.size).toBe(0);
  },
);

test('SEC-06 with a storage that always throws the session is kept in memory, and storeFailed is emitted', async () => {
  const broken = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  const store = keyValueStore('session', { getItem: broken, setItem: broken, removeItem: broken });
  const { auth, events } = scriptedProvider({ store });
  expect(auth.fresh()).toBeNull();
  await auth.adopt('A');
  expect(current(auth).accessToken).toBe('A');
  await auth.signOut();
  expect(auth.fresh()).toBeNull();
  expect(new Set(events)).toEqual(new Set(['storeFailed', 'signedIn', 'signedOut']));
});

test('an exclusive provider needs a lock for a key-value store, because other tabs may share the storage', () => {
  const store = keyValueStore('session', new MapStorage());
  const options = { renew: () => null, exclusive: true };
  expect(() => createTokenManager({ ...options, store })).toThrow(/lock/);
  const lock = <T>(run: (signal: AbortSignal) => Promise<T>) => run(new AbortController().signal);
  expect(() =>
    createTokenManager({ ...options, store: keyValueStore('session', new MapStorage(), { lock }) }),
  ).not.toThrow();
});

test('B22 a renewal of another tab is adopted without a token request', async () => {
  const storage = new MapStorage();
  const { auth, A, renewals, clock } = signedIn({ store: keyValueStore('session', storage) });
  await settled();
  const ofAnotherTab = recordA({
    sessionId: A.sessionId,
    version: 2,
    accessToken: 'B',
    expiresAt: clock.now() + 10 * 3_600_000,
  });
  storage.items.set(key, JSON.stringify(ofAnotherTab));
  clock.jump(2 * 3_600_000);
  expect(await outcome(auth.get())).toBe('B');
  expect(renewals.calls).toHaveLength(0);
});

test('B63 a stored record that is older than memory is overwritten by the next renewal', async () => {
  const storage = new MapStorage();
  const { auth, A, renewals } = signedIn({ store: keyValueStore('session', storage) });
  await settled();
  const stale = storage.items.get(key) ?? '';
  renewals.always(({ current: tokens }) => `${tokens?.accessToken}+`);
  expect(await outcome(auth.renew())).toBe('A+');
  storage.items.set(key, stale);
  expect(await outcome(auth.renew())).toBe('A++');
  expect(JSON.parse(storage.items.get(key) ?? '')).toMatchObject({
    sessionId: A.sessionId,
    version: 3,
    accessToken: 'A++',
  });
});

test('a listener is called for each save until it unsubscribes', () => {
  const store = placeIn(new MapStorage());
  const changed = vi.fn();
  const unsubscribe = store.subscribe?.(changed);
  void store.save(recordA());
  void store.save(recordA(), null);
  void store.save(null);
  expect(changed).toHaveBeenCalledTimes(2);
  unsubscribe?.();
  void store.save(recordA());
  expect(changed).toHaveBeenCalledTimes(2);
});
