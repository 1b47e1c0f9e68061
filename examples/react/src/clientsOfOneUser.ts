import type { TokenManager } from '@latchkey/core';
import { useEffect, useRef, useState } from 'react';
import type { Clients } from './clients.ts';

interface ClientsOfOneUser {
  readonly clients: Clients;
  /** Pass it as `key` to the components that use the clients, so that their own state is discarded too. */
  readonly generation: number;
}

/**
 * The clients of one user. When a session ends, they are replaced together with their caches, so that the next user never sees
 * data of the previous one. Operations in flight do not fail with "store reset", as they would after `clearStore`; what still
 * arrives is written to a cache that is no longer read.
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

/**
 * Stops queries that were started outside of components: a polling query would continue as the next user. `client.stop()` would
 * also make the other queries in flight fail with its own error instead of their result.
 */
function stopWatching({ apollo }: Clients): void {
  for (const query of apollo.getObservableQueries('all')) query.stop();
}
