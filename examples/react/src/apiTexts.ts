/** What the page says of an API. */
export interface ApiTexts {
  readonly title: string;
  /** In the choice: what it is like. */
  readonly about: string;
  /** Beside the controls: what happens here that does not happen elsewhere. */
  readonly different: string;
  /** Beside the counters. */
  readonly counts?: string;
  /** What a person is told when signing in cannot work. */
  readonly misconfigured?: string;
  /** The slip of a server that the page can make happen. */
  readonly hiding?: string;
}

const renewalIsSignIn = 'There is no refresh token, so each renewal is a sign-in by the app’s own server.';

export const apiTexts = {
  oli: {
    title: 'OLI',
    about: 'A Keycloak server: OAuth password grant, refresh tokens that change with each use.',
    different:
      'The page talks to the auth server itself, because its client is public. Each renewal uses up its refresh token, so a second one at the same time would end the session.',
  },
  collectiveaccess: {
    title: 'CollectiveAccess',
    about: 'Signing in and refreshing are GraphQL queries, and refusals have a shape of their own.',
    different:
      'A dead token is refused with a masked “Internal server error” that only a flag beside it tells from others. The refresh token stays the same; once it has ended, you sign in again.',
  },
  realitems: {
    title: 'Real Items',
    about: 'OAuth for a client with a secret, so the app’s own server signs you in. No refresh token.',
    different:
      'The secret never reaches this page, which gets access tokens from the app’s own server. Since only signing in brings a new one, that server keeps your password for the session and signs you in again. An HttpOnly cookie survives a reload.',
    counts: renewalIsSignIn,
  },
  altrata: {
    title: 'Altrata',
    about: 'One service user, an API key, and one live token for everybody: a new one kills the old.',
    different:
      'You sign in to the app; the app signs in to Altrata, which sees only the service user. All users of the app share its one token, so the app’s server renews it once for all of them, and adds the API key to each operation on its way.',
    counts: renewalIsSignIn,
  },
  toggle: {
    title: 'Toggle',
    about: 'Tokens come in response headers, from another origin, and any answer may replace them.',
    different:
      'Nothing asks for a renewal: the answer to a token that is dead, or older than five seconds, brings the next, and token sets follow one another. Once the server says “Unauthorized”, only signing in helps; the page asks you, because it does not keep your password.',
    counts: 'New tokens come along with answers, so there is no renewal to count.',
    misconfigured:
      'Signing in cannot work: the server hides its token from pages of other origins. It must name X-Authorization in Access-Control-Expose-Headers.',
    hiding: 'The server forgets to let pages read its token header',
  },
  cookie: {
    title: 'Cookie',
    about: 'Only a short-lived token in memory; an HttpOnly cookie of the app’s own server survives a reload.',
    different:
      'The refresh token stays on the app’s own server. This page has a cookie that no script can read, and pages that renew at the same time share one renewal.',
  },
} as const satisfies Readonly<Record<string, ApiTexts>>;

export type ApiName = keyof typeof apiTexts;
