import { memoryStore, type TokenStore } from '@latchkey/core';
import { type KeyValueStorage, keyValueStore } from '@latchkey/core/keyValueStore';
import { storeContract } from './storeContract.ts';
import type { StoreKind, StorePlace } from './storeKind.ts';

/** A storage as browsers have it, until it breaks: the quota is full, or the mode is private. */
function mapStorage() {
  const items = new Map<string, string>();
  let isBroken = false;
  const check = () => {
    if (isBroken) throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  const storage = {
    getItem(key: string): string | null {
      check();
      return items.get(key) ?? null;
    },
    setItem(key: string, value: string): void {
      check();
      items.set(key, value);
    },
    removeItem(key: string): void {
      check();
      items.delete(key);
    },
  };
  const breakDown = () => {
    isBroken = true;
  };
  return { storage, breakDown, count: () => items.size };
}

/** The same as phones have it: every answer comes later. */
function phoneStorage() {
  const { storage, ...rest } = mapStorage();
  const later: KeyValueStorage = {
    getItem: async key => storage.getItem(key),
    setItem: async (key, value) => storage.setItem(key, value),
    removeItem: async key => storage.removeItem(key),
  };
  return { storage: later, ...rest };
}

/** One object for each name: who shares a name shares the object, as the parts of one page do. */
function oneForEach(create: (name: string) => TokenStore): StorePlace['open'] {
  const stores = new Map<string, TokenStore>();
  return (name = 'session') => {
    const store = stores.get(name) ?? create(name);
    stores.set(name, store);
    return store;
  };
}

const keyValue = { answersAtOnce: true, hasLock: false, tells: true, canBreak: true };

const kinds: readonly StoreKind[] = [
  {
    name: 'memoryStore',
    answersAtOnce: true,
    hasLock: true,
    tells: true,
    canBreak: false,
    create: () => ({ open: oneForEach(memoryStore) }),
  },
  {
    ...keyValue,
    name: 'keyValueStore, shared by the parts of a page',
    create() {
      const { storage, ...place } = mapStorage();
      return { ...place, open: oneForEach(name => keyValueStore(storage, name)) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore of a phone, shared by the parts of an app',
    answersAtOnce: false,
    create() {
      const { storage, ...place } = phoneStorage();
      return { ...place, open: oneForEach(name => keyValueStore(storage, name)) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore, opened by two pages',
    tells: false,
    create() {
      const { storage, ...place } = mapStorage();
      return { ...place, open: (name = 'session') => keyValueStore(storage, name) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore with a lock, opened by two pages',
    hasLock: true,
    tells: false,
    create() {
      const { storage, ...place } = mapStorage();
      const { lock } = memoryStore();
      return { ...place, open: (name = 'session') => ({ ...keyValueStore(storage, name), ...(lock && { lock }) }) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore with a lock over a storage that answers later, opened by two processes',
    answersAtOnce: false,
    hasLock: true,
    tells: false,
    create() {
      const { storage, ...place } = phoneStorage();
      const { lock } = memoryStore();
      return { ...place, open: (name = 'session') => ({ ...keyValueStore(storage, name), ...(lock && { lock }) }) };
    },
  },
];

for (const kind of kinds) storeContract(kind);
