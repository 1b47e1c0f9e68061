import type { TokenError } from '../errors/tokenError.ts';
import { usersOf } from '../tokens/tokenSet.ts';
import type { SessionState } from './sessionState.ts';

/** What the manager knows, without tokens. Frozen, and the same object until something changes. */
export interface TokenManagerState {
  /** `signedOut`: also while a guest's session is on. `unknown`: the store has not answered, `restore` is not finished, or the manager may sign in by itself. */
  readonly status: 'unknown' | 'signedOut' | 'signedIn';
  /** The session that is on. */
  readonly sessionId?: string | undefined;
  readonly renewing: boolean;
  /** Milliseconds since the epoch, where known. */
  readonly expiresAt?: number | undefined;
  /** Why the last renewal failed, or why the session has ended. */
  readonly error?: TokenError | undefined;
}

/** The public snapshot of a state; `last` where nothing has changed. */
export function snapshotOf(
  last: TokenManagerState | undefined,
  state: SessionState,
  renewing: boolean,
  error: TokenError | undefined,
): TokenManagerState {
  const { sessionId, expiresAt } = usersOf(state.tokens) ?? {};
  const isSignedOut =
    state.tokens?.isGuest || state.status === 'disposed' || (state.status === 'signedOut' && !state.maySignIn);
  const status = sessionId ? 'signedIn' : isSignedOut ? 'signedOut' : 'unknown';
  const isSame =
    last?.status === status &&
    last.sessionId === sessionId &&
    last.renewing === renewing &&
    last.expiresAt === expiresAt &&
    last.error === error;
  if (isSame) return last;
  return Object.freeze({
    status,
    ...(sessionId && { sessionId }),
    renewing,
    ...(expiresAt && { expiresAt }),
    ...(error && { error }),
  });
}
