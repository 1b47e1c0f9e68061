import { TokenError } from '@latchkey/core';

/** A key of AES-256-GCM. */
export interface SealingKey {
  /** Stands next to what the key has sealed: letters, digits, `_` and `-`, 32 at most. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

const form = /^v1\.([\w-]{1,32})\.([\w-]{16})\.([\w-]+)$/;
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64url'));
const base64Of = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** Whether data was sealed by a key ring. JSON begins with another character. */
export const isSealed = (data: string): boolean => data.startsWith('v1.');

/** Without quotation marks: what stands in them is redacted in an event. */
export const unknownKey = (id: string): TokenError =>
  new TokenError('unavailable', `The record is sealed with the key ${id}, which is not in option keys.`);

/** The id of the key that has sealed this. */
export const keyIdOf = (data: string): string => form.exec(data)?.[1] ?? '';

/** The first key seals, all open. What is sealed fits one key name and one stamp only. */
export class KeyRing {
  readonly #keys: readonly SealingKey[];
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  constructor(keys: readonly SealingKey[]) {
    this.#keys = keys.map(({ id, key }) => ({ id, key: new Uint8Array(key) }));
  }

  async seal(data: string, fits: string): Promise<string> {
    const [{ id }] = this.#keys as readonly [SealingKey];
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt(gcm(iv, fits), await this.#import(id), new TextEncoder().encode(data));
    return ['v1', id, base64Of(iv), base64Of(new Uint8Array(sealed))].join('.');
  }

  /**
   * @returns `undefined` for what was changed, or was never sealed
   * @throws TokenError `unavailable` for a key that is not in the ring
   */
  async open(data: string, fits: string): Promise<string | undefined> {
    const [, id, iv, sealed] = form.exec(data) ?? [];
    if (id === undefined || iv === undefined || sealed === undefined) return undefined;
    if (!this.#keys.some(key => key.id === id)) throw unknownKey(id);
    const key = await this.#import(id);
    try {
      return new TextDecoder().decode(await crypto.subtle.decrypt(gcm(bytesOf(iv), fits), key, bytesOf(sealed)));
    } catch {
      return undefined;
    }
  }

  #import(id: string): Promise<CryptoKey> {
    const known = this.#imported.get(id);
    if (known) return known;
    const { key } = this.#keys.find(one => one.id === id) as SealingKey;
    const imported = crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
    this.#imported.set(id, imported);
    return imported;
  }
}

const gcm = (iv: Uint8Array<ArrayBuffer>, fits: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(fits),
});
