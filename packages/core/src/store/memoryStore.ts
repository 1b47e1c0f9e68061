import type { TokenRecord, TokenStore } from './tokenStore.ts';

/**
 * A store in memory: gone with the page or the process. It is what a token manager uses when it is given none, and the
 * safest place in a browser; pass one and the same to two managers and they share a session.
 */
export function memoryStore(): TokenStore {
  let kept: TokenRecord | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const listeners = new Set<() => void>();
  return {
    load: () => kept,
    save(record, expected) {
      if (expected !== undefined && (kept?.session !== expected?.session || kept?.version !== expected?.version))
        return false;
      kept = record;
      for (const changed of listeners) changed();
      return true;
    },
    lock(run, { signal }) {
      const turn = last.then(() => run(signal));
      last = turn.catch(() => {});
      return turn;
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}
