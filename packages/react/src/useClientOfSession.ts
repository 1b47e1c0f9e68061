import type { TokenManager } from '@latchkey/core';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { clientOfSession, leaveClient, warnOfChanges } from './clientOfSession.ts';
import { stopWatching } from './stopWatching.ts';

/**
 * The GraphQL client of the present session. `create` is called anew when a session has ended, when somebody signs in who was
 * signed out before, and when `auth` or `create` is another one; not when a restore or a renewal ends.
 *
 * @param create - a function of module level, or of `useCallback`
 * @param leave - is given the client that is no longer used. @defaultValue stops the watched queries of an Apollo Client; its
 * cache is left behind with it
 */
export function useClientOfSession<T>(
  auth: TokenManager,
  create: () => T,
  leave: (client: T) => void = stopWatching,
): T {
  const read = () => clientOfSession(auth, create, leave);
  const client = useSyncExternalStore(auth.subscribe, read, read);
  const used = useRef({ auth, create, changes: 0 });
  useEffect(() => {
    const before = used.current;
    const isSame = before.auth === auth;
    const hasChanged = !isSame || before.create !== create;
    used.current = { auth, create, changes: isSame && hasChanged ? before.changes + 1 : 0 };
    if (hasChanged) leaveClient(before.auth, before.create);
    if (used.current.changes === 3) warnOfChanges();
  });
  return client;
}
