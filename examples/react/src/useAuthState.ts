import type { TokenManager, TokenManagerState } from '@latchkey/core';
import { useSyncExternalStore } from 'react';

export function useAuthState(auth: TokenManager): TokenManagerState {
  return useSyncExternalStore(auth.subscribe, () => auth.state);
}
