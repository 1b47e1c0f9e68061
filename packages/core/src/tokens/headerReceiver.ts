import type { Session } from '../session/session.ts';
import type { TokenManagerOptions } from '../tokenManagerOptions.ts';
import type { ResponseFacts } from '../verdict/responseFacts.ts';
import { decodeUnverified } from './decodeUnverified.ts';
import { makeTokenSet, type TokenAnswer, type TokenSet } from './tokenSet.ts';

/** Whether the new token is not known to be somebody else's: an anonymous one has no subject. */
function isOfSameUser(current: TokenSet, next: TokenSet): boolean {
  const before = decodeUnverified(current.accessToken);
  const after = decodeUnverified(next.accessToken);
  return !before || !after || (before.sub === after.sub && before.iss === after.iss);
}

/**
 * Takes over the token that a response brought, in the same session: only when its request carried the token set that we
 * still have, so that late and reordered answers change nothing; not from a redirected response; not another user's.
 */
export function receiveTokens(
  receive: NonNullable<TokenManagerOptions['receive']>,
  session: Session,
  facts: ResponseFacts,
  now: number,
): void {
  const { sent } = facts;
  const response = facts.response?.();
  if (!sent || sent !== session.tokens || !response || response.redirected) return;
  const received = receive(response.headers, { ...facts, url: response.url });
  if (!received) return;
  const parts = typeof received === 'string' ? { accessToken: received } : received;
  if (parts.accessToken === sent.accessToken) return;
  const next = tokenSetOf({ parts, requestedAt: now }, sent);
  if (next && isOfSameUser(sent, next)) void session.advance(sent, next);
}

/** `undefined` for a token that no header could carry: the answer that brought it is good all the same. */
function tokenSetOf(answer: TokenAnswer, sent: TokenSet): TokenSet | undefined {
  try {
    return makeTokenSet(answer, { session: sent.session, version: sent.version + 1 }, sent);
  } catch {
    return undefined;
  }
}
