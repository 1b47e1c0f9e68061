import { type KeyValueStorage, keyValueStore, type PlainStore, type Store, sharedSession } from '@latchkey/core';
import type { Entry } from '@latchkey/core/adapter';
import { ComparingPlace } from './comparingPlace.ts';
import { memoryLock, memoryPlace } from './memoryPlace.ts';
import { storeContract } from './storeContract.ts';
import type { Step, StoreKind, TestPlace } from './storeKind.ts';

/** What a plain place keeps of an entry, and the entry of what it keeps. */
const plainOf = (entry: Entry | undefined) => (entry?.record ? { stamp: entry.stamp, ...entry.record } : null);
function entryOf(stored: unknown): Entry | undefined {
  if (!stored) return undefined;
  const { stamp, ...record } = stored as { readonly stamp: string } & NonNullable<Entry['record']>;
  return { stamp, record };
}

/** One place per name. */
function onePerName<Place>(create: (name: string) => Place): (name?: string) => Place {
  const places = new Map<string, Place>();
  return (name = 'session') => {
    const place = places.get(name) ?? create(name);
    places.set(name, place);
    return place;
  };
}

function memoryTestPlace(): TestPlace {
  const steps: Step[] = [];
  const places = onePerName(() => memoryPlace(step => steps.push(step)));
  const stores = onePerName(name => sharedSession(places(name)));
  return {
    steps,
    open: stores,
    stored: async name => entryOf(await places(name).load()),
    put: entry => places().save(plainOf(entry)),
    damage: value => places().save(value as object),
  };
}

interface StorageOptions {
  readonly isLater?: boolean;
  readonly hasLock?: boolean;
  /** Whether the pages are parts of one app, which share a store; otherwise each has a store of its own. */
  readonly isOneApp?: boolean;
}

/** A storage like a browser's, or like React Native's, where every call returns a promise. The test breaks and stalls it. */
class TestStorage {
  readonly items = new Map<string, string>();
  isBroken = false;
  gate: Promise<void> | undefined;
  readonly #steps: Step[];

  constructor(steps: Step[]) {
    this.#steps = steps;
  }

  check(): void {
    if (this.isBroken) throw new DOMException('The operation is insecure.', 'SecurityError');
  }

  readonly atOnce: KeyValueStorage = {
    getItem: key => {
      this.check();
      return this.items.get(key) ?? null;
    },
    setItem: (key, value) => {
      this.check();
      this.#steps.push('save');
      this.items.set(key, value);
    },
    removeItem: key => {
      this.check();
      this.items.delete(key);
    },
  };

  readonly later: KeyValueStorage = {
    getItem: key => this.#after(() => this.atOnce.getItem(key)),
    setItem: (key, value) => this.#after(() => this.atOnce.setItem(key, value)),
    removeItem: key => this.#after(() => this.atOnce.removeItem(key)),
  };

  async #after<Result>(run: () => Result): Promise<Awaited<Result>> {
    await this.gate;
    return await run();
  }
}

function storageTestPlace({ isLater = false, hasLock = false, isOneApp = false }: StorageOptions): TestPlace {
  const steps: Step[] = [];
  const storage = new TestStorage(steps);
  const held = memoryLock(() => steps.push('release'));
  const lock: PlainStore['lock'] = async run => {
    storage.check();
    await held(run);
  };
  const create = (name: string): Store =>
    keyValueStore(name, isLater ? storage.later : storage.atOnce, hasLock ? { lock } : {});
  const keyOf = (name = 'session') => `latchkey.${name}`;
  const write = (value: unknown) => storage.items.set(keyOf(), JSON.stringify(value));
  return {
    steps,
    open: isOneApp ? onePerName(create) : (name = 'session') => create(name),
    stored: name => entryOf(JSON.parse(storage.items.get(keyOf(name)) ?? 'null')),
    count: () => storage.items.size,
    put: entry => (entry ? write(plainOf(entry)) : storage.items.delete(keyOf())),
    damage: write,
    breakDown() {
      storage.isBroken = true;
    },
    recover() {
      storage.isBroken = false;
    },
    stall() {
      let resume = () => {};
      storage.gate = new Promise(resolve => {
        resume = resolve;
      });
      return resume;
    },
  };
}

const plain = { takesOver: false, mayLoseData: false, connects: false, doubts: false };

function keyValueKind(name: string, options: StorageOptions): StoreKind {
  const { isLater = false, hasLock = false, isOneApp = false } = options;
  return {
    ...plain,
    name: `keyValueStore ${name}`,
    create: () => storageTestPlace(options),
    answersAtOnce: !isLater,
    hasLock,
    notifies: isOneApp,
    isAtomic: !isLater || isOneApp,
    canBreak: true,
    shows: hasLock ? ['save', 'release'] : ['save'],
  };
}

function comparingKind(name: string, options: { readonly hasLock: boolean; readonly notifies: boolean }): StoreKind {
  return {
    ...options,
    name: `createStore over a place that compares, ${name}`,
    create: clock => new ComparingPlace({ clock, ...options }),
    answersAtOnce: false,
    takesOver: options.hasLock,
    isAtomic: true,
    mayLoseData: true,
    canBreak: true,
    connects: true,
    doubts: true,
    shows: options.hasLock ? ['save', 'release', 'close'] : ['save', 'close'],
  };
}

const kinds: readonly StoreKind[] = [
  {
    ...plain,
    name: 'sharedSession over a place in memory with a lock and notices',
    create: memoryTestPlace,
    answersAtOnce: true,
    hasLock: true,
    notifies: true,
    isAtomic: true,
    canBreak: false,
    shows: ['save', 'release', 'close'],
  },
  keyValueKind('shared by the parts of a page', { isOneApp: true }),
  keyValueKind('over an asynchronous storage, shared by the parts of an app', { isOneApp: true, isLater: true }),
  keyValueKind('opened by two pages', {}),
  keyValueKind('with a lock, opened by two pages', { hasLock: true }),
  keyValueKind('with a lock over an asynchronous storage, opened by two processes', { hasLock: true, isLater: true }),
  comparingKind('with a lock and notices', { hasLock: true, notifies: true }),
  comparingKind('with a lock, whose notices are lost', { hasLock: true, notifies: false }),
  comparingKind('without a lock', { hasLock: false, notifies: true }),
];

for (const kind of kinds) storeContract(kind);
