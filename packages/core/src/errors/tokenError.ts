/** One sentence per code: the whole message in a production build. */
const sentences = {
  signedOut: 'Signed out.',
  sessionExpired: 'The session has expired.',
  credentialsRejected: 'The auth server rejected the credentials.',
  unavailable: 'The auth server is not available.',
  misconfigured: 'The configuration is wrong.',
  noProgress: 'The renewal answered no new token.',
  notRetryable: 'The operation cannot be sent again.',
  aborted: 'Aborted.',
  disposed: 'The token manager was disposed of.',
} as const;

/**
 * What went wrong, for a program to switch on:
 *
 * - `signedOut`: nobody is signed in, or the session that the operation belonged to has ended.
 * - `sessionExpired`: the auth server rejected the renewal; the user has to sign in again.
 * - `credentialsRejected`: the auth server rejected the credentials.
 * - `unavailable`: a transient failure (network, 5xx, 429, time-out, an unreadable answer); the session is kept.
 * - `misconfigured`: an option or a client registration is wrong; waiting does not help.
 * - `noProgress`: the renewal answered the token that had just been refused, or there is nothing to renew with.
 * - `notRetryable`: the operation was refused, and its body is already consumed.
 * - `aborted`: another sign-in or sign-out superseded this one. A signal that aborts fails its caller with its own reason.
 * - `disposed`: the token manager was disposed of.
 */
export type TokenErrorCode = keyof typeof sentences;

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
  /** How long the auth server asked clients to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The `error` of the auth server's answer, as `temporarily_unavailable`. @see RFC 6749 section 5.2 */
  readonly oauthError?: string | undefined;
  /** The auth server may have rejected the request: such answers are believed when they come three times in a row. */
  readonly mayBeRejection?: boolean | undefined;
  /** The refusal that led to the renewal which then failed. */
  readonly refusal?: Refusal | undefined;
}

/** The only error class of Latchkey. It never holds a token, a password or a client secret. */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  declare readonly status?: number;
  declare readonly retryAfterMs?: number;
  declare readonly oauthError?: string;
  declare readonly mayBeRejection?: boolean;
  declare readonly refusal?: Refusal;

  /** @param message - @defaultValue one sentence for the code */
  constructor(code: TokenErrorCode, message: string = sentences[code], options: TokenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TokenError';
    this.code = code;
    for (const name of ['status', 'retryAfterMs', 'oauthError', 'mayBeRejection', 'refusal'] as const)
      if (options[name] !== undefined) Object.assign(this, { [name]: options[name] });
  }

  /** Recognises a `TokenError` also when two copies of the package are loaded. */
  static is(error: unknown): error is TokenError {
    return error instanceof Error && error.name === 'TokenError' && (error as TokenError).code in sentences;
  }
}

/** A message for developers; `false` in a production build. */
type Explain = () => string | false;

/**
 * Calls `explain`, which holds the bare expression that bundlers replace, so that a production build does not contain what
 * follows it; a page without a bundler has no `process` and counts as production.
 */
export function inDevelopment(explain: Explain): string | undefined {
  let message: string | false = false;
  try {
    message = explain();
  } catch {
    // `process` is missing
  }
  return message || undefined;
}

/** Makes a `TokenError` with a message for developers; in a production build it has the sentence of its code. */
export const tokenError = (code: TokenErrorCode, explain: Explain, options?: TokenErrorOptions): TokenError =>
  new TokenError(code, inDevelopment(explain), options);

/** What the auth server's answer stated. */
export const detailsOf = ({ status, retryAfterMs, oauthError, mayBeRejection }: TokenError): TokenErrorOptions => ({
  status,
  retryAfterMs,
  oauthError,
  mayBeRejection,
});

export const sessionIsOver = (): TokenError =>
  tokenError(
    'signedOut',
    () => process.env.NODE_ENV !== 'production' && 'The session that this operation belonged to has ended.',
  );

/** @internal */
export const disposed = (): TokenError => new TokenError('disposed');
