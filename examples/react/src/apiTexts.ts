/** The texts of one API on the page. */
export interface ApiTexts {
  readonly title: string;
  /** A short description, in the choice. */
  readonly about: string;
  /** What is different from the other APIs, above the controls. */
  readonly different: string;
  /** Next to the counters. */
  readonly counts?: string;
  /** Shown when a sign-in fails with `misconfigured`. */
  readonly misconfigured?: string;
  /** The label of the switch that hides the token headers. */
  readonly hiding?: string;
}

const renewalIsSignIn = 'There is no refresh token, so each renewal is a sign-in by the app’s own server.';

export const apiTexts = {
  oli: {
    title: 'OLI',
    about: 'A Keycloak server: OAuth password grant, refresh tokens that change with each use.',
    different:
      'The page calls the auth server itself, because its client is public. Each renewal uses up its refresh token, so a second one at the same time would end the session.',
  },
  collectiveaccess: {
    title: 'CollectiveAccess',
    about: 'Signing in and refreshing are GraphQL queries, and refusals have a shape of their own.',
    different:
      'An expired token is refused with a masked “Internal server error” and a flag next to it that other errors do not have. The refresh token stays the same; once it has expired, you sign in again.',
  },
  realitems: {
    title: 'Real Items',
    about: 'OAuth for a client with a secret, so the app’s own server signs you in. No refresh token.',
    different:
      'The secret never reaches this page, which gets access tokens from the app’s own server. Only a sign-in brings a new token, so that server keeps your password for the session and signs you in again. An HttpOnly cookie survives a reload.',
    counts: renewalIsSignIn,
  },
  altrata: {
    title: 'Altrata',
    about: 'One service user, an API key, and one valid token for all users: a new one revokes the old one.',
    different:
      'You sign in to the app; the app signs in to Altrata, which knows only the service user. All users of the app share its token, so the app’s server renews it once for all of them, and adds the API key to each operation.',
    counts: renewalIsSignIn,
  },
  toggle: {
    title: 'Toggle',
    about: 'Tokens come in response headers, from another origin, and any response may replace them.',
    different:
      'There are no renewals: the response to a token that has expired, or is older than five seconds, brings the next token. Once the server answers “Unauthorized”, only a sign-in helps; the page asks you, because it does not keep your password.',
    counts: 'New tokens come with the responses, so there is no renewal to count.',
    misconfigured:
      'Signing in cannot work: the server hides its token from pages of other origins. It must name X-Authorization in Access-Control-Expose-Headers.',
    hiding: 'The server does not let pages read its token header',
  },
  cookie: {
    title: 'Cookie',
    about: 'Only a short-lived token in memory; an HttpOnly cookie of the app’s own server survives a reload.',
    different:
      'The refresh token stays on the app’s own server. This page has a cookie that no script can read, and pages that renew at the same time share one renewal.',
  },
} as const satisfies Readonly<Record<string, ApiTexts>>;

export type ApiName = keyof typeof apiTexts;
