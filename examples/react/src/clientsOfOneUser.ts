import type { TokenManager } from '@latchkey/core';
import { useEffect, useState } from 'react';
import type { Clients } from './clients.ts';

interface ClientsOfOneUser {
  readonly clients: Clients;
  /** Give it as `key` to the components that use the clients, so that their own state goes too. */
  readonly generation: number;
}

/**
 * Clients that know one user only. When a session ends, however it ends, they are left behind with their caches, and new
 * ones take their place: the next user cannot see a line of the last one's. Nothing in flight fails with "store reset", as
 * it would after `clearStore`; what still arrives goes into a cache that nobody reads.
 */
export function useClientsOfOneUser(auth: TokenManager, createClients: () => Clients): ClientsOfOneUser {
  const [current, setCurrent] = useState(() => ({ clients: createClients(), generation: 0 }));
  useEffect(
    () =>
      auth.on('signedOut', () =>
        setCurrent(({ generation }) => ({ clients: createClients(), generation: generation + 1 })),
      ),
    [auth, createClients],
  );
  return current;
}
