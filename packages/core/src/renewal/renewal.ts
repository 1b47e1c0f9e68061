import { redactedCause } from '../errors/redact.ts';
import { TokenError } from '../errors/tokenError.ts';
import type { Session } from '../session/session.ts';
import type { Events, RenewalReason } from '../session/tokenEvents.ts';
import { isShared, type TokenStore } from '../store/tokenStore.ts';
import { lockedRun } from '../store/withLock.ts';
import type { Clock } from '../time/clock.ts';
import { makeTokenSet, type TokenAnswer, type TokenParts, type TokenSet } from '../tokens/tokenSet.ts';
import type { Exchange } from './authServer.ts';
import type { Cooldown } from './cooldown.ts';
import { never, type Schedule } from './schedule.ts';

/** The one renewal that may run: a single flight. */
export interface Renewal {
  readonly running: boolean;
  /** Joins the renewal that runs, or starts one. The promise is shared and always settles; `null`: nobody is signed in. */
  start(reason: RenewalReason): Promise<TokenSet | null>;
  /** The token set has changed: who waits in a session that is over leaves. */
  follow(): void;
  /** Ends the wait of all. What the auth server still answers is dropped, and revoked where the provider can. */
  cancel(error: TokenError): void;
}

export interface RenewalOptions {
  readonly session: Session;
  readonly exchange: Exchange;
  readonly store: TokenStore;
  readonly exclusive: boolean;
  readonly lockWaitMs: number;
  readonly cooldown: Cooldown;
  readonly clock: Clock;
  readonly events: Events;
  /** Called when a renewal starts, and with its answer when it has ended. */
  readonly changed: (ended?: TokenSet | null | TokenError) => void;
}

interface Flight {
  from: TokenSet | undefined;
  readonly reason: RenewalReason;
  readonly promise: Promise<TokenSet | null>;
  readonly settle: (answer: TokenSet | null | TokenError) => void;
  /** Aborts when it has ended: nothing waits for a lock on its behalf any more. */
  readonly ended: AbortController;
  /** What it is about to do to the session itself. */
  doing?: 'using' | TokenError;
}

/** @returns a flight whose promise may be left alone: a failure with nobody waiting is not an unhandled rejection */
function newFlight(from: TokenSet | undefined, reason: RenewalReason): Flight {
  let settle!: Flight['settle'];
  const promise = new Promise<TokenSet | null>((resolve, reject) => {
    settle = answer => (answer instanceof TokenError ? reject(answer) : resolve(answer));
  });
  promise.catch(() => {});
  return { from, reason, promise, settle, ended: new AbortController() };
}

/** The same token once more: not asked for again before it is refused or, by what we know, dead. */
function scheduleOfSame(from: TokenSet, next: TokenSet, now: Schedule, clock: Clock): Schedule | undefined {
  const { expiresAt = 0 } = from;
  if ((next.expiresAt ?? 0) > expiresAt) return undefined;
  const setBack = Math.min(next.receivedAt - from.receivedAt, 0); // the clock, since the last time
  return clock.now() < expiresAt ? { from: now.from + setBack, softAt: expiresAt, hardAt: expiresAt } : never;
}

export function createRenewal(options: RenewalOptions): Renewal {
  const { session, exchange, store, exclusive, lockWaitMs, cooldown, clock, events, changed } = options;
  let flight: Flight | undefined;
  const isOvertaken = (mine: Flight) => flight !== mine || (session.tokens ?? undefined) !== mine.from;

  /** Revokes what came too late for its session. While the session goes on, somebody else's tokens may hang on the same grant. */
  function drop({ from }: Flight, answer: TokenAnswer): void {
    const isOver = !from || session.tokens?.session !== from.session;
    if (isOver) exchange.drop(answer, session.tokens != null);
  }

  /** A response has brought another access token meanwhile, whose refresh token this answer has just replaced. */
  function replacesRefreshToken({ from }: Flight, { refreshToken }: TokenParts): boolean {
    const { tokens } = session;
    const isSame = tokens?.session === from?.session && tokens?.refreshToken === from?.refreshToken;
    return isSame && !!refreshToken && refreshToken !== from?.refreshToken;
  }

  async function use(mine: Flight, answer: TokenAnswer, kept?: TokenSet): Promise<void> {
    if (flight === mine && session.tokens && replacesRefreshToken(mine, answer.parts)) mine.from = session.tokens;
    const { from } = mine;
    if (isOvertaken(mine)) return drop(mine, answer);
    mine.doing = 'using';
    if (!from) return session.begin(answer);
    const next = makeTokenSet(answer, { session: from.session, version: from.version + 1 }, kept);
    const isSame = next.accessToken === from.accessToken;
    await session.replace(from, next, isSame ? scheduleOfSame(from, next, session.schedule, clock) : undefined);
    if (!isOvertaken(mine))
      throw new TokenError('unavailable', 'Somebody else renews the session, and the store does not show it yet.');
    drop(mine, answer);
  }

  async function run(mine: Flight): Promise<void> {
    if (isShared(store)) await session.reread();
    const { tokens, schedule } = session;
    const isDeadToo = tokens?.session === mine.from?.session && clock.now() >= schedule.hardAt;
    if (tokens && isDeadToo && flight === mine) mine.from = tokens;
    if (isOvertaken(mine)) return; // somebody else was faster
    const { from, reason } = mine;
    const answer = await exchange.renew(from, reason);
    const isStuck = ({ parts }: TokenAnswer) => reason === 'refused' && parts.accessToken === from?.accessToken;
    if (answer && !isStuck(answer)) return use(mine, answer, from);
    if (from && !answer) await session.reread(); // the loser of a race looks at the store before it believes a no
    if (isOvertaken(mine)) return;
    /** The session is over, unless others have renewed it meanwhile. */
    async function end(error: TokenError): Promise<void> {
      mine.doing = error;
      if (from) await session.expire(from);
      if (!isOvertaken(mine)) throw error;
    }
    const signedIn = await exchange.signInUnattended().catch(async (error: TokenError) => {
      if (error.code !== 'credentialsRejected') throw error;
      await session.reread(); // others may have renewed while the auth server took its time
      if (!isOvertaken(mine)) await end(error);
    });
    if (signedIn && !isStuck(signedIn)) return use(mine, signedIn);
    const stuck = signedIn ?? answer;
    if (isOvertaken(mine)) return stuck ? drop(mine, stuck) : undefined;
    if (stuck) {
      if (stuck.parts.refreshToken != null) await use(mine, stuck, from);
      throw new TokenError('noProgress', 'The renewal brought the token that had just been refused.');
    }
    const isUsable = from && clock.now() < (from.expiresAt ?? Number.POSITIVE_INFINITY);
    if (answer === undefined && isUsable && reason !== 'refused')
      throw new TokenError('noProgress', 'There is nothing to renew this token with. It is used to its end.');
    if (from) await end(new TokenError('sessionExpired', 'The session is over. Sign in again.'));
  }

  function failed(thrown: unknown): TokenError {
    const cause = redactedCause(thrown, []);
    return TokenError.is(thrown) ? thrown : new TokenError('unavailable', 'The renewal failed.', { cause });
  }

  function finish(mine: Flight, answer: TokenSet | null | TokenError): void {
    if (flight !== mine) return;
    flight = undefined;
    mine.ended.abort();
    const error = answer instanceof TokenError ? answer : undefined;
    if (!error) cooldown.end();
    else if (error.code !== 'signedOut' && error.code !== 'disposed') {
      const askedInVain = error.code === 'noProgress' && mine.reason === 'asked';
      if (error.code !== 'sessionExpired' && !askedInVain) cooldown.failed(error, clock.now());
      events.emit('renewalFailed', { reason: mine.reason, error });
    }
    changed(answer);
    mine.settle(answer);
  }

  return {
    get running() {
      return flight !== undefined;
    },
    start(reason) {
      if (flight) return flight.promise;
      const error = cooldown.current(clock.now());
      if (error) return Promise.reject(error);
      const mine = newFlight(session.tokens ?? undefined, reason);
      flight = mine;
      changed();
      const lockFailed = (thrown: unknown) =>
        events.emit('storeFailed', { doing: 'lock', cause: redactedCause(thrown, []) });
      const { signal } = mine.ended;
      lockedRun(() => run(mine), { store, clock, lockWaitMs, exclusive, signal, failed: lockFailed }).then(
        () => finish(mine, session.tokens ?? null),
        thrown => finish(mine, failed(thrown)),
      );
      return mine.promise;
    },
    follow() {
      if (!flight) return;
      const { from, doing } = flight;
      const { tokens } = session;
      if (from && tokens?.session !== from.session)
        finish(
          flight,
          doing instanceof TokenError ? doing : new TokenError('signedOut', 'The session was signed out meanwhile.'),
        );
      else if (!from && tokens && doing !== 'using') finish(flight, tokens);
    },
    cancel(error) {
      if (flight) finish(flight, error);
    },
  };
}
