import type { TokenRecord, TokenStore } from './tokenStore.ts';

/** What `localStorage`, `sessionStorage` and React Native's AsyncStorage have in common. Each answers at once or later. */
export interface KeyValueStorage {
  getItem(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

const isLater = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** Goes on at once where the storage answers at once: then a page knows from its first line whether somebody is signed in. */
const after = <T, U>(value: T | PromiseLike<T>, goOn: (value: T) => U | Promise<U>): U | Promise<U> =>
  isLater(value) ? Promise.resolve(value).then(goOn) : goOn(value);

/** What is no record is handed on as one: the token manager sees that it is damaged, reports and replaces it. */
function read(text: string | null | undefined): TokenRecord | null {
  if (text == null) return null;
  try {
    return JSON.parse(text) as TokenRecord | null;
  } catch {
    return {} as TokenRecord; // the error would quote the text
  }
}

const isSame = (kept: TokenRecord | null, expected: TokenRecord | null) =>
  kept?.session === expected?.session && kept?.version === expected?.version;

/**
 * A store over anything with `getItem`, `setItem` and `removeItem`: one item of JSON, under the key `latchkey.` and `name`.
 * It outlives a reload. It brings no lock, so two tabs or processes may renew at the same time, and an `exclusive` provider
 * refuses it: add a lock with `{ ...keyValueStore(localStorage, 'session'), lock }`. It tells of changes through this object
 * only; what others wrote is looked at before a renewal.
 *
 * **In a browser, every script of the page can read it**: whoever can run one there takes the tokens away, and with a refresh
 * token keeps the session. Prefer the default, memory, with a refresh cookie that no script can read.
 *
 * **On React Native**, AsyncStorage and MMKV are not encrypted. Expo's SecureStore is:
 * `{ getItem: getItemAsync, setItem: setItemAsync, removeItem: deleteItemAsync }`; `name` may then hold letters, digits, `.`,
 * `-` and `_`. It takes 2048 bytes at most on some devices, and a record is both tokens and about 200 bytes.
 *
 * @param name - tells apart the sessions of one storage: by auth server, client and, where several may be signed in, user
 * @see RFC 10017 section 8.1
 */
export function keyValueStore(storage: KeyValueStorage, name: string): TokenStore {
  const key = `latchkey.${name}`;
  const listeners = new Set<() => void>();
  /** The writes that are on their way, of a storage that answers later: each is compared after the one before. */
  let writing: Promise<unknown> | undefined;

  const load = () => after(storage.getItem(key), read);

  const put = (record: TokenRecord | null) =>
    after(record ? storage.setItem(key, JSON.stringify(record)) : storage.removeItem(key), () => {
      for (const changed of listeners) changed();
      return true;
    });

  const replace = (record: TokenRecord | null, expected: TokenRecord | null | undefined) =>
    expected === undefined ? put(record) : after(load(), kept => isSame(kept, expected) && put(record));

  return {
    shared: true,
    load,
    save(record, expected) {
      const saved = writing ? writing.then(() => replace(record, expected)) : replace(record, expected);
      if (!isLater(saved)) return saved;
      const done = saved.then(
        () => {},
        () => {},
      );
      writing = done;
      void done.then(() => {
        if (writing === done) writing = undefined;
      });
      return saved;
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}
