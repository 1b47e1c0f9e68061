import { redact, redactedCause, secretsIn } from '../errors/redact.ts';
import { detailsOf, disposed, TokenError, tokenError } from '../errors/tokenError.ts';
import type { Manager } from '../manager.ts';
import { countDoubtful, isRejectionByCount } from '../session/cooldown.ts';
import type { RenewalReason } from '../session/tokenEvents.ts';
import { withTimeout } from '../time/clock.ts';
import { makeTokenSet, nowhere, type TokenAnswer, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';

// The token requests: each ends within its time, each failure is a `TokenError` without secrets.

const late = () =>
  tokenError(
    'unavailable',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'The auth server did not answer in time. If the request goes through a client that waits for this token manager, mark it with auth: "omit".',
  );

/** What a callback may state of the auth server; any other code is about something else, as another token manager. */
const codes = ['sessionExpired', 'credentialsRejected', 'unavailable', 'misconfigured', 'noProgress'];

/** A thrown value as a `TokenError` without `secrets`: anything but a `TokenError` of these codes is a transient failure. */
export function failureOf(thrown: unknown, secrets: readonly string[]): TokenError {
  if (!TokenError.is(thrown) || !codes.includes(thrown.code))
    return tokenError(
      'unavailable',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'The auth server could not be reached, or its answer could not be read.',
      { cause: redactedCause(thrown, secrets) },
    );
  const { code, message, cause } = thrown;
  const copy = cause === undefined ? undefined : redactedCause(cause, secrets);
  return new TokenError(code, redact(message, secrets), { ...detailsOf(thrown), cause: copy });
}

/** Whether the connection was dropped, as far as an error states it: `fetch` throws a TypeError. */
export function isDropped({ code, status, cause }: TokenError): boolean {
  const { name, code: reason } = (cause ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  const isOfNetwork =
    name === 'TypeError' || (typeof reason === 'string' && /^(?:ECONN|EPIPE|ERR_NETWORK|UND_ERR)/.test(reason));
  return code === 'unavailable' && status === undefined && isOfNetwork;
}

async function request<T>(
  { session, renewTimeoutMs: ms, closing }: Manager,
  run: (signal: AbortSignal) => T | PromiseLike<T>,
  secrets?: () => unknown,
): Promise<T> {
  try {
    return await withTimeout(run, { ms, clock: session.clock, late, closed: closing.signal });
  } catch (thrown) {
    throw closing.signal.aborted ? disposed() : failureOf(thrown, secretsIn(secrets?.()));
  }
}

function partsOf<Parts extends TokenParts>(answer: Parts | undefined): Parts {
  if (typeof answer?.accessToken === 'string' && answer.accessToken !== '') return answer;
  throw tokenError(
    'unavailable',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'The provider answered no tokens. Return them, or null when the auth server rejected the request.',
  );
}

function mayRenew({ rejected }: Manager, current: TokenSet | undefined, reason: RenewalReason, now: number): boolean {
  if (!current) return reason === 'restore';
  return current !== rejected && now < (current.refreshExpiresAt ?? Number.POSITIVE_INFINITY);
}

/** Calls `renew`. `null`: the auth server rejected it; `undefined`: there is nothing to renew with. */
export async function requestRenewal(
  manager: Manager,
  current: TokenSet | undefined,
  reason: RenewalReason,
): Promise<TokenAnswer | null | undefined> {
  const { renew } = manager.options;
  const { session } = manager;
  const { clock, epoch } = session;
  const requestedAt = clock.now();
  if (!renew || !mayRenew(manager, current, reason, requestedAt)) return undefined;
  try {
    const answer = await request(
      manager,
      signal => renew({ current, reason, signal }),
      () => [current?.accessToken, current?.refreshToken],
    );
    const parts = typeof answer === 'string' ? { accessToken: answer } : answer;
    if (parts !== null && parts?.accessToken !== null)
      return { parts: partsOf(parts), requestedAt, answeredAt: clock.now() };
  } catch (thrown) {
    const error = thrown as TokenError;
    if (error.code === 'noProgress') return undefined;
    if (session.epoch !== epoch) throw error; // says nothing of the next session
    if (!isRejectedBy(manager, error) && !countAsRejection(manager, error)) throw error;
  }
  if (session.epoch === epoch) manager.rejected = current;
  return null;
}

/** @throws TokenError `misconfigured` when the option `isRejection` throws */
function isRejectedBy({ options }: Manager, error: TokenError): boolean {
  if (error.code === 'sessionExpired' || error.code === 'credentialsRejected') return true;
  try {
    return options.isRejection?.(error) === true;
  } catch (thrown) {
    const cause = redactedCause(thrown, []);
    throw tokenError('misconfigured', () => process.env.NODE_ENV !== 'production' && 'Option "isRejection" threw.', {
      cause,
    });
  }
}

/** Counts an answer that is not a rejection by itself; `true`: it came often enough to be one. */
function countAsRejection({ session }: Manager, error: TokenError): boolean {
  const now = session.clock.now();
  session.cooldown = countDoubtful(session.cooldown, error, now);
  return isRejectionByCount(session.cooldown, session.options.cooldownMs, now);
}

const credentialsRejected = (error?: TokenError) => new TokenError('credentialsRejected', undefined, error);

/** @throws TokenError `credentialsRejected` when the auth server rejected the credentials */
export async function requestSignIn(manager: Manager, credentials: unknown): Promise<TokenAnswer> {
  const { signIn } = manager.options;
  const { clock } = manager.session;
  if (!signIn)
    throw tokenError(
      'misconfigured',
      () => process.env.NODE_ENV !== 'production' && 'There is no option "signIn". Pass one, or use "adopt".',
    );
  const requestedAt = clock.now();
  const answer = await request(
    manager,
    signal => signIn(credentials as never, { signal }),
    () => credentials,
  ).catch((error: TokenError) => {
    throw isRejectedBy(manager, error) ? credentialsRejected(error) : error;
  });
  if (answer === null || answer?.accessToken === null) throw credentialsRejected();
  return { parts: partsOf(answer), requestedAt, answeredAt: clock.now() };
}

/** Signs in with what `credentials` answers; `null` when it answers nothing, or the user has signed out. */
export async function requestUnattendedSignIn(manager: Manager): Promise<TokenAnswer | null> {
  const { session } = manager;
  const { credentials } = manager.options;
  const { epoch } = session;
  if (!credentials || !session.state.maySignIn) return null;
  const given = await request(manager, () => credentials());
  return given == null || session.epoch !== epoch ? null : requestSignIn(manager, given);
}

/** Best effort: never rejects. */
export async function revoke(manager: Manager, tokens: TokenSet): Promise<void> {
  const { signOut } = manager.options;
  if (signOut && !manager.closing.signal.aborted)
    await request(manager, signal => signOut(tokens, { signal })).catch(() => {});
}

/**
 * Revokes an answer that came too late. While a session is on only one with a refresh token of its own: without one it may
 * depend on the cookie of that session.
 */
export function drop(manager: Manager, answer: TokenAnswer): void {
  if (!manager.session.state.tokens || answer.parts.refreshToken != null)
    void revoke(manager, makeTokenSet(answer, nowhere));
}
