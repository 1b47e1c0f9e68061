import { type TokenError, tokenError } from '../errors/tokenError.ts';
import type { Manager } from '../manager.ts';
import { callEach } from '../session/callEach.ts';
import { pausedBy } from '../session/cooldown.ts';
import {
  awaitSuccessor,
  beginSession,
  endSession,
  type Flight,
  isCurrent,
  isOfSession,
  land,
  renewSession,
  takeOff,
} from '../session/session.ts';
import type { RenewalReason } from '../session/tokenEvents.ts';
import { late } from '../session/waitingList.ts';
import { type Schedule, scheduleOfSame } from '../tokens/schedule.ts';
import {
  after,
  isOfOtherUser,
  makeSessionId,
  makeTokenSet,
  positionAfter,
  type TokenAnswer,
  type TokenParts,
  type TokenSet,
} from '../tokens/tokenSet.ts';
import { drop, failureOf, isDropped, requestRenewal, requestUnattendedSignIn } from './authServer.ts';

export const noProgress = (): TokenError =>
  tokenError(
    'noProgress',
    () => process.env.NODE_ENV !== 'production' && 'The renewal answered the token that had just been refused.',
  );

/** Joins the renewal that runs, or starts one. Resolves when it has ended, to its failure. Never rejects. */
export function startRenewal(manager: Manager, reason: RenewalReason): Promise<TokenError | undefined> {
  const { session } = manager;
  const { cooldown, clock } = session;
  const failure = session.flight || !cooldown.error ? undefined : pausedBy(cooldown, clock.now());
  if (failure) return Promise.resolve(failure);
  if (reason === 'refused') awaitSuccessor(session);
  if (session.flight) return session.flight.ended;
  const flight = takeOff(session, reason);
  const { waitUntil } = manager.options;
  flight.timer = clock.setTimeout(() => keepSeen(manager, flight), session.options.renewTimeoutMs);
  flight.done = fly(manager, flight);
  if (waitUntil) callEach([flight.done], waitUntil);
  return flight.ended;
}

/** After a device has slept, its timers fire before an answer that has arrived meanwhile is read. */
const wakeMs = 1_000;

/** Notes while a renewal runs that its timers fire; ends its token request, or its wait for the store, when the time is up. */
function keepSeen(manager: Manager, flight: Flight): void {
  const { session, requestTimeoutMs } = manager;
  const { renewTimeoutMs } = session.options;
  const now = session.clock.now();
  const hasSlept = now >= flight.seenAt + renewTimeoutMs + wakeMs;
  flight.seenAt = now;
  if (now < flight.startedAt) flight.startedAt = now; // the clock was set back
  if (flight.sentAt !== undefined && now < flight.sentAt) flight.sentAt = now;
  const { sentAt, startedAt } = flight;
  const end = sentAt === undefined ? startedAt + 3 * requestTimeoutMs : sentAt + requestTimeoutMs;
  if (now >= end && !hasSlept) {
    flight.request.abort();
    land(session, flight, late());
  } else {
    const ms = now >= end ? wakeMs : Math.min(renewTimeoutMs, end - now);
    flight.timer = session.clock.setTimeout(() => keepSeen(manager, flight), ms);
  }
}

/** A session begins, at once in memory; the promise is of the store. @throws TokenError when a token cannot be sent */
export async function beginWith({ session, store }: Manager, answer: TokenAnswer, flight?: Flight): Promise<void> {
  const tokens = makeTokenSet(answer, { sessionId: makeSessionId(session.clock.now()), version: 1 });
  store?.check(tokens);
  const saved = store?.begin(tokens, answer.isUnattended === true, (flight || tokens.isGuest) && answer.requestedAt); // before listeners run: one of them may sign out
  beginSession(session, tokens, { flight });
  await saved;
}

/** Resolves when the answer was saved, or the time for the token request is up. */
export function requestEnded({ done, request }: Flight): Promise<unknown> {
  const late = new Promise(resolve => request.signal.addEventListener('abort', resolve, { once: true }));
  return Promise.race([done, late]);
}

async function fly(manager: Manager, flight: Flight): Promise<void> {
  const { session, store } = manager;
  try {
    await (store ? store.locked(flight, () => run(manager, flight)) : run(manager, flight));
    land(session, flight);
  } catch (thrown) {
    land(session, flight, failureOf(thrown, []));
  }
  session.clock.clearTimeout(flight.timer);
}

/** Asks the auth server for a successor; when it rejects the token set, signs in with the credentials, or ends the session. */
async function run(manager: Manager, flight: Flight): Promise<void> {
  const { session, store } = manager;
  if (!isCurrent(session, flight)) return; // another tab or process was faster
  const { from } = flight;
  const answer = await requestTwice(manager, flight).catch((failure: TokenError) =>
    signInDespite(manager, flight, failure),
  );
  if (answer && !isRefusedToken(flight, answer))
    return use(manager, flight, answer, answer.isUnattended ? undefined : from);
  if (from && !answer) await store?.reread(); // the loser of a race is rejected, too
  if (!isCurrent(session, flight)) return;
  const signedIn = await signInInstead(manager, flight);
  if (signedIn && !isRefusedToken(flight, signedIn)) return use(manager, flight, signedIn);
  const same = signedIn ?? answer;
  if (same) return keepRefused(manager, flight, same);
  if (!isCurrent(session, flight)) return;
  if (from) await giveUp(manager, flight, from, answer === null);
  else if (answer === null) await store?.nobody(flight.sentAt ?? session.clock.now());
}

/**
 * After a dropped connection the auth server may have rotated the refresh token, and accepts the old one for a moment: it is
 * sent once more at once, unless others have renewed.
 */
function requestTwice(manager: Manager, flight: Flight): ReturnType<typeof requestRenewal> {
  return requestRenewal(manager, flight).catch(async (failure: TokenError) => {
    if (!isDropped(failure)) throw failure;
    await manager.store?.reread();
    return isCurrent(manager.session, flight) ? requestRenewal(manager, flight) : undefined;
  });
}

/** So many renewals in a row failed at a server that answers: its way to state a rejection may be a 500. */
const failuresBeforeSignIn = 2;

/** Signs in with the credentials when renewals keep failing with a 5xx. @throws the failure when that does not help */
async function signInDespite(manager: Manager, flight: Flight, failure: TokenError): Promise<TokenAnswer> {
  const { failures } = manager.session.cooldown;
  const isOfServer = flight.from !== undefined && (failure.status ?? 0) >= 500;
  if (!isOfServer || failures < failuresBeforeSignIn || !isCurrent(manager.session, flight)) throw failure;
  const signedIn = await requestUnattendedSignIn(manager, flight).catch(() => null);
  if (!signedIn || isRefusedToken(flight, signedIn)) throw failure;
  return signedIn;
}

/** Whether the auth server answered the token that had just been refused. */
const isRefusedToken = ({ reason, from }: Flight, { parts }: TokenAnswer) =>
  reason === 'refused' && parts.accessToken === from?.accessToken;

/** Signs in with the credentials, when there are any. Rejected ones end the session. */
async function signInInstead(manager: Manager, flight: Flight): Promise<TokenAnswer | null> {
  const { session, store } = manager;
  try {
    return await requestUnattendedSignIn(manager, flight);
  } catch (thrown) {
    const error = thrown as TokenError;
    if (error.code !== 'credentialsRejected') throw error;
    await store?.reread(); // others may have renewed meanwhile
    if (!isCurrent(session, flight)) return null;
    if (flight.from) await expire(manager, flight.from, error);
    if (isCurrent(session, flight)) throw error;
    return null;
  }
}

async function use(manager: Manager, flight: Flight, answer: TokenAnswer, kept?: TokenSet): Promise<void> {
  const { session, store } = manager;
  if (session.flight === flight && isOfSameGrant(manager, flight, answer.parts)) flight.from = session.state.tokens;
  if (session.state.status === 'disposed') return saveAfterDispose(manager, flight, answer, kept);
  if (!isCurrent(session, flight)) return dropIfOver(manager, flight, answer);
  const { from } = flight;
  if (!from) return beginWith(manager, answer, flight);
  const next = makeTokenSet(answer, positionAfter(from), kept);
  if (isOfOtherUser(next, from)) return beginWith(manager, answer, flight);
  const isSame = answer.parts.accessToken === from.accessToken;
  const renew = () => {
    const schedule = isSame ? sameSchedule(manager, from, next) : undefined;
    renewSession(session, after(session.state.tokens, next), schedule);
  };
  if (!store) return renew();
  store.check(next);
  await store.replace(next, answer.isUnattended === true, flight, renew);
  dropIfOver(manager, flight, answer);
}

/** The answer may hold the only refresh token that is valid: those who share the store, or the next start, go on with it. */
async function saveAfterDispose(
  { session, store }: Manager,
  flight: Flight,
  answer: TokenAnswer,
  kept?: TokenSet,
): Promise<void> {
  const { from, epoch, request } = flight;
  const isOver = epoch !== session.epoch || request.signal.aborted;
  if (!from || isOver || !store?.holds(from)) return; // something else came before
  const next = makeTokenSet(answer, positionAfter(from), kept);
  if (!isOfOtherUser(next, from)) await store.replace(next, answer.isUnattended === true, flight, () => {});
}

/** A response has brought another access token meanwhile, and this answer has rotated the refresh token next to it. */
function isOfSameGrant({ session }: Manager, { from }: Flight, { refreshToken }: TokenParts): boolean {
  const { tokens } = session.state;
  if (!tokens || !refreshToken || tokens === from || tokens.sessionId !== from?.sessionId) return false;
  return tokens.refreshToken === from.refreshToken && refreshToken !== from.refreshToken;
}

function sameSchedule({ session }: Manager, from: TokenSet, next: TokenSet): Schedule | undefined {
  const { state, clock } = session;
  return state.tokens && scheduleOfSame(from, next, state.scheduleBefore ?? state.schedule, clock.now());
}

/** The auth server answered the refused token: only a refresh token that came with it is new. */
async function keepRefused(manager: Manager, flight: Flight, answer: TokenAnswer): Promise<void> {
  if (!isCurrent(manager.session, flight)) return dropIfOver(manager, flight, answer);
  if (answer.parts.refreshToken != null) await use(manager, flight, answer, flight.from);
  throw noProgress();
}

/** There is nothing to renew with: the token set is used until it expires, or the session has ended. */
async function giveUp(manager: Manager, { reason }: Flight, from: TokenSet, wasRejected: boolean): Promise<void> {
  const isUsable = manager.session.clock.now() < (from.expiresAt ?? Number.POSITIVE_INFINITY);
  if (!wasRejected && isUsable && reason !== 'refused')
    throw tokenError(
      'noProgress',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'There is nothing to renew this token with. It is used until it expires.',
    );
  await expire(
    manager,
    from,
    tokenError(
      'sessionExpired',
      () => process.env.NODE_ENV !== 'production' && 'The session has ended. Sign in again.',
    ),
  );
}

/** The session ends, unless others have saved a successor at the last moment. */
async function expire({ session, store }: Manager, from: TokenSet, failure: TokenError): Promise<void> {
  const end = () => endSession(session, 'expired', failure);
  await (store ? store.expire(from, end) : end());
}

/** Revokes what came too late for its session. While the session is on, other tokens may depend on the same grant. */
function dropIfOver(manager: Manager, { from }: Flight, answer: TokenAnswer): void {
  if (!from || !isOfSession(manager.session, from)) drop(manager, answer);
}
