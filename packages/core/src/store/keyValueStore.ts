import { tokenError } from '../errors/tokenError.ts';
import type { Store } from './sessionStore.ts';
import { after, type PlainStore, sharedSession } from './sharedSession.ts';

/** What `localStorage`, `sessionStorage` and React Native's AsyncStorage have in common. Each may answer at once or later. */
export interface KeyValueStorage {
  getItem(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface KeyValueStoreOptions {
  /** Runs `run` while nobody else who shares the storage runs theirs; an `exclusive` provider needs one. @defaultValue none */
  readonly lock?: PlainStore['lock'];
}

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
 * @throws TokenError `misconfigured` without a name or a storage
 * @param name - tells apart the sessions of one storage: by auth server, client and, where several may be signed in, user
 * @see RFC 10017 section 8.1
 */
export function keyValueStore(name: string, storage: KeyValueStorage, { lock }: KeyValueStoreOptions = {}): Store {
  if (typeof name !== 'string' || typeof storage?.getItem !== 'function')
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'A key-value store needs a name, and a storage with "getItem", "setItem" and "removeItem". Pass keyValueStore("auth", localStorage).',
    );
  const key = `latchkey.${name}`;
  const listeners = new Set<() => void>();
  return sharedSession({
    load: () => storage.getItem(key),
    save(stored) {
      const written = stored ? storage.setItem(key, JSON.stringify(stored)) : storage.removeItem(key);
      return after(written, () => {
        for (const changed of listeners) changed();
      });
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    ...(lock && { lock }),
  });
}
