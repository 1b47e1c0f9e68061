import type { TokenManager, TokenManagerState } from '@latchkey/core';
import { useSyncExternalStore } from 'react';
import { useManager } from './AuthProvider.ts';

/**
 * The state of the session: `status`, `sessionId`, `renewing`, `expiresAt`, `error`. Renders again when it changes. On a server,
 * and where a page takes over from it, the state at construction.
 *
 * @param auth - @defaultValue that of the `AuthProvider` above
 * @throws TokenError `misconfigured` without either
 */
export function useAuthState(auth?: TokenManager): TokenManagerState {
  const manager = useManager(auth);
  return useSyncExternalStore(
    manager.subscribe,
    () => manager.state,
    () => manager.initialState,
  );
}
