import { sessionIsOver, TokenError } from '../errors/tokenError.ts';
import { checkSignal } from '../time/waiting.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { AuthChoice } from './adapterOptions.ts';

/** What an operation brings that is about to be sent. */
export interface AttemptFacts {
  readonly auth?: AuthChoice | undefined;
  /** The session that it was sent in before. */
  readonly session?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether an operation may be sent with this token set; `null`: with none.
 *
 * @throws TokenError `aborted` for one whose caller has left; `signedOut` for one of another session, and for one that
 * requires a token where there is none
 */
export function checkAttempt(tokens: TokenSet | null, { auth, session, signal }: AttemptFacts): void {
  checkSignal(signal);
  if (session && session !== tokens?.session) throw sessionIsOver();
  if (!tokens && auth === 'required') throw new TokenError('signedOut', 'Nobody is signed in.');
}
