import { type Dialect, headerReceiver, TokenError, type TokenManagerOptions, type TokenSet } from '@latchkey/core';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { graphqlLogin, type LoginDocument, type LoginSession } from './graphqlLogin.ts';
import type { RejectionOptions } from './isRejection.ts';
import type { LoginAnswer } from './loginAnswer.ts';
import { parseUrl } from './parseUrl.ts';

/** An API that signs users in by GraphQL and returns the token in response headers. */
export interface HeaderTokenOptions<Credentials, Answer extends object>
  extends EndpointOptions,
    SendOptions,
    RejectionOptions {
  /** The endpoint of the sign-in: absolute, https or loopback. Tokens are accepted only from responses of its origin. */
  readonly url: string;
  /** The response headers that may hold a token, with or without `Bearer `; the first one that does is used. */
  readonly tokenHeaders: readonly string[];
  readonly signIn: LoginDocument<Credentials> & {
    /**
     * What `auth.signIn` resolves to, read from the `data` of the answer; `null` for a rejection, whatever the headers hold.
     *
     * @defaultValue nothing; a root field is a rejection whose `__typename` ends in `Error`, or that has an `errorCode`, `errors` or
     * `success: false`
     */
    answer?(data: object): Answer | null;
  };
  /** Ends the session at the server; sent with the token as `Authorization: Bearer`, unless its `headers` say otherwise. */
  readonly signOut?: LoginDocument<TokenSet>;
  /** Whether the server renews an expired token that it receives. @defaultValue false: the manager signs in again instead */
  readonly sendExpired?: boolean;
  /** An error at sign-in is a rejection where this judges `unauthenticated`. @defaultValue as `graphqlLogin` */
  readonly dialect?: Dialect;
  /** Further headers of the sign-in. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Manager options for a session whose token the server replaces. */
export type HeaderSession<Credentials, Answer extends object> = Pick<
  LoginSession<Credentials, Answer & LoginAnswer>,
  'renew' | 'signIn' | 'signOut'
> &
  Required<Pick<TokenManagerOptions, 'receive' | 'renewal'>>;

/** Matches a token with or without `Bearer `, but not the string that a bug of the server makes of a missing one. */
const tokenPattern = /^(?:bearer +)?(?!(?:null|undefined|nan|bearer)$)([\x21-\x7e]{1,16384})$/i;

function tokenIn(headers: Headers, names: readonly string[]): string | undefined {
  return names.map(name => tokenPattern.exec(headers.get(name)?.trim() ?? '')?.[1]).find(token => token !== undefined);
}

/**
 * Sign-in by GraphQL with the token in the headers of the answer, as options of a token manager. Any later response may hold
 * the successor: the core accepts it in the order of the requests, in the same session, and not from a redirect.
 *
 * Where nobody is signed in, such a token begins a guest's session. It is sent with the operations that follow and, as
 * `Authorization: Bearer`, with the sign-in, so that the server can keep what the guest has, e.g. a cart. `signIn.headers`
 * replaces that.
 *
 * A page of another origin can read these headers only when the server lists them in `Access-Control-Expose-Headers`.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function headerToken<Credentials, Answer extends object = object>(
  options: HeaderTokenOptions<Credentials, Answer>,
): HeaderSession<Credentials, Answer> {
  const { tokenHeaders, signIn, signOut, sendExpired = false, ...rest } = options;
  const { origin } = new URL(checkEndpoint(options.url, 'Option "url"', options));
  checkNames(tokenHeaders);

  const login = graphqlLogin<Credentials, Answer & LoginAnswer>({
    ...rest,
    ...(signOut && { signOut: { headers: bearerOf, ...signOut } }),
    signIn: {
      headers: bearerOf,
      ...signIn,
      answer(data: object, headers: Headers, guest?: TokenSet) {
        const own = signIn.answer ? signIn.answer(data) : isRejectedAsData(data) ? null : undefined;
        if (own === null) return null;
        const accessToken = tokenIn(headers, tokenHeaders) ?? guest?.accessToken; // the server may keep the guest's session
        if (accessToken === undefined) throw tokenMissing(tokenHeaders);
        return { ...(own as Answer), accessToken };
      },
    },
  });
  return {
    signIn: login.signIn,
    renew: login.renew,
    signOut: login.signOut,
    renewal: sendExpired ? 'refused' : 'auto',
    receive: headerReceiver(
      (headers, { url, data, sent }) => {
        if (parseUrl(url)?.origin !== origin) return null;
        const received = tokenIn(headers, tokenHeaders);
        // After a user's an opaque token without data may be an anonymous one. The subject of a JWT is compared by the core.
        const isTaken = !sent || sent.isGuest || data != null || received?.split('.').length === 3;
        return isTaken ? received : null;
      },
      { guests: true },
    ),
  };
}

const bearerOf = (tokens: TokenSet | undefined): Readonly<Record<string, string>> =>
  tokens ? { authorization: `Bearer ${tokens.accessToken}` } : {};

interface Result {
  readonly __typename?: unknown;
  readonly errorCode?: unknown;
  readonly success?: unknown;
  readonly errors?: unknown;
}

/** How the result of a sign-in states a failure: as an error type of a union, or in a field. */
function isFailure(result: Result | null): boolean {
  const { __typename: type, errorCode, success, errors } = result ?? {};
  const isErrorType = typeof type === 'string' && type.endsWith('Error');
  return isErrorType || errorCode != null || success === false || (Array.isArray(errors) && errors.length > 0);
}

const isRejectedAsData = (data: object): boolean =>
  Object.values(data as Record<string, Result | null>).some(isFailure);

function checkNames(names: readonly string[]): void {
  const areNames = Array.isArray(names) && names.length > 0 && names.every(name => /^[\w!#$%&'*+.^`|~-]+$/.test(name));
  if (!areNames)
    throw new TokenError(
      'misconfigured',
      'Option "tokenHeaders" must be names of response headers. Pass at least one.',
    );
}

const tokenMissing = (names: readonly string[]) =>
  new TokenError(
    'misconfigured',
    `The answer to the sign-in has no token in ${names.join(' or ')}. If it states that the password is wrong, return null from "signIn.answer". For a page of another origin the server must list the header in Access-Control-Expose-Headers.`,
  );
