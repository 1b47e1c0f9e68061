import { redact, redactedCause, secretsIn } from '../errors/redact.ts';
import { detailsOf, disposed, TokenError, tokenError } from '../errors/tokenError.ts';
import type { Manager } from '../manager.ts';
import { countDoubtful, isRejectionByCount } from '../session/cooldown.ts';
import type { Flight } from '../session/session.ts';
import type { RenewalReason } from '../session/tokenEvents.ts';
import { late } from '../session/waitingList.ts';
import type { Hold } from '../store/place.ts';
import { withTimeout } from '../time/clock.ts';
import {
  isLasting,
  makeTokenSet,
  nowhere,
  type TokenAnswer,
  type TokenParts,
  type TokenSet,
} from '../tokens/tokenSet.ts';

// The token requests: each ends within its time, each failure is a `TokenError` without secrets.

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

/** @throws TokenError `unavailable` when others may hold the lock by now: nothing is sent */
function checkHold(flight: Flight, hold: Hold): void {
  if (hold.isHeld()) return;
  flight.hasLostLock = true;
  throw tokenError(
    'unavailable',
    () => process.env.NODE_ENV !== 'production' && "The store's lock was lost before the token request was sent.",
  );
}

interface RequestOptions {
  /** What its errors must not show. */
  readonly secrets?: () => unknown;
  /** The renewal that it belongs to: it goes on when those who waited have left, and after `dispose`. */
  readonly flight?: Flight | undefined;
}

async function request<T>(
  manager: Manager,
  run: (signal: AbortSignal) => T | PromiseLike<T>,
  { secrets, flight }: RequestOptions = {},
): Promise<T> {
  const closed = manager.closing.signal;
  if (flight?.request.signal.aborted) throw late();
  if (flight?.hold) checkHold(flight, flight.hold);
  if (flight) flight.sentAt ??= manager.session.clock.now();
  try {
    if (flight) return await run(flight.request.signal);
    return await withTimeout(run, {
      ms: manager.session.options.renewTimeoutMs,
      clock: manager.session.clock,
      late,
      closed,
    });
  } catch (thrown) {
    throw closed.aborted && !flight ? disposed() : failureOf(thrown, secretsIn(secrets?.()));
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

/** Whether both are renewed with the same refresh token, as far as it is known. */
const isSameGrant = (one: TokenSet, other: TokenSet) =>
  one === other || (one.refreshToken !== undefined && one.refreshToken === other.refreshToken);

function mayRenew({ rejected }: Manager, current: TokenSet | undefined, reason: RenewalReason, now: number): boolean {
  if (!current) return reason === 'restore';
  if (rejected && isSameGrant(rejected, current)) return false;
  return now < (current.refreshExpiresAt ?? Number.POSITIVE_INFINITY);
}

/** Calls `renew`. `null`: the auth server rejected it; `undefined`: there is nothing to renew with. */
export async function requestRenewal(manager: Manager, flight: Flight): Promise<TokenAnswer | null | undefined> {
  const { renew } = manager.options;
  const { from: current, reason } = flight;
  const { session } = manager;
  const { clock, epoch } = session;
  const requestedAt = clock.now();
  if (!renew || !mayRenew(manager, current, reason, requestedAt)) return undefined;
  if (flight.hold) checkHold(flight, flight.hold);
  flight.sentAt ??= requestedAt;
  try {
    const answer = await renew({ current, reason, signal: flight.request.signal });
    const parts = typeof answer === 'string' ? { accessToken: answer } : answer;
    if (parts !== null && parts?.accessToken !== null)
      return { parts: partsOf(parts), requestedAt, answeredAt: clock.now() };
  } catch (thrown) {
    const error = failureOf(thrown, secretsIn([current?.accessToken, current?.refreshToken]));
    if (error.code === 'noProgress') return undefined;
    if (session.epoch !== epoch) throw error; // says nothing of the next session
    if (!isRejectedBy(manager, error) && !countAsRejection(manager, error)) throw error;
  }
  if (session.epoch === epoch && !flight.request.signal.aborted) manager.rejected = current;
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

const guestTokens = (tokens: TokenSet | undefined, now: number) =>
  tokens?.isGuest && isLasting(tokens, now) ? tokens : undefined;

const credentialsRejected = (error?: TokenError) => new TokenError('credentialsRejected', undefined, error);

/** @throws TokenError `credentialsRejected` when the auth server rejected the credentials */
export async function requestSignIn(manager: Manager, credentials: unknown, flight?: Flight): Promise<TokenAnswer> {
  const { signIn } = manager.options;
  const { clock } = manager.session;
  if (!signIn)
    throw tokenError(
      'misconfigured',
      () => process.env.NODE_ENV !== 'production' && 'There is no option "signIn". Pass one, or use "adopt".',
    );
  const requestedAt = clock.now();
  const guest = guestTokens(manager.session.state.tokens, requestedAt);
  const answer = await request(manager, signal => signIn(credentials as never, { signal, guest }), {
    flight,
    secrets: () => credentials,
  }).catch((error: TokenError) => {
    throw isRejectedBy(manager, error) ? credentialsRejected(error) : error;
  });
  if (answer === null || answer?.accessToken === null) throw credentialsRejected();
  return { parts: partsOf(answer), requestedAt, answeredAt: clock.now() };
}

/** Signs in with what `credentials` answers; `null` when it answers nothing, or the user has signed out. */
export async function requestUnattendedSignIn(manager: Manager, flight: Flight): Promise<TokenAnswer | null> {
  const { session } = manager;
  const { credentials } = manager.options;
  const { epoch } = session;
  if (!credentials || !session.state.maySignIn) return null;
  const given = await request(manager, () => credentials(), { flight });
  if (given == null || session.epoch !== epoch || !session.state.maySignIn) return null;
  return { ...(await requestSignIn(manager, given, flight)), isUnattended: true };
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
