import { redact, redactedCause, textsIn } from '../errors/redact.ts';
import { TokenError } from '../errors/tokenError.ts';
import type { RenewalReason } from '../session/tokenEvents.ts';
import type { Clock } from '../time/clock.ts';
import { withinTime } from '../time/waiting.ts';
import type { TokenManagerOptions } from '../tokenManagerOptions.ts';
import { makeTokenSet, nowhere, type TokenAnswer, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';
import type { Cooldown } from './cooldown.ts';

/** The exchanges with the auth server: each within its time, each failure as a `TokenError` without secrets. */
export interface Exchange<Credentials = never, Answer extends TokenParts = TokenParts> {
  /** Asks `renew`. `null` is the auth server's no; `undefined`: there was nothing to ask with. */
  renew(current: TokenSet | undefined, reason: RenewalReason): Promise<TokenAnswer | null | undefined>;
  /** @throws TokenError `credentialsRejected` on a no */
  signIn(credentials: Credentials): Promise<TokenAnswer<Answer>>;
  /** Signs in with what `credentials` gives; `null` when it gives nothing. */
  signInUnattended(): Promise<TokenAnswer | null>;
  /** Best effort: never rejects. */
  revoke(tokens: TokenSet): Promise<void>;
  /** Revokes an answer that nobody wants any more; while a session is on only what has a grant of its own. */
  drop(answer: TokenAnswer, isSignedIn: boolean): void;
  /** Ends every exchange, at once and for good. */
  close(): void;
}

const late =
  'The auth server did not answer in time. If the request goes through a client that waits for this token manager, mark it with auth: "omit".';

const isNo = ({ code }: TokenError) => code === 'sessionExpired' || code === 'credentialsRejected';

export interface ExchangeContext {
  readonly renewTimeoutMs: number;
  readonly clock: Clock;
  readonly cooldown: Cooldown;
  /** Whether `credentials` may be asked: not after the user has signed out. */
  readonly isUnattended: () => boolean;
}

export function createExchange<Credentials, Answer extends TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
  { renewTimeoutMs, clock, cooldown, isUnattended }: ExchangeContext,
): Exchange<Credentials, Answer> {
  const { renew, signIn, signOut, credentials } = options;
  /** The token set whose renewal was refused: its refresh token is not sent again. */
  let refused: TokenSet | undefined;
  const closed = new AbortController();

  /** What a callback threw: what is no `TokenError` is trouble on the way. */
  function tokenErrorOf(thrown: unknown, given: unknown): TokenError {
    const secrets = textsIn(given);
    if (!TokenError.is(thrown))
      return new TokenError('unavailable', 'The auth server could not be reached, or its answer could not be read.', {
        cause: redactedCause(thrown, secrets),
      });
    const { code, message, status, retryAfterMs, oauthError, cause } = thrown;
    return new TokenError(code, redact(message, secrets), {
      status,
      retryAfterMs,
      oauthError,
      cause: cause === undefined ? undefined : redactedCause(cause, secrets),
    });
  }

  async function request<T>(run: (signal: AbortSignal) => T | PromiseLike<T>, secrets: unknown): Promise<T> {
    try {
      return await withinTime(run, renewTimeoutMs, clock, late, closed.signal);
    } catch (thrown) {
      throw tokenErrorOf(thrown, secrets);
    }
  }

  function partsOf<Parts extends TokenParts>(answer: Parts | undefined): Parts {
    if (typeof answer?.accessToken === 'string') return answer;
    throw new TokenError('unavailable', 'The provider answered no tokens. Return them, or null for a no.');
  }

  async function exchangeSignIn(given: Credentials): Promise<TokenAnswer<Answer>> {
    if (!signIn) throw new TokenError('misconfigured', 'There is no option "signIn". Pass one, or use "adopt".');
    const requestedAt = clock.now();
    const rejected = ({ cause, status, oauthError }: Partial<TokenError> = {}) =>
      new TokenError('credentialsRejected', 'The auth server refused the credentials.', { cause, status, oauthError });
    const answer = await request(signal => signIn(given, { signal }), given).catch((error: TokenError) => {
      throw isNo(error) ? rejected(error) : error;
    });
    if (answer === null || answer?.accessToken === null) throw rejected();
    return { parts: partsOf(answer), requestedAt, answeredAt: clock.now() };
  }

  async function revoke(tokens: TokenSet): Promise<void> {
    if (signOut && !closed.signal.aborted)
      await request(signal => signOut(tokens, { signal }), undefined).catch(() => {});
  }

  return {
    async renew(current, reason) {
      const dead = current?.refreshExpiresAt !== undefined && clock.now() >= current.refreshExpiresAt;
      const asks = current ? current !== refused && !dead : reason === 'restore';
      if (!renew || !asks) return undefined;
      const requestedAt = clock.now();
      try {
        const secrets = [current?.accessToken, current?.refreshToken];
        const answer = await request(signal => renew({ current, reason, signal }), secrets);
        const answeredAt = clock.now();
        if (typeof answer === 'string') return { parts: { accessToken: answer }, requestedAt, answeredAt };
        if (answer !== null && answer?.accessToken !== null) return { parts: partsOf(answer), requestedAt, answeredAt };
      } catch (thrown) {
        const error = thrown as TokenError;
        if (error.code === 'noProgress') return undefined;
        if (!isNo(error) && !cooldown.believes(error, clock.now())) throw error;
      }
      refused = current;
      return null;
    },
    signIn: exchangeSignIn,
    async signInUnattended() {
      const given = credentials && isUnattended() ? await request(() => credentials(), undefined) : null;
      return given == null || !isUnattended() ? null : exchangeSignIn(given); // the user may have signed out meanwhile
    },
    revoke,
    drop(answer, isSignedIn) {
      if (!isSignedIn || answer.parts.refreshToken != null) void revoke(makeTokenSet(answer, nowhere));
    },
    close: () => closed.abort(),
  };
}
