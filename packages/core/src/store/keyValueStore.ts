import type { Store } from './sessionStore.ts';
import { sharedSession } from './sharedSession.ts';
import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** What `localStorage`, `sessionStorage` and React Native's AsyncStorage have in common. Each may answer at once or later. */
export interface KeyValueStorage {
  getItem(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

const isLater = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** Goes on at once where the storage answers at once: then a page knows from its first line whether a user is signed in. */
const after = <T, U>(value: T | PromiseLike<T>, run: (value: T) => U | Promise<U>): U | Promise<U> =>
  isLater(value) ? Promise.resolve(value).then(run) : run(value);

/** A damaged item is passed on as a record without fields: the token manager reports and replaces it. */
function parse(item: string | null | undefined): TokenRecord | null {
  if (item == null) return null;
  try {
    return JSON.parse(item) as TokenRecord | null;
  } catch {
    return {} as TokenRecord; // the error would quote the item
  }
}

const isSame = (kept: TokenRecord | null, expected: TokenRecord | null) =>
  kept?.sessionId === expected?.sessionId && kept?.version === expected?.version;

/** One item of a storage. Each save compares and writes after the one before, also where the storage answers later. */
class KeyValuePlace implements TokenStore {
  readonly shared = true;
  declare readonly lock?: NonNullable<TokenStore['lock']>;
  readonly #storage: KeyValueStorage;
  readonly #key: string;
  readonly #listeners = new Set<() => void>();
  #saving: Promise<unknown> | undefined;

  constructor(storage: KeyValueStorage, key: string, lock: TokenStore['lock']) {
    this.#storage = storage;
    this.#key = key;
    if (lock) this.lock = lock;
  }

  load(): ReturnType<TokenStore['load']> {
    return after(this.#storage.getItem(this.#key), parse);
  }

  save(record: TokenRecord | null, expected?: TokenRecord | null): boolean | Promise<boolean> {
    const save = () =>
      expected === undefined
        ? this.#write(record)
        : after(this.load(), kept => isSame(kept, expected) && this.#write(record));
    const saved = this.#saving ? this.#saving.then(save) : save();
    if (isLater(saved)) this.#queue(saved);
    return saved;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #write(record: TokenRecord | null): boolean | Promise<boolean> {
    const written = record
      ? this.#storage.setItem(this.#key, JSON.stringify(record))
      : this.#storage.removeItem(this.#key);
    return after(written, () => {
      for (const changed of this.#listeners) changed();
      return true;
    });
  }

  #queue(saved: Promise<boolean>): void {
    const done = saved.then(
      () => {},
      () => {},
    );
    this.#saving = done;
    void done.then(() => {
      if (this.#saving === done) this.#saving = undefined;
    });
  }
}

export interface KeyValueStoreOptions {
  /** Runs `run` while nobody else who shares the storage runs theirs; an `exclusive` provider needs one. @defaultValue none */
  readonly lock?: TokenStore['lock'];
}

/** The place of `keyValueStore`, for a `sharedSession` of your own around it. */
export const keyValuePlace = (
  name: string,
  storage: KeyValueStorage,
  { lock }: KeyValueStoreOptions = {},
): TokenStore => new KeyValuePlace(storage, `latchkey.${name}`, lock);

/**
 * A store over anything with `getItem`, `setItem` and `removeItem`: one item of JSON, under the key `latchkey.` and `name`. It
 * survives a reload. It has no lock of its own, so two tabs or processes may renew at the same time. It notifies of changes
 * that are made through the managers of one store; what others wrote is read before a renewal.
 *
 * **In a browser every script of the page can read it**: an injected script can steal the tokens, and with a refresh token
 * it can keep the session. Prefer memory, the default, with a refresh cookie that no script can read.
 *
 * **On React Native**, AsyncStorage and MMKV are not encrypted. Expo's SecureStore is:
 * `{ getItem: getItemAsync, setItem: setItemAsync, removeItem: deleteItemAsync }`; `name` may then hold letters, digits, `.`,
 * `-` and `_`. It stores 2048 bytes at most on some devices, and a record is both tokens and about 200 bytes.
 *
 * @param name - tells apart the sessions of one storage: by auth server, client and, where several may be signed in, user
 * @see RFC 10017 section 8.1
 */
export function keyValueStore(name: string, storage: KeyValueStorage, options?: KeyValueStoreOptions): Store {
  return sharedSession(keyValuePlace(name, storage, options));
}
