import type { TokenError } from '../errors/tokenError.ts';
import { notify } from './tokenEvents.ts';

/** What the manager knows, without tokens. The same object until something changes. */
export interface TokenManagerState {
  /** `unknown`: the store has not been read, or `restore` has not been answered. */
  readonly status: 'unknown' | 'signedOut' | 'signedIn';
  readonly renewing: boolean;
  /** Milliseconds since the epoch, where known. */
  readonly expiresAt?: number | undefined;
  /** Why the last renewal failed, or why the session is over. */
  readonly error?: TokenError | undefined;
}

/** The snapshot, and those who watch it. */
export interface ManagerState {
  readonly current: TokenManagerState;
  update(next: TokenManagerState): void;
  subscribe(listener: () => void): () => void;
  /** Forgets who watches. */
  close(): void;
}

export function createManagerState(): ManagerState {
  const listeners = new Set<() => void>();
  let current: TokenManagerState = Object.freeze({ status: 'unknown', renewing: false });
  return {
    get current() {
      return current;
    },
    update({ status, renewing, expiresAt, error }) {
      const isSame =
        current.status === status &&
        current.renewing === renewing &&
        current.expiresAt === expiresAt &&
        current.error === error;
      if (isSame) return;
      current = Object.freeze({
        status,
        renewing,
        ...(expiresAt !== undefined && { expiresAt }),
        ...(error && { error }),
      });
      notify(listeners, undefined);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => listeners.clear(),
  };
}
