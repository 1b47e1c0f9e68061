const codes = [
  'signedOut',
  'sessionExpired',
  'credentialsRejected',
  'unavailable',
  'misconfigured',
  'noProgress',
  'notRepeatable',
  'aborted',
  'disposed',
] as const;

/**
 * What went wrong, for a program to switch on:
 *
 * - `signedOut`: nobody is signed in, or the session that the operation belonged to is over.
 * - `sessionExpired`: the auth server said no to the renewal; the user has to sign in again.
 * - `credentialsRejected`: the auth server said no to the credentials.
 * - `unavailable`: network, 5xx, 429, time-out, an answer that is none; the session is kept.
 * - `misconfigured`: an option or a client registration is wrong; waiting does not help.
 * - `noProgress`: the renewal brought the token that had just been refused.
 * - `notRepeatable`: the operation was refused, and its body is already consumed.
 * - `aborted`: the caller left.
 * - `disposed`: the token manager was disposed of.
 */
export type TokenErrorCode = (typeof codes)[number];

/** How a server refused an operation, without its tokens. */
export interface Refusal {
  readonly status?: number | undefined;
  readonly messages: readonly string[];
}

export interface TokenErrorOptions {
  /** A redacted copy of what was thrown: name, message, code and status. Never the thrown object itself, which may hold tokens. */
  readonly cause?: unknown;
  /** HTTP status of the auth server's answer. */
  readonly status?: number | undefined;
  /** How long the auth server asked to be left alone (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The `error` of the auth server's answer, where it was trouble, as `temporarily_unavailable`. @see RFC 6749 section 5.2 */
  readonly oauthError?: string | undefined;
  /** The refusal that led to the renewal which then failed. */
  readonly refusal?: Refusal | undefined;
}

/** The one error class of Latchkey. No token, password or client secret is ever in it. */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  declare readonly status?: number;
  declare readonly retryAfterMs?: number;
  declare readonly oauthError?: string;
  declare readonly refusal?: Refusal;

  constructor(code: TokenErrorCode, message: string, options: TokenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TokenError';
    this.code = code;
    for (const name of ['status', 'retryAfterMs', 'oauthError', 'refusal'] as const)
      if (options[name] !== undefined) Object.assign(this, { [name]: options[name] });
  }

  /** Tells a `TokenError` also when two copies of the package are loaded, and from others of that name. */
  static is(error: unknown): error is TokenError {
    return error instanceof Error && error.name === 'TokenError' && codes.includes((error as TokenError).code);
  }
}

export const sessionIsOver = (): TokenError =>
  new TokenError('signedOut', 'The session that this operation belonged to is over.');
