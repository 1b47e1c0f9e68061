import type { TokenManager, TokenManagerState } from '@latchkey/core';
import { inDevelopment, warnOnce } from '@latchkey/core/adapter';

// The clients of the present session, outside of React: a root that suspends before it was mounted loses its hooks' state.

interface Kept {
  readonly client: unknown;
  readonly leave: () => void;
}

interface Session {
  /** `null`: known to be signed out; `undefined`: not known since the last session has ended, or from the start. */
  id: string | null | undefined;
  /** The last session whose clients were left. */
  left?: string | undefined;
  /** By the functions that have made them. */
  readonly clients: Map<unknown, Kept>;
}

const sessions = new WeakMap<TokenManager, Session>();

/** The client of the session that is on: the one that `create` has made for it, or a new one. */
export function clientOfSession<T>(auth: TokenManager, create: () => T, leave: (client: T) => void): T {
  const { clients } = sessionOf(auth);
  const kept = clients.get(create);
  if (kept) return kept.client as T;
  const client = create();
  clients.set(create, { client, leave: () => leave(client) });
  if (clients.size > 9) warnOfChanges(); // a tree that suspends each time
  return client;
}

/** A component uses another function, or another manager. */
export function leaveClient(auth: TokenManager, create: unknown): void {
  const { clients } = sessionOf(auth);
  const kept = clients.get(create);
  clients.delete(create);
  if (kept) leaveSoon(kept);
}

export const warnOfChanges = (): unknown =>
  inDevelopment(
    () =>
      process.env.NODE_ENV !== 'production' &&
      warnOnce(
        'useClientOfSession gets another function "create" each time, and makes a client with each. Use one of module level, or useCallback.',
      ),
  );

function sessionOf(auth: TokenManager): Session {
  const session = sessions.get(auth) ?? follow(auth);
  look(session, auth.state);
  return session;
}

/** Listens to the ends of sessions that no component sees. Events, and not `subscribe`: that would start a restore. */
function follow(auth: TokenManager): Session {
  const session: Session = { id: undefined, clients: new Map() };
  sessions.set(auth, session);
  auth.on('signedOut', ({ sessionId }) => {
    look(session, auth.state);
    if (session.left !== sessionId) leaveAll(session, sessionId);
  });
  return session;
}

/** A client serves one session, from the start or from its beginning, or the time while nobody is known to be signed in. */
function look(session: Session, { status, sessionId }: TokenManagerState): void {
  const { id } = session;
  const next = sessionId ?? (status === 'signedOut' ? null : undefined);
  if (next === id || (id === null && next === undefined)) return;
  session.id = next;
  if (id !== undefined) leaveAll(session, id);
}

function leaveAll(session: Session, id: string | null): void {
  if (id !== null) session.left = id;
  for (const kept of session.clients.values()) leaveSoon(kept);
  session.clients.clear();
}

/** Not at once: this may run while React renders, and what throws is reported and harms nobody. */
const leaveSoon = ({ leave }: Kept): void => queueMicrotask(leave);
