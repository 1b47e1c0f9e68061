import { expect, test, vi } from 'vitest';
import { current, outcome, recordA, script, scriptedProvider, settled, signedIn } from '../../test/scriptedProvider.ts';
import { createTokenManager } from '../createTokenManager.ts';
import { type KeyValueStorage, keyValueStore } from './keyValueStore.ts';

const key = 'latchkey.session';

/** A storage that answers at once, as a browser's does: its methods need their `this`. */
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

/** A storage that answers when the test lets it, as a phone's does. */
function heldStorage() {
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

test('a storage that answers at once makes a store that does', () => {
  const storage = new MapStorage();
  const store = keyValueStore(storage, 'session');
  expect(store.load()).toBeNull();
  expect(store.save(recordA())).toBe(true);
  expect(store.load()).toEqual(recordA());
  expect(store.save(null)).toBe(true);
  expect(store.load()).toBeNull();
});

test('a page knows from its first line whether somebody is signed in', () => {
  const storage = new MapStorage();
  void keyValueStore(storage, 'session').save(recordA());
  const signedInAs = (name: string) => scriptedProvider({ store: keyValueStore(storage, name) }).auth.fresh();
  expect(signedInAs('session')?.accessToken).toBe('A');
  expect(signedInAs('another')).toBeNull();
});

test('B71 a record is one item, written at once and whole, and removed where there is none', () => {
  const storage = new MapStorage();
  const store = keyValueStore(storage, 'session');
  void store.save(recordA(), null);
  void store.save(recordA({ version: 2 }), recordA());
  void store.save(null);
  expect(storage.writes).toEqual([`set ${key}`, `set ${key}`, `remove ${key}`]);
  expect(storage.items.size).toBe(0);
});

test('SEC-21 its key is one that the keychain of a phone takes', () => {
  expect(key).toMatch(/^[\w.-]+$/);
});

test('B61 it saves only over the record that was expected', () => {
  const store = keyValueStore(new MapStorage(), 'session');
  expect(store.save(recordA(), recordA())).toBe(false);
  expect(store.save(recordA(), null)).toBe(true);
  expect(store.save(recordA({ version: 2 }), null)).toBe(false);
  expect(store.save(recordA({ version: 3 }), recordA({ version: 2 }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA({ session: 'another' }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(true);
  expect(store.load()).toMatchObject({ version: 2 });
});

test('B61 of two saves at once over one record the second loses, also where the storage answers later', async () => {
  const { storage, items, writes } = heldStorage();
  const store = keyValueStore(storage, 'session');
  writes.always(() => {});
  const saves = [recordA(), recordA({ session: 'another' })].map(async record => store.save(record, null));
  expect(await Promise.all(saves)).toEqual([true, false]);
  expect(items.get(key)).toContain('session-1');
});

test('B42 a sign-out comes after a save that is on its way, and is the last', async () => {
  const { storage, items, writes } = heldStorage();
  const store = keyValueStore(storage, 'session');
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

test('a write that failed does not keep the next from its turn', async () => {
  const { storage, items, writes } = heldStorage();
  const store = keyValueStore(storage, 'session');
  const saves = [recordA(), recordA({ version: 2 })].map(record => outcome(Promise.resolve(store.save(record))));
  await settled();
  await writes.last.fail('full');
  await writes.last.answer();
  expect(await Promise.all(saves)).toEqual(['full', true]);
  expect(JSON.parse(items.get(key) ?? '')).toMatchObject({ version: 2 });
});

test.each(['', 'not JSON', '{"v":1,"session":"s"', '[]', '7', '"text"', '{"v":2}', '{"__proto__":{"v":1}}'])(
  'B45 SEC-05 the item %j is signed out, told once, and gone',
  async damaged => {
    const storage = new MapStorage();
    storage.items.set(key, damaged);
    const { auth, events, eventPayloads } = scriptedProvider({ store: keyValueStore(storage, 'session') });
    expect(auth.fresh()).toBeNull();
    await settled();
    expect(events).toEqual(['storeFailed']);
    expect(eventPayloads).toEqual([{ doing: 'read', at: expect.any(Number) }]);
    expect(storage.items.size).toBe(0);
  },
);

test('SEC-06 a storage that throws at every turn is done without, and each failure is told', async () => {
  const broken = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  const store = keyValueStore({ getItem: broken, setItem: broken, removeItem: broken }, 'session');
  const { auth, events } = scriptedProvider({ store });
  expect(auth.fresh()).toBeNull();
  await auth.adopt('A');
  expect(current(auth).accessToken).toBe('A');
  await auth.signOut();
  expect(auth.fresh()).toBeNull();
  expect(new Set(events)).toEqual(new Set(['storeFailed', 'signedIn', 'signedOut']));
});

test('an exclusive provider refuses it, because others may share the storage, until it is given a lock', () => {
  const store = keyValueStore(new MapStorage(), 'session');
  const options = { renew: () => null, exclusive: true };
  expect(() => createTokenManager({ ...options, store })).toThrow(/lock/);
  const lock = <T>(run: (signal: AbortSignal) => Promise<T>) => run(new AbortController().signal);
  expect(() => createTokenManager({ ...options, store: { ...store, lock } })).not.toThrow();
});

test('B22 what another tab has renewed is found before the auth server is asked', async () => {
  const storage = new MapStorage();
  const { auth, A, renewals, clock } = signedIn({ store: keyValueStore(storage, 'session') });
  await settled();
  const theirs = recordA({ session: A.session, version: 2, accessToken: 'B', expiresAt: clock.now() + 10 * 3_600_000 });
  storage.items.set(key, JSON.stringify(theirs));
  clock.jump(2 * 3_600_000);
  expect(await outcome(auth.get())).toBe('B');
  expect(renewals.calls).toHaveLength(0);
});

test('B63 a record that is older than what memory holds is replaced, and no renewal is lost to it', async () => {
  const storage = new MapStorage();
  const { auth, A, renewals } = signedIn({ store: keyValueStore(storage, 'session') });
  await settled();
  const stale = storage.items.get(key) ?? '';
  renewals.always(({ current: tokens }) => `${tokens?.accessToken}+`);
  expect(await outcome(auth.renew())).toBe('A+');
  storage.items.set(key, stale);
  expect(await outcome(auth.renew())).toBe('A++');
  expect(JSON.parse(storage.items.get(key) ?? '')).toMatchObject({
    session: A.session,
    version: 3,
    accessToken: 'A++',
  });
});

test('it tells of each write until the listener leaves', () => {
  const store = keyValueStore(new MapStorage(), 'session');
  const changed = vi.fn();
  const leave = store.subscribe?.(changed);
  void store.save(recordA());
  void store.save(recordA(), null);
  void store.save(null);
  expect(changed).toHaveBeenCalledTimes(2);
  leave?.();
  void store.save(recordA());
  expect(changed).toHaveBeenCalledTimes(2);
});
