import { type Dialect, TokenError, type TokenManagerOptions } from '@latchkey/core';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { graphqlLogin, type LoginQuestion, type LoginSession } from './graphqlLogin.ts';
import type { LoginAnswer } from './loginAnswer.ts';
import { parseUrl } from './parseUrl.ts';

/** An API that signs users in by GraphQL and answers the token in response headers. */
export interface HeaderTokenOptions<Credentials, Told extends object> extends EndpointOptions, SendOptions {
  /** The endpoint of the sign-in: absolute, https or on this machine. Tokens are taken from responses of its origin alone. */
  readonly url: string;
  /** Which response headers may bring a token, with or without `Bearer `; the first that does counts. */
  readonly tokenHeaders: readonly string[];
  readonly signIn: LoginQuestion<Credentials> & {
    /** What `auth.signIn` resolves to, read from the `data` of the answer. @defaultValue nothing */
    answer?(data: object): Told;
  };
  /** Whether the server is known to renew an expired token that it is sent. @defaultValue false: it signs in again instead */
  readonly sendExpired?: boolean;
  /** How the sign-in says no: errors that it judges `unauthenticated`. @defaultValue as `graphqlLogin` */
  readonly dialect?: Dialect;
  /** Further headers of the sign-in. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Manager options for a session whose token the server replaces. */
export type HeaderSession<Credentials, Told extends object> = Pick<
  LoginSession<Credentials, Told & LoginAnswer>,
  'renew' | 'signIn'
> &
  Required<Pick<TokenManagerOptions, 'receive' | 'renewal'>>;

/** What a header can carry back; not an empty value, nor a text that a slip of the server makes. */
const token = /^(?:bearer +)?(?!(?:null|undefined|nan|bearer)$)([\x21-\x7e]{1,16384})$/i;

/**
 * Sign-in by GraphQL with the token in the headers of the answer, as options of a token manager. Any later answer may bring
 * its successor; the core takes it over in the order of the requests, in the same session, and not from a redirect.
 *
 * A page of another origin sees these headers only when the server names them in `Access-Control-Expose-Headers`.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming option and remedy
 */
export function headerToken<Credentials, Told extends object = object>(
  options: HeaderTokenOptions<Credentials, Told>,
): HeaderSession<Credentials, Told> {
  const { tokenHeaders, signIn, sendExpired = false, ...rest } = options;
  const { origin } = new URL(checkEndpoint(options.url, 'Option "url"', options));
  const names = checkNames(tokenHeaders);

  const tokenIn = (headers: Headers): string | undefined =>
    names.map(name => token.exec(headers.get(name)?.trim() ?? '')?.[1]).find(found => found !== undefined);

  const login = graphqlLogin<Credentials, Told & LoginAnswer>({
    ...rest,
    signIn: {
      ...signIn,
      answer(data: object, headers: Headers) {
        const accessToken = tokenIn(headers);
        if (accessToken === undefined) throw hidden(names);
        return { ...(signIn.answer?.(data) as Told), accessToken };
      },
    },
  });
  return {
    signIn: login.signIn,
    renew: login.renew,
    renewal: sendExpired ? 'refused' : 'auto',
    receive(headers, { url, data }) {
      if (parseUrl(url)?.origin !== origin) return null;
      const received = tokenIn(headers);
      // With no data an opaque token may be an anonymous one; a JWT is compared with the current one by the core.
      return received && (data != null || received.split('.').length === 3) ? received : null;
    },
  };
}

function checkNames(names: readonly string[]): readonly string[] {
  const areNames = Array.isArray(names) && names.length > 0 && names.every(name => /^[\w!#$%&'*+.^`|~-]+$/.test(name));
  if (areNames) return names;
  throw new TokenError('misconfigured', 'Option "tokenHeaders" must be names of response headers. Pass one at least.');
}

const hidden = (names: readonly string[]) =>
  new TokenError(
    'misconfigured',
    `The sign-in answered no token in ${names.join(' or ')}. In a page of another origin the server must name the header in Access-Control-Expose-Headers.`,
  );
