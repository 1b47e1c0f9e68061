import { type RenewContext, type SignInContext, TokenError, type TokenManagerOptions } from '@latchkey/core';
import { authServerError } from '@latchkey/core/adapter';
import { type RejectionOptions, readWith } from './isRejection.ts';
import { type LoginAnswer, type LoginParts, partsOf } from './loginAnswer.ts';

export type { RejectionOptions, TokenlessAnswer } from './isRejection.ts';

/** What is read from an answer whose tokens are in its cookies: when they expire and whose they are, where it states that. */
export type CookieAnswer = Omit<LoginAnswer, 'accessToken' | 'refreshToken'>;

type Sent = Response | PromiseLike<Response>;

/** An auth server that keeps its tokens in `HttpOnly` cookies. Its requests are yours: a page sends them with `credentials: 'include'`. */
export interface CookieTokensOptions<Credentials, Answer extends CookieAnswer> extends RejectionOptions {
  /** Asks for new cookies, or whether those there are still good. Also called at the start, with the option `restore`. */
  readonly renew: (context: RenewContext) => Sent;
  readonly signIn?: (credentials: Credentials, context: SignInContext) => Sent;
  /** Makes the server delete its cookies. */
  readonly signOut?: (context: { readonly signal: AbortSignal }) => Sent;
  /**
   * Reads the JSON of a success; `undefined` where it has none, as a 204.
   *
   * @returns `null` for a rejection
   * @defaultValue the fields `expiresInS` and `expiresAt`; `null` is a rejection, a field `error` or `errors` a failure
   */
  readonly answer?: (body: unknown) => Answer | null;
}

/** Manager options for a session whose tokens a script never sees. */
export type CookieSession<Credentials, Answer extends CookieAnswer> = Required<
  Pick<TokenManagerOptions<Credentials, LoginParts<Answer & LoginAnswer>>, 'renew' | 'signIn' | 'signOut' | 'headers'>
>;

/** Stands for the cookies, so that a refusal of the old ones is not taken for one of the new. It is sent nowhere. */
const standIn = () => `cookies-${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;

interface CookieBody extends CookieAnswer {
  readonly error?: unknown;
  readonly errors?: unknown;
}

function read(body: unknown): CookieAnswer | null {
  if (body === null) return null;
  const { expiresInS, expiresAt, error, errors } = (typeof body === 'object' ? body : {}) as CookieBody;
  if (error === 'invalid_grant') return null;
  if (error != null || (Array.isArray(errors) && errors.length > 0))
    throw new TokenError('unavailable', 'The answer states an error.', { mayBeRejection: true });
  return { expiresInS, expiresAt };
}

/**
 * Tokens in cookies only, as options of a token manager: nothing is attached to a request, but a refused one is sent again when
 * `renew` has brought new cookies, and the state shows whether somebody is signed in. The API's requests need
 * `credentials: 'include'`, too, where it is of another origin.
 *
 * @throws TokenError `misconfigured` when an option is wrong
 */
export function cookieTokens<Credentials, Answer extends CookieAnswer = CookieAnswer>(
  options: CookieTokensOptions<Credentials, Answer>,
): CookieSession<Credentials, Answer> {
  const { renew, signIn, signOut, answer = read as (body: unknown) => Answer | null } = options;
  if (typeof renew !== 'function')
    throw new TokenError('misconfigured', 'Option "renew" must be a function that sends the request for new cookies.');
  const tokensOf = async (sent: Sent) => readWith(await sent, options, response => readCookieAnswer(response, answer));
  return {
    headers: () => ({}),
    renew: context => tokensOf(renew(context)),
    signIn(credentials, context) {
      if (!signIn) throw new TokenError('misconfigured', 'There is no option "signIn". Pass one, or use "restore".');
      return tokensOf(signIn(credentials, context));
    },
    async signOut(_, context) {
      await (await signOut?.(context))?.body?.cancel();
    },
  };
}

/** `null` is a rejection. */
async function readCookieAnswer<Answer extends CookieAnswer>(
  response: Response,
  answer: (body: unknown) => Answer | null,
): Promise<LoginParts<Answer & LoginAnswer> | null> {
  const text = await response.text();
  const isPage = response.headers.get('content-type')?.includes('html');
  if (!response.ok || isPage) throw authServerError(response);
  const fields = answer(parse(text));
  return fields && partsOf({ ...fields, accessToken: standIn() });
}

/** The parser's error is dropped: it quotes the body. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
