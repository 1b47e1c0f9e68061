import { decodeUnverified } from '../tokens/decodeUnverified.ts';
import { isSendable, subjectOf, type TokenAnswer, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from './responseFacts.ts';

/**
 * The option `receive`: the tokens that the answer to an operation with `sent`, the token set in use, brought. They are used
 * at once.
 *
 * @param now - milliseconds since the epoch
 */
export type Receiver = (facts: ResponseFacts, sent: TokenSet, now: number) => TokenAnswer | undefined;

/** The facts of an answer, and the URL that it came from. */
export type ReceivedFacts = ResponseFacts & { readonly url: string };

/** Whether a token states no user, where the one before stated one. */
const isAnonymous = (token: string, before: string): boolean =>
  subjectOf(before) !== undefined && decodeUnverified(token) !== undefined && subjectOf(token) === undefined;

/** An object with the facts of another and a URL; adapters have accessors, which a spread would not copy. */
const withUrl = (facts: ResponseFacts, url: string): ReceivedFacts =>
  Object.create(facts, { url: { value: url } }) as ReceivedFacts;

/**
 * The option `receive` for an API whose answers bring a new token in a header. Not from a redirected answer, and no
 * anonymous token after a user's.
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
    const { accessToken, refreshToken } = parts;
    const isWhole = isSendable(accessToken) && (!refreshToken || isSendable(refreshToken));
    if (!isWhole || accessToken === sent.accessToken) return undefined; // the answer is good all the same
    return isAnonymous(accessToken, sent.accessToken) ? undefined : { parts, requestedAt: now };
  };
}
