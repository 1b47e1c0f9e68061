import type { TokenRecord, TokenStore } from '@latchkey/core';

/** A place of an application's own: it compares before it saves, has a lock, and notifies of each save. */
export function memoryPlace(): TokenStore & Required<Pick<TokenStore, 'lock'>> {
  let stored: TokenRecord | null = null;
  let lastHolder: Promise<unknown> = Promise.resolve();
  const listeners = new Set<() => void>();
  const isStored = (expected: TokenRecord | null) =>
    stored?.sessionId === expected?.sessionId && stored?.version === expected?.version;
  return {
    load: () => stored,
    save(record, expected) {
      if (expected !== undefined && !isStored(expected)) return false;
      stored = record;
      for (const changed of listeners) changed();
      return true;
    },
    lock(run, { signal }) {
      const held = lastHolder.then(() => run(signal));
      lastHolder = held.catch(() => {});
      return held;
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}
