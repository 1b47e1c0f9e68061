import { decodeUnverified } from '../tokens/decodeUnverified.ts';
import { isSendable, subjectOf, type TokenAnswer, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from './responseFacts.ts';

/**
 * The option `receive`: the tokens that the answer to an operation with `sent`, the token set in use, brought. They are used
 * at once.
 *
 * @param sent - `null`: nobody is signed in, and a guest's session begins with the tokens
 * @param now - milliseconds since the epoch
 */
export type Receiver = (facts: ResponseFacts, sent: TokenSet | null, now: number) => TokenAnswer | undefined;

/** The facts of an answer, and the URL that it came from. */
export type ReceivedFacts = ResponseFacts & { readonly url: string };

/** Whether the answer found nothing: every root field is `null`, as the answer to a session that the server has ended. */
function isEmpty(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return data === null;
  const fields = Object.values(data);
  return fields.length > 0 && fields.every(field => field === null);
}

/** Whether a token may be an anonymous one, after a user's: it states no user where that did, or came with nothing. */
function isAnonymous(token: string, { data }: ResponseFacts, before: TokenSet): boolean {
  const subject = subjectOf(token);
  if (isEmpty(data)) return subject === undefined || subject !== before.subject;
  return subject === undefined && subjectOf(before.accessToken) !== undefined && decodeUnverified(token) !== undefined;
}

/** An object with the facts of another and a URL; adapters have accessors, which a spread would not copy. */
const withUrl = (facts: ResponseFacts, url: string): ReceivedFacts =>
  Object.create(facts, { url: { value: url } }) as ReceivedFacts;

export interface HeaderReceiverOptions {
  /**
   * Whether an answer to somebody who is not signed in begins a guest's session, as shops keep one with a cart. It is sent from
   * then on, and at the sign-in. @defaultValue false
   */
  readonly guests?: boolean;
}

/**
 * The option `receive` for an API whose answers bring a new token in a header. Not from a redirected answer; and no anonymous
 * token after a user's, which an answer with nothing but `null` is taken for.
 *
 * @param read - the token in the headers, if there is one and `facts.url` is where such tokens come from
 */
export function headerReceiver(
  read: (headers: Headers, facts: ReceivedFacts) => TokenParts | string | null | undefined,
  { guests = false }: HeaderReceiverOptions = {},
): Receiver {
  return (facts, sent, now) => {
    const response = sent || guests ? facts.response?.() : undefined;
    if (!response || response.redirected) return undefined;
    const received = read(response.headers, withUrl(facts, response.url));
    if (!received) return undefined;
    const parts = typeof received === 'string' ? { accessToken: received } : received;
    const { accessToken, refreshToken } = parts;
    const isWhole = isSendable(accessToken) && (!refreshToken || isSendable(refreshToken));
    if (!isWhole || accessToken === sent?.accessToken) return undefined; // the answer is good all the same
    const isDowngrade = sent && !sent.isGuest && isAnonymous(accessToken, facts, sent);
    return isDowngrade ? undefined : { parts, requestedAt: now };
  };
}
