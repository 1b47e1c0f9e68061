import { sessionIsOver, tokenError } from '../errors/tokenError.ts';
import { checkSignal } from '../session/waitingList.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { AuthChoice } from '../verdict/responseFacts.ts';

/**
 * Checks that an operation may be sent with this token set; `null`: without one.
 *
 * @param sessionId - the session in which it was sent before
 * @throws the reason of its signal when that has aborted; TokenError `signedOut` when it belongs to another session, or requires a
 * token where there is none
 */
export function checkAttempt(
  tokens: TokenSet | null,
  auth?: AuthChoice,
  sessionId?: string,
  signal?: AbortSignal | null,
): void {
  checkSignal(signal);
  if (sessionId && sessionId !== tokens?.sessionId) throw sessionIsOver();
  if ((!tokens || tokens.isGuest) && auth === 'required')
    throw tokenError('signedOut', () => process.env.NODE_ENV !== 'production' && 'Nobody is signed in.');
}
