import type { TokenManager } from '@latchkey/core';
import { useEffect, useRef, useState } from 'react';
import type { Clients } from './clients.ts';

interface ClientsOfOneUser {
  readonly clients: Clients;
  /** Give it as `key` to the components that use the clients, so that their own state goes too. */
  readonly generation: number;
}

/**
 * Clients that know one user only. When a session ends, however it ends, they are left behind with their caches, and new
 * ones take their place: the next user cannot see a line of the last one's. Nothing in flight fails with "store reset", as
 * it would after `clearStore`; what still arrives goes into a cache that nobody reads. What Apollo Client watches for others
 * than components is stopped, as a query that polls would go on as the next user.
 */
export function useClientsOfOneUser(auth: TokenManager, createClients: () => Clients): ClientsOfOneUser {
  const [current, setCurrent] = useState(() => ({ clients: createClients(), generation: 0 }));
  const latest = useRef(current);
  useEffect(
    () =>
      auth.on('signedOut', () => {
        const { clients, generation } = latest.current;
        stopWatching(clients);
        latest.current = { clients: createClients(), generation: generation + 1 };
        setCurrent(latest.current);
      }),
    [auth, createClients],
  );
  return current;
}

/** Not `client.stop()`, which makes the other queries in flight fail with an error of its own instead of what they would tell. */
function stopWatching({ apollo }: Clients): void {
  for (const query of apollo.getObservableQueries('all')) query.stop();
}
