import { disposed, sessionIsOver, type TokenError, tokenError } from '../errors/tokenError.ts';
import type { Hold } from '../store/place.ts';
import type { Clock } from '../time/clock.ts';
import { createAbort } from '../time/createAbort.ts';
import { neverDue, type Schedule, scheduleOf } from '../tokens/schedule.ts';
import { type TokenSet, usersOf } from '../tokens/tokenSet.ts';
import { callEach } from './callEach.ts';
import { type Cooldown, cooldownAfter, noCooldown } from './cooldown.ts';
import { type SessionEvent, type SessionState, transition } from './sessionState.ts';
import { snapshotOf, type TokenManagerState } from './snapshot.ts';
import {
  createEvents,
  type Events,
  flushEvents,
  queueEvent,
  type RenewalReason,
  type SignOutReason,
} from './tokenEvents.ts';

/** The options of the manager that concern its session, with their defaults. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly cooldownMs: number;
  readonly renewAheadMs: number;
  readonly exclusive: boolean;
  /** Whether a token set is renewed only when it was refused. */
  readonly onlyRefused: boolean;
  readonly hasCredentials: boolean;
  /** Whether `renew` is asked where nothing is stored. */
  readonly restores: () => boolean;
  readonly hasStore: boolean;
  /** Ends the wait of a caller. */
  readonly renewTimeoutMs: number;
  /** Ends the wait of a caller while another holder has the lock of the store. */
  readonly lockWaitMs: number;
  /** The token set to start with; `null`: signed out; `undefined`: it is not known. */
  readonly initial: TokenSet | null | undefined;
}

/** The renewal on its way: a single flight. */
export interface Flight {
  /** The epoch of the session that it renews. */
  epoch: number;
  /** The token set that it renews; `undefined`: it signs in. */
  from: TokenSet | undefined;
  readonly reason: RenewalReason;
  /** Resolves when it has ended, to its failure. Never rejects. */
  readonly ended: Promise<TokenError | undefined>;
  readonly end: (failure: TokenError | undefined) => void;
  /** Aborts when it has ended for those who wait. */
  readonly abort: AbortController;
  /** Aborts when the time for its token request is up. */
  readonly request: ReturnType<typeof createAbort>;
  startedAt: number;
  /** When its token request was sent; `undefined`: it waits for the store. */
  sentAt?: number;
  /** When its timer has last fired: a platform may have ended it together with the request that started it. */
  seenAt: number;
  timer?: unknown;
  /** Resolves when its token request was answered, and what it brought was saved; later than `ended` after `dispose`. */
  done?: Promise<void>;
  /** The lock of the store, once it is held. */
  hold?: Hold | undefined;
  /** Others have asked the auth server meanwhile, before this one did: nobody is signed in. */
  isAnswered?: boolean;
  /** The lock was lost before the token request was sent. */
  hasLostLock?: boolean;
}

/** The session: its state, the renewal on its way, the pause after a failed one, and who is notified of changes. */
export interface Session {
  readonly options: SessionOptions;
  readonly clock: Clock;
  readonly events: Events;
  readonly listeners: Set<() => void>;
  state: SessionState;
  /** Raised by each beginning and end of a session: work that was started in another epoch is superseded. */
  epoch: number;
  flight: Flight | undefined;
  /** How many renewals were given up because their owners had ended. */
  abandoned: number;
  cooldown: Cooldown;
  error: TokenError | undefined;
  snapshot: TokenManagerState;
}

export function createSession(options: SessionOptions): Session {
  const { clock, hasStore } = options;
  const loading: SessionState = { status: 'loading', maySignIn: options.hasCredentials };
  const state = hasStore ? loading : transition(loading, firstEvent(options));
  return {
    options,
    clock,
    events: createEvents(clock),
    listeners: new Set(),
    state,
    epoch: 0,
    flight: undefined,
    abandoned: 0,
    cooldown: noCooldown,
    error: undefined,
    snapshot: snapshotOf(undefined, state, false, undefined),
  };
}

const nothingStored = ({ restores, hasCredentials }: SessionOptions): SessionEvent =>
  restores() ? { type: 'restoring' } : { type: 'signedOut', maySignIn: hasCredentials };

function firstEvent(options: SessionOptions): SessionEvent {
  const { initial: tokens, hasCredentials: maySignIn } = options;
  if (tokens === null) return { type: 'signedOut', maySignIn: false };
  return tokens ? { type: 'loaded', tokens, schedule: scheduleIn(options, tokens), maySignIn } : nothingStored(options);
}

/** Whether this renewal still counts: neither it nor its token set was superseded. */
export const isCurrent = ({ flight, state }: Session, one: Flight): boolean =>
  flight === one && state.tokens === one.from;

/** The error of work whose session has ended. */
export const supersededIn = ({ state }: Session): TokenError =>
  state.status === 'disposed' ? disposed() : sessionIsOver();

/** Whether the session is on that the token set belongs to. */
export const isOfSession = ({ state }: Session, { sessionId }: TokenSet): boolean =>
  state.tokens?.sessionId === sessionId;

function scheduleIn(options: SessionOptions, tokens: TokenSet): Schedule {
  return options.onlyRefused ? neverDue : scheduleOf(tokens, options.renewAheadMs, options.exclusive);
}

/** The store has answered for the first time; `null`: it holds nothing. */
export function loadSession(session: Session, tokens: TokenSet | null): void {
  const { state, options } = session;
  if (state.status !== 'loading') return;
  session.cooldown = noCooldown;
  const { maySignIn } = state;
  raiseEpoch(session);
  const loaded = tokens && ({ type: 'loaded', tokens, schedule: scheduleIn(options, tokens), maySignIn } as const);
  change(session, loaded ?? nothingStored(options));
}

/** The store did not answer: nothing is known, and it is asked again after a pause. */
export function failLoad(session: Session, failure: TokenError): TokenError {
  const { cooldown, options, clock } = session;
  session.cooldown = cooldownAfter(cooldown, failure, options.cooldownMs, clock.now());
  session.error = failure;
  publish(session);
  return failure;
}

/** Somebody may have signed in without this manager: `renew` is asked again. */
export function restoreSession(session: Session): void {
  session.state = transition(session.state, { type: 'restoring' });
  publish(session);
}

/** Memory may be old: operations wait until the store has been asked. */
export function doubtSession(session: Session): void {
  session.state = transition(session.state, { type: 'doubted' });
  publish(session);
}

/** The store was asked: what memory holds is so, or was replaced. */
export function endDoubt(session: Session): void {
  session.state = transition(session.state, { type: 'certain' });
  publish(session);
}

/** How a session begins or ends. */
export interface ChangeOptions {
  /** Why the session before ends. */
  readonly reason?: SignOutReason;
  /** The renewal that signed in: it goes on. */
  readonly flight?: Flight | undefined;
  /** What a renewal of the session before fails with. */
  readonly failure?: TokenError | undefined;
}

/** A session begins. */
export function beginSession(session: Session, tokens: TokenSet, how: ChangeOptions = {}): void {
  const { state, options } = session;
  const maySignIn = tokens.isGuest || how.reason === 'elsewhere' ? state.maySignIn : options.hasCredentials;
  session.cooldown = noCooldown;
  raiseEpoch(session, how.flight);
  change(session, { type: 'signedIn', tokens, schedule: scheduleIn(options, tokens), maySignIn }, how);
}

/** The session goes on with another token set. */
export function renewSession(session: Session, tokens: TokenSet, schedule?: Schedule): void {
  const { options } = session;
  const due = (!options.onlyRefused && schedule) || scheduleIn(options, tokens);
  change(session, { type: 'renewed', tokens, schedule: due });
}

/** The session ends. */
export function endSession(session: Session, reason: SignOutReason, failure?: TokenError): void {
  raiseEpoch(session);
  const maySignIn = reason !== 'signOut' && session.state.maySignIn;
  change(session, { type: 'signedOut', maySignIn }, { reason, failure });
}

/** The token set was refused: operations wait for its successor. */
export function awaitSuccessor(session: Session): void {
  session.state = transition(session.state, { type: 'refused' });
}

export function disposeSession(session: Session): void {
  session.listeners.clear();
  for (const listeners of session.events.listeners.values()) listeners.clear();
  session.events.queue.length = 0;
  change(session, { type: 'disposed' });
  if (session.flight) land(session, session.flight, disposed());
}

/** A renewal starts. */
export function takeOff(session: Session, reason: RenewalReason): Flight {
  let end: Flight['end'] = () => {};
  const ended = new Promise<TokenError | undefined>(resolve => {
    end = resolve;
  });
  const now = session.clock.now();
  const flight: Flight = {
    epoch: session.epoch,
    from: session.state.tokens,
    reason,
    ended,
    end,
    abort: new AbortController(),
    request: createAbort(),
    startedAt: now,
    seenAt: now,
  };
  session.flight = flight;
  publish(session);
  return flight;
}

/** A renewal ends; one that has ended before stays as it is. */
export function land(session: Session, flight: Flight, failure?: TokenError): void {
  if (session.flight !== flight) return;
  settle(session, flight, failure);
  publish(session);
  flight.end(failure);
}

/** The owner of the renewal has ended: nobody hears its answer. */
export function abandon(session: Session): void {
  session.flight = undefined;
  session.abandoned++;
  publish(session);
}

function raiseEpoch(session: Session, flight?: Flight): void {
  session.epoch++;
  if (flight) flight.epoch = session.epoch;
}

/** A session begins, goes on or ends: first the state, then the snapshot, then the events, then those who wait. */
function change(session: Session, event: SessionEvent, how: ChangeOptions = {}): void {
  const { state, flight } = session;
  session.state = transition(state, event);
  session.error = undefined;
  const isOver = flight !== undefined && flight.epoch !== session.epoch;
  const failure = isOver ? failureOf(session, flight, how.failure) : undefined;
  if (isOver) settle(session, flight, failure);
  if (session.events.listeners.size > 0) queueChanges(session, state.tokens, event.type !== 'loaded', how.reason);
  publish(session);
  if (isOver) flight.end(failure);
}

/** What the waiters of a renewal get whose session has ended: a sign-in answers those who waited for one. */
function failureOf({ state }: Session, { from }: Flight, failure?: TokenError): TokenError | undefined {
  if (failure || (state.tokens && !from)) return failure;
  return tokenError(
    'signedOut',
    () => process.env.NODE_ENV !== 'production' && 'The session ended during the renewal.',
  );
}

function queueChanges(
  { state, events }: Session,
  tokensBefore: TokenSet | undefined,
  isNews: boolean,
  reason: SignOutReason = 'replaced',
): void {
  const [before, tokens] = [usersOf(tokensBefore), usersOf(state.tokens)];
  const isSameSession = before?.sessionId === tokens?.sessionId;
  if (before && !isSameSession) queueEvent(events, 'signedOut', { sessionId: before.sessionId, reason });
  if (!tokens || tokens === before || !isNews) return;
  const { sessionId, version, expiresAt } = tokens;
  if (isSameSession) queueEvent(events, 'renewed', { sessionId, version, expiresAt });
  else queueEvent(events, 'signedIn', { sessionId, expiresAt });
}

/** What the end of a renewal means for the session. */
function settle(session: Session, { reason, abort }: Flight, failure: TokenError | undefined): void {
  const { options, clock, events } = session;
  session.flight = undefined;
  session.error = undefined;
  abort.abort();
  const code = failure?.code;
  if (!failure) session.cooldown = noCooldown;
  else if (code !== 'signedOut' && code !== 'disposed') {
    session.error = failure;
    const askedInVain = code === 'noProgress' && reason === 'asked';
    if (code !== 'sessionExpired' && !askedInVain)
      session.cooldown = cooldownAfter(session.cooldown, failure, options.cooldownMs, clock.now());
    queueEvent(events, 'renewalFailed', { reason, error: failure });
  }
  const isTransient = code === 'unavailable' || code === 'misconfigured';
  const { status, maySignIn } = session.state;
  const isRestored = status === 'restoring' && !isTransient;
  session.state = transition(session.state, isRestored ? { type: 'signedOut', maySignIn } : { type: 'kept' });
}

/** Notifies of a change: first the listeners of the snapshot, then those of the events. */
function publish(session: Session): void {
  const { state, flight, error, snapshot, listeners } = session;
  session.snapshot = snapshotOf(snapshot, state, flight !== undefined, error);
  if (session.snapshot !== snapshot && listeners.size > 0)
    callEach([...listeners], listener => listeners.has(listener) && listener());
  if (session.events.queue.length > 0) flushEvents(session.events);
}
