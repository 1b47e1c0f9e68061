import { sessionIsOver, tokenError } from '../errors/tokenError.ts';
import { aborted } from '../session/waitingList.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { AuthChoice } from './adapterOptions.ts';

/**
 * Checks that an operation may be sent with this token set; `null`: without one.
 *
 * @param sessionId - the session in which it was sent before
 * @throws TokenError `aborted` when its signal has aborted; `signedOut` when it belongs to another session, or requires a token
 * where there is none
 */
export function checkAttempt(
  tokens: TokenSet | null,
  auth?: AuthChoice,
  sessionId?: string,
  signal?: AbortSignal | null,
): void {
  if (signal?.aborted) throw aborted();
  if (sessionId && sessionId !== tokens?.sessionId) throw sessionIsOver();
  if ((!tokens || tokens.isGuest) && auth === 'required')
    throw tokenError('signedOut', () => process.env.NODE_ENV !== 'production' && 'Nobody is signed in.');
}
