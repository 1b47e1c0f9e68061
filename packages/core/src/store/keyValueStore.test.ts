import { expect, test, vi } from 'vitest';
import type { StoredRecord } from '../../test/memoryStore.ts';
import {
  current,
  hours,
  outcome,
  recordA,
  script,
  scriptedProvider,
  settled,
  signedIn,
  successorOf,
} from '../../test/scriptedProvider.ts';
import { createTokenManager } from '../createTokenManager.ts';
import { type KeyValueStorage, keyValueStore } from './keyValueStore.ts';

const key = 'latchkey.session';
const storeIn = (storage: KeyValueStorage) => keyValueStore('session', storage);
const storedIn = ({ items }: { readonly items: Map<string, string> }): StoredRecord | null =>
  JSON.parse(items.get(key) ?? 'null');

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

test('with a synchronous storage fresh() returns the stored token set at once', () => {
  const storage = new MapStorage();
  storage.items.set(key, JSON.stringify(recordA()));
  const freshOf = (name: string) => scriptedProvider({ store: keyValueStore(name, storage) }).auth.fresh();
  expect(freshOf('session')?.accessToken).toBe('A');
  expect(freshOf('another')).toBeNull();
});

test('a sign-in and a sign-out are in a synchronous storage at once', () => {
  const storage = new MapStorage();
  const { auth } = signedIn({ store: storeIn(storage) });
  expect(storedIn(storage)).toMatchObject({ accessToken: 'A', refreshToken: 'rA' });
  void auth.signOut();
  expect(storage.items.size).toBe(0);
});

test('B71 a record is one item, set with each save and removed at the sign-out', async () => {
  const storage = new MapStorage();
  const { auth, renewals } = signedIn({ store: storeIn(storage) });
  renewals.always(() => 'B');
  await auth.renew();
  await auth.signOut();
  expect(storage.writes).toEqual([`set ${key}`, `set ${key}`, `remove ${key}`]);
  expect(storage.items.size).toBe(0);
});

test('SEC-21 the key of the item is valid in the keychain of a phone', () => {
  expect(key).toMatch(/^[\w.-]+$/);
});

test('B61 of two writers on an asynchronous storage the one with the greater stamp stays, in any order', async () => {
  for (const order of [0, 1]) {
    const { storage, items, writes } = asyncStorage();
    const store = storeIn(storage);
    const managers = [signedIn({ store }), scriptedProvider({ store })] as const;
    managers[1].clock.jump(1);
    void managers[1].auth.adopt('later');
    writes.always(() => {});
    for (const { auth } of order ? [...managers].reverse() : managers) await outcome(auth.get());
    await settled();
    expect(storedIn({ items })?.accessToken).toBe('later');
    for (const { auth } of managers) expect(current(auth).accessToken).toBe('later');
  }
});

test('B42 a sign-out waits for a pending write, and leaves the storage empty', async () => {
  const { storage, items, writes } = asyncStorage();
  const { auth } = signedIn({ store: storeIn(storage) });
  await settled();
  const signedOut = auth.signOut();
  await settled();
  expect(writes.calls.map(({ argument }) => argument !== undefined)).toEqual([true]);
  await writes.last.answer();
  expect(writes.calls.map(({ argument }) => argument !== undefined)).toEqual([true, false]);
  await writes.last.answer();
  await signedOut;
  expect(items.size).toBe(0);
});

test('a write comes after one that failed, and the failed one is tried again', async () => {
  const { storage, items, writes } = asyncStorage();
  const { auth, renewals, events } = signedIn({ store: storeIn(storage) });
  await settled();
  await writes.last.fail(new Error('full'));
  expect(writes.calls).toHaveLength(2);
  await writes.last.answer();
  renewals.always(() => 'B');
  const renewed = auth.renew();
  await settled();
  await writes.last.answer();
  await renewed;
  expect(storedIn({ items })).toMatchObject({ accessToken: 'B', refreshToken: 'rA' });
  expect(events).toEqual(['renewed']);
});

test.each(['', 'not JSON', '{"v":1,"session":"s"', '[]', '7', '"text"', '{"v":2}', '{"__proto__":{"v":1}}'])(
  'B45 SEC-05 with the item %j the manager starts signed out, emits storeFailed once, and leaves the item',
  async damaged => {
    const storage = new MapStorage();
    storage.items.set(key, damaged);
    const { auth, events, eventPayloads } = scriptedProvider({ store: keyValueStore('session', storage) });
    expect(auth.fresh()).toBeNull();
    await settled();
    expect(events).toEqual(['storeFailed']);
    expect(eventPayloads).toMatchObject([
      { doing: 'load', cause: { message: 'The record of the store cannot be read.' } },
    ]);
    expect(storage.items.get(key)).toBe(damaged);
  },
);

test('SEC-06 with a storage that always throws the session is kept in memory, and storeFailed is emitted', async () => {
  const broken = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  const store = keyValueStore('session', { getItem: broken, setItem: broken, removeItem: broken });
  const { auth, clock, events } = scriptedProvider({ store });
  expect(auth.fresh()).toBeUndefined();
  expect(await Promise.all([outcome(auth.get()), clock.advance(5_000)])).toEqual(['unavailable', undefined]);
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
  const lock = (run: () => Promise<void>) => run();
  expect(() =>
    createTokenManager({ ...options, store: keyValueStore('session', new MapStorage(), { lock }) }),
  ).not.toThrow();
});

test('B22 a renewal of another tab is adopted without a token request', async () => {
  const storage = new MapStorage();
  const { auth, renewals, clock } = signedIn({ store: storeIn(storage) });
  await settled();
  const ofAnotherTab = successorOf(storedIn(storage), { expiresAt: clock.now() + 10 * hours });
  storage.items.set(key, JSON.stringify(ofAnotherTab));
  clock.jump(2 * hours);
  expect(await outcome(auth.get())).toBe('B');
  expect(renewals.calls).toHaveLength(0);
});

test('B63 a stored record that is older than memory is overwritten', async () => {
  const storage = new MapStorage();
  const { auth, renewals } = signedIn({ store: storeIn(storage) });
  await settled();
  const stale = storage.items.get(key) ?? '';
  renewals.always(({ current: tokens }) => `${tokens?.accessToken}+`);
  expect(await outcome(auth.renew())).toBe('A+');
  storage.items.set(key, stale);
  expect(await outcome(auth.renew())).toBe('A++');
  expect(storedIn(storage)).toMatchObject({ accessToken: 'A++' });
});

test('B64 managers of one store are notified of what the others write, until they are disposed of', async () => {
  const storage = new MapStorage();
  const store = storeIn(storage);
  const managers = [scriptedProvider({ store }), scriptedProvider({ store })] as const;
  await managers[0].auth.adopt('A');
  await settled();
  expect(current(managers[1].auth).accessToken).toBe('A');
  managers[1].auth.dispose();
  await settled();
  storage.writes.length = 0;
  await managers[0].auth.signOut();
  await settled();
  expect(managers[1].auth.state).toEqual({ status: 'signedOut', renewing: false });
  expect(storage.writes).toEqual([`remove ${key}`]);
});

test('B64 an item that another tab has removed is a sign-out', async () => {
  const storage = new MapStorage();
  const { auth, renewals, eventPayloads } = signedIn({ store: storeIn(storage) });
  await settled();
  storage.items.clear();
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(auth.fresh()).toBeNull();
  expect(eventPayloads).toMatchObject([{ reason: 'elsewhere' }]);
  expect(renewals.calls).toHaveLength(0);
});

test('B11 after dispose the storage is read no more', async () => {
  const storage = new MapStorage();
  const getItem = vi.spyOn(storage, 'getItem');
  const store = storeIn(storage);
  const [one, other] = [scriptedProvider({ store }), scriptedProvider({ store })];
  one.auth.dispose();
  await settled();
  getItem.mockClear();
  await other.auth.adopt('A');
  await settled();
  expect(getItem).toHaveBeenCalledTimes(2); // the save compares, the other looks at its own notice
});
