import { randomUUID } from 'node:crypto';
import type { PasswordCredentials } from '@latchkey/providers/oauth2';
import type { BeginSession, Session } from './beginSession.ts';

/** The sessions of one API, by the id in the page's cookie. */
export interface Sessions {
  /** Resolves to the id. @throws TokenError as `auth.signIn` */
  readonly begin: (credentials: PasswordCredentials) => Promise<string>;
  readonly find: (id: string | undefined) => Session | undefined;
  readonly end: (id: string | undefined) => Promise<void>;
  /** Forgets all sessions, so that no cookie is valid any more. */
  readonly clear: () => void;
}

export function createSessions(beginSession: BeginSession): Sessions {
  const sessions = new Map<string, Session>();
  return {
    async begin(credentials) {
      const session = await beginSession(credentials);
      const id = randomUUID();
      sessions.set(id, session);
      return id;
    },
    find: id => sessions.get(id ?? ''),
    async end(id = '') {
      const session = sessions.get(id);
      sessions.delete(id);
      await session?.signOut?.();
    },
    clear: () => sessions.clear(),
  };
}
