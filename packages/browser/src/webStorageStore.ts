import type { Store } from '@latchkey/core';
import {
  createStore,
  type Entry,
  endAfter,
  type Hold,
  isStamp,
  type Place,
  readRecord,
  type Stamp,
  type StoreHost,
  type TokenRecord,
  tokenError,
} from '@latchkey/core/adapter';
import { pause } from './lostExchange.ts';
import { isServer, MemoryPlace } from './memoryPlace.ts';
import type { ShownStamp } from './shownStamps.ts';
import { checkOptions, type TabStoreOptions } from './tabStoreOptions.ts';
import { Tabs } from './tabs.ts';

/**
 * The option `store` over `localStorage`: one item of JSON, under the key `latchkey.` and `name`, with the lock and the notices
 * that tabs need. It survives the last tab. Notices have a stamp, no tokens.
 *
 * **Every script of the page can read it**: an injected script can steal the tokens, and with a refresh token it can keep the
 * session. Prefer `tabStore` with a refresh cookie that no script can read.
 *
 * @param name - tells apart the sessions of one origin
 * @throws TokenError `misconfigured` when the name is empty, too long or has a space, or a time is no number, or when
 *   `storage` is none, or that of one tab
 * @see RFC 10017 section 8.1
 */
export function webStorageStore(name: string, storage: Storage, options: TabStoreOptions = {}): Store {
  checkOptions(name, options);
  if (!isServer()) checkStorage(storage);
  return createStore(host => (isServer() ? new MemoryPlace() : new StoragePlace(name, storage, host, options)));
}

/** A storage of one tab has no part in the order that all tabs of the name show. @throws TokenError `misconfigured` */
function checkStorage(storage: Storage | undefined): void {
  if (typeof storage?.getItem === 'function' && storage !== sessionStorageOfTab()) return;
  throw tokenError(
    'misconfigured',
    () =>
      process.env.NODE_ENV !== 'production' &&
      "webStorageStore needs the storage of all tabs: webStorageStore('session', localStorage). For sessionStorage pass keyValueStore('session', sessionStorage).",
  );
}

function sessionStorageOfTab(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** A value that is no entry; its stamp is less than any other. */
const damaged: Entry = { stamp: '', record: {} as TokenRecord };

/** The entry of a stored item; `null`: there is none. */
function parse(item: string | null): Entry | null {
  if (item === null) return null;
  try {
    const value: unknown = JSON.parse(item);
    const record = readRecord(value);
    const stamp = record && Object.hasOwn(value as object, 'stamp') ? (value as Entry).stamp : undefined;
    return record && isStamp(stamp) ? { stamp, record } : damaged;
  } catch {
    return damaged; // the error would quote the item
  }
}

/** So long, at most, between two looks at a storage that is behind. */
const lookMs = 5;

/** The storage of an origin, seen from one tab. */
export class StoragePlace implements Place {
  readonly #key: string;
  readonly #storage: Storage;
  readonly #host: StoreHost;
  readonly #tabs: Tabs;
  /** The greatest entry that was seen or saved. */
  #newest: Entry | undefined;
  #hasLoaded = false;

  constructor(name: string, storage: Storage, host: StoreHost, options: TabStoreOptions) {
    this.#key = `latchkey.${name}`;
    this.#storage = storage;
    this.#host = host;
    this.#tabs = new Tabs({
      ...options,
      name,
      host,
      shownAs: 'stored',
      receive: ({ stamp }) => {
        if (stamp !== undefined && stamp > (this.#newest?.stamp ?? '')) this.#look();
      },
      cameBack: () => {
        if (this.#newest) void this.#tabs.show(this.#newest);
        this.#look();
      },
      hasCookie: () => this.#newest?.record?.refreshToken === undefined,
    });
    globalThis.addEventListener?.('storage', this.#stored);
  }

  /** The first answer is at once, so that a page knows whether a user is signed in. */
  load(): Entry | undefined | Promise<Entry | undefined> {
    if (this.#hasLoaded) return this.#loadNewest();
    this.#hasLoaded = true;
    const entry = this.#read();
    if (this.#newest) void this.#tabs.show(this.#newest);
    return entry;
  }

  async save(entry: Entry, over?: Stamp): Promise<boolean> {
    const shown = await this.#tabs.greatest(this.#newest?.stamp);
    const held = this.#read(shown)?.stamp ?? '';
    const isBehind = shown !== undefined && shown.stamp > (this.#newest?.stamp ?? '');
    const newest = isBehind ? shown.stamp : held;
    if (newest === entry.stamp) return true;
    if (newest > entry.stamp || (over !== undefined && newest > over)) return false;
    const { stamp, record } = entry;
    try {
      if (record) this.#storage.setItem(this.#key, JSON.stringify({ stamp, ...record }));
      else this.#storage.removeItem(this.#key);
    } catch (thrown) {
      await this.#tabs.show(entry); // nobody else must send what this entry has replaced
      throw thrown;
    }
    this.#newest = entry;
    await this.#tabs.show(entry);
    this.#tabs.channel.post({ t: 'set', stamp });
    return true;
  }

  lock(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#tabs.lock(run, signal);
  }

  close(): void {
    globalThis.removeEventListener?.('storage', this.#stored);
    this.#tabs.close();
  }

  /**
   * The storage of another process may be some milliseconds behind what its lock shows.
   *
   * @throws when it stays behind, as where the other tab could not save: its refresh token may have been used
   */
  async #loadNewest(): Promise<Entry | undefined> {
    await this.#tabs.here;
    const shown = await this.#tabs.greatest(this.#newest?.stamp);
    const before = this.#newest;
    const { clock } = this.#host;
    const until = clock.now() + this.#tabs.askMs;
    for (;;) {
      const entry = this.#read(shown);
      if (this.#newest && this.#newest !== before) void this.#tabs.show(this.#newest);
      if (!shown || shown.stamp <= (this.#newest?.stamp ?? '')) return entry;
      if (clock.now() >= until && entry?.record) throw new Error('Another tab has a token set that it could not save.');
      if (clock.now() >= until) return entry;
      await pause(clock, lookMs);
    }
  }

  /** @param shown - by another tab, which has saved it */
  #read(shown?: ShownStamp): Entry | undefined {
    const entry = parse(this.#storage.getItem(this.#key));
    if (!entry) return this.#gone(shown);
    if (entry !== damaged && entry.stamp > (this.#newest?.stamp ?? '')) this.#newest = entry;
    return entry;
  }

  /** A record that was there and is gone was deleted: somebody has signed out. */
  #gone(shown?: ShownStamp): Entry | undefined {
    const newest = this.#newest;
    if (shown?.isEnd && shown.stamp > (newest?.stamp ?? '')) this.#newest = { stamp: shown.stamp, record: null };
    else if (newest?.record) this.#newest = { stamp: endAfter(newest.stamp), record: null };
    return this.#newest;
  }

  readonly #stored = ({ key, storageArea }: StorageEvent): void => {
    if ((key === this.#key || key === null) && (storageArea ?? this.#storage) === this.#storage) this.#look();
  };

  #look(): void {
    void this.#loadNewest().then(
      entry => this.#host.found(entry),
      thrown => this.#host.failed('load', thrown),
    );
  }
}
