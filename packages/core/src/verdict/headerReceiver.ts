import { decodeUnverified } from '../tokens/decodeUnverified.ts';
import { makeTokenSet, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from './responseFacts.ts';

/**
 * The option `receive`: the successor of `sent`, the token set in use, that an answer brought. It is used at once.
 *
 * @param now - milliseconds since the epoch
 */
export type Receiver = (facts: ResponseFacts, sent: TokenSet, now: number) => TokenSet | undefined;

/** The facts of an answer, and the URL that it came from. */
export type ReceivedFacts = ResponseFacts & { readonly url: string };

/** Whether the new token may belong to the same user: an anonymous one has no subject. */
function isOfSameUser(current: TokenSet, next: TokenSet): boolean {
  const before = decodeUnverified(current.accessToken);
  const after = decodeUnverified(next.accessToken);
  return !before || !after || (before.sub === after.sub && before.iss === after.iss);
}

/** `undefined` for a token that no header can carry: the answer that brought it is good all the same. */
function successorOf(parts: TokenParts, sent: TokenSet, requestedAt: number): TokenSet | undefined {
  try {
    return makeTokenSet({ parts, requestedAt }, { sessionId: sent.sessionId, version: sent.version + 1 }, sent);
  } catch {
    return undefined;
  }
}

/** An object with the facts of another and a URL; adapters have accessors, which a spread would not copy. */
const withUrl = (facts: ResponseFacts, url: string): ReceivedFacts =>
  Object.create(facts, { url: { value: url } }) as ReceivedFacts;

/**
 * The option `receive` for an API whose answers bring a new token in a header. Not from a redirected answer, and not the
 * token of another user.
 *
 * @param read - the token in the headers, if there is one and `facts.url` is where such tokens come from
 */
export function headerReceiver(
  read: (headers: Headers, facts: ReceivedFacts) => TokenParts | string | null | undefined,
): Receiver {
  return (facts, sent, now) => {
    const response = facts.response?.();
    if (!response || response.redirected) return undefined;
    const received = read(response.headers, withUrl(facts, response.url));
    if (!received) return undefined;
    const parts = typeof received === 'string' ? { accessToken: received } : received;
    if (parts.accessToken === sent.accessToken) return undefined;
    const next = successorOf(parts, sent, now);
    return next && isOfSameUser(sent, next) ? next : undefined;
  };
}
