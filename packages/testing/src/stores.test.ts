import type { KeyValueStorage, TokenStore } from '@latchkey/core';
import { keyValuePlace } from '@latchkey/core/adapter';
import { memoryPlace } from './memoryPlace.ts';
import { storeContract } from './storeContract.ts';
import type { StoreKind, StorePlace } from './storeKind.ts';

/** A storage like a browser's. `breakDown` makes it throw, as with a full quota or in private mode. */
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

/** A storage like React Native's: every call returns a promise. */
function asyncStorage() {
  const { storage, ...rest } = mapStorage();
  const promising: KeyValueStorage = {
    getItem: async key => storage.getItem(key),
    setItem: async (key, value) => storage.setItem(key, value),
    removeItem: async key => storage.removeItem(key),
  };
  return { storage: promising, ...rest };
}

/** Opens one store per name, which is shared as by the parts of one page. */
function onePerName(create: (name: string) => TokenStore): StorePlace['open'] {
  const stores = new Map<string, TokenStore>();
  return (name = 'session') => {
    const store = stores.get(name) ?? create(name);
    stores.set(name, store);
    return store;
  };
}

const keyValue = { answersAtOnce: true, hasLock: false, notifies: true, canBreak: true };

const kinds: readonly StoreKind[] = [
  {
    name: 'sharedSession over a place with a lock and notices',
    answersAtOnce: true,
    hasLock: true,
    notifies: true,
    canBreak: false,
    create: () => ({ open: onePerName(memoryPlace) }),
  },
  {
    ...keyValue,
    name: 'keyValueStore, shared by the parts of a page',
    create() {
      const { storage, ...place } = mapStorage();
      return { ...place, open: onePerName(name => keyValuePlace(name, storage)) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore over an asynchronous storage, shared by the parts of an app',
    answersAtOnce: false,
    create() {
      const { storage, ...place } = asyncStorage();
      return { ...place, open: onePerName(name => keyValuePlace(name, storage)) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore, opened by two pages',
    notifies: false,
    create() {
      const { storage, ...place } = mapStorage();
      return { ...place, open: (name = 'session') => keyValuePlace(name, storage) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore with a lock, opened by two pages',
    hasLock: true,
    notifies: false,
    create() {
      const { storage, ...place } = mapStorage();
      const { lock } = memoryPlace();
      return { ...place, open: (name = 'session') => keyValuePlace(name, storage, { lock }) };
    },
  },
  {
    ...keyValue,
    name: 'keyValueStore with a lock over an asynchronous storage, opened by two processes',
    answersAtOnce: false,
    hasLock: true,
    notifies: false,
    create() {
      const { storage, ...place } = asyncStorage();
      const { lock } = memoryPlace();
      return { ...place, open: (name = 'session') => keyValuePlace(name, storage, { lock }) };
    },
  },
];

for (const kind of kinds) storeContract(kind);
