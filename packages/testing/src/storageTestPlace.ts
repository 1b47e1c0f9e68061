import { webStorageStore } from '@latchkey/browser';
import type { Store } from '@latchkey/core';
import type { Entry } from '@latchkey/core/adapter';
import type { TestPlace } from './storeKind.ts';
import type { TabPages } from './tabPages.ts';

/** A localStorage of all pages, which notifies of changes. The test breaks it. */
export class StorageTestPlace implements TestPlace {
  readonly #pages: TabPages;
  readonly #items = new Map<string, string>();
  readonly #storage: Storage;
  /** What is written fails; what is there can be read and deleted. */
  isFull = false;
  #isBroken = false;

  constructor(pages: TabPages) {
    this.#pages = pages;
    const change = (key: string, item: string | undefined) => {
      this.#check();
      if (item === undefined) this.#items.delete(key);
      else this.#items.set(key, item);
      this.#notify(key);
    };
    this.#storage = {
      getItem: (key: string) => {
        this.#check();
        return this.#items.get(key) ?? null;
      },
      setItem: (key: string, item: string) => {
        if (this.isFull) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
        change(key, item);
      },
      removeItem: (key: string) => change(key, undefined),
    } as Storage;
  }

  get steps(): TestPlace['steps'] {
    return this.#pages.steps;
  }

  open(name = 'session'): Store {
    return webStorageStore(name, this.#storage);
  }

  stored(name = 'session'): Entry | undefined {
    const { stamp, ...record } = JSON.parse(this.#items.get(`latchkey.${name}`) ?? '{}');
    return stamp === undefined ? undefined : { stamp, record };
  }

  count(): number {
    return this.#items.size;
  }

  put(entry: Entry | undefined): Promise<void> {
    if (entry?.record) return this.damage({ stamp: entry.stamp, ...entry.record });
    this.#items.delete('latchkey.session');
    return this.settled();
  }

  damage(value: unknown): Promise<void> {
    this.#items.set('latchkey.session', JSON.stringify(value));
    return this.settled();
  }

  breakDown(): void {
    this.#isBroken = true;
  }

  recover(): void {
    this.#isBroken = false;
  }

  settled(): Promise<void> {
    return this.#pages.settled();
  }

  takeOver(): void {
    this.#pages.takeOver('session');
  }

  doubt(): void {
    this.#pages.leaveAndComeBack();
  }

  #check(): void {
    if (this.#isBroken) throw new DOMException('The operation is insecure.', 'SecurityError');
  }

  #notify(key: string): void {
    setImmediate(() => {
      this.#pages.window.dispatchEvent(Object.assign(new Event('storage'), { key, storageArea: this.#storage }));
    });
  }
}
