import type { PlainStore } from '../src/store/sharedSession.ts';

/** A place in memory that several managers may share: it has a lock, and notifies of each save. */
export function memoryStore(): PlainStore & { readonly stored: () => StoredRecord | null } {
  let stored: object | null = null;
  let lastHolder: Promise<unknown> = Promise.resolve();
  const listeners = new Set<() => void>();
  return {
    load: () => stored,
    stored: () => stored as StoredRecord | null,
    save(next) {
      stored = next;
      for (const changed of listeners) changed();
    },
    lock(run) {
      const held = lastHolder.then(run);
      lastHolder = held.catch(() => {});
      return held;
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

/** What a plain store keeps: the record of a token set, and its stamp. */
export interface StoredRecord {
  readonly v: number;
  readonly stamp: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly receivedAt: number;
  readonly expiresAt?: number;
  readonly refreshExpiresAt?: number;
  readonly subject?: string;
  readonly unattended?: true;
}
