import { TokenError } from './errors/tokenError.ts';
import { createTokenAccess, disposed, type Mode } from './renewal/acquire.ts';
import { createExchange } from './renewal/authServer.ts';
import { createCooldown } from './renewal/cooldown.ts';
import { keepFresh } from './renewal/keepFresh.ts';
import { createRenewal } from './renewal/renewal.ts';
import { never, scheduleOf } from './renewal/schedule.ts';
import { createSession } from './session/session.ts';
import { createManagerState } from './session/snapshot.ts';
import { createEvents } from './session/tokenEvents.ts';
import { memoryStore } from './store/memoryStore.ts';
import { longestTimerMs, systemClock } from './time/clock.ts';
import { checkSignal, withSignal } from './time/waiting.ts';
import type { TokenManager } from './tokenManager.ts';
import { checkOptions, defaults, type TokenManagerOptions } from './tokenManagerOptions.ts';
import { sendableHeaders } from './tokens/requestHeaders.ts';
import {
  makeTokenSet,
  nowhere,
  type TokenAnswer,
  type TokenHeaders,
  type TokenParts,
  type TokenSet,
} from './tokens/tokenSet.ts';
import { createSettle } from './verdict/decide.ts';

/**
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function createTokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
): TokenManager<Credentials, Answer> {
  checkOptions(options);
  const { clock = systemClock, store = memoryStore(), cooldownMs = defaults.cooldownMs } = options;
  const { renewTimeoutMs = defaults.renewTimeoutMs, renewAheadMs = defaults.renewAheadMs } = options;
  const {
    lockWaitMs = Math.min(renewTimeoutMs + 5_000, longestTimerMs),
    exclusive = false,
    dialect,
    receive,
  } = options;
  const now = () => clock.now();
  const renews = options.renewal !== 'never';
  const isUnattended = options.credentials !== undefined && renews;
  const mode: Mode = { isRestoring: options.restore === true && renews, isUnattended, isDisposed: false };
  const stops = new Set<() => void>();

  let isReady = false;
  let lastError: TokenError | undefined;
  let lastTokens: TokenSet | null | undefined;
  /** Raised by whatever begins or ends a session: the answer to an older sign-in is dropped. */
  let turn = 0;
  let headersOf: TokenSet | undefined;
  let headersNow: TokenHeaders = {};

  const state = createManagerState();
  const events = createEvents(now);
  const cooldown = createCooldown(cooldownMs);
  const exchange = createExchange(options, {
    renewTimeoutMs,
    clock,
    cooldown,
    isUnattended: () => mode.isUnattended,
  });
  const planOf = (tokens: TokenSet) =>
    options.renewal === 'refused' ? never : scheduleOf(tokens, renewAheadMs, exclusive);
  const session = createSession(store, clock, events, planOf, () => changed());
  const renewal = createRenewal({ session, exchange, store, exclusive, lockWaitMs, cooldown, clock, events, changed });
  const hasRenew = options.renew !== undefined;
  const access = createTokenAccess({ session, renewal, cooldown, clock, mode, hasRenew, renews });
  const { fresh, wait, canRenew, successorOf, renewNow } = access;
  const settle = createSettle({ session, events, now, cooldownMs, dialect, receive, renews, successorOf });
  isReady = true;
  changed();

  /** The token set, or a renewal of it, has changed: whoever waits or watches is told. */
  function changed(ended?: TokenSet | null | TokenError): void {
    if (!isReady) return;
    const { tokens } = session;
    const error = ended instanceof TokenError ? ended : undefined;
    if (tokens && tokens.session !== lastTokens?.session) cooldown.end(); // the pause was another session's
    if (error) lastError = error;
    else if (tokens && tokens !== lastTokens) lastError = undefined;
    if (tokens || ended === null || (error && error.code !== 'unavailable' && error.code !== 'misconfigured'))
      mode.isRestoring = false;
    lastTokens = tokens;
    renewal.follow();
    const status = tokens ? 'signedIn' : tokens === undefined || mode.isRestoring ? 'unknown' : 'signedOut';
    state.update({ status, renewing: renewal.running, expiresAt: tokens?.expiresAt, error: lastError });
  }

  async function begin(answer: TokenAnswer): Promise<void> {
    if (mode.isDisposed) throw disposed();
    makeTokenSet(answer, nowhere); // throws before anything has changed
    turn++;
    mode.isUnattended = isUnattended;
    await session.begin(answer);
  }

  return {
    fresh,
    async get({ signal } = {}) {
      checkSignal(signal);
      const ready = fresh();
      return ready !== undefined ? ready : withSignal(wait(), signal);
    },
    async renew({ refused, signal } = {}) {
      checkSignal(signal);
      if (!renews) throw new TokenError('misconfigured', 'Option "renewal" is "never". Leave it out to renew.');
      return withSignal(refused ? successorOf(refused) : renewNow(), signal);
    },
    settle,
    receivesTokens: receive !== undefined,
    headers(tokens) {
      if (headersOf !== tokens) {
        headersNow = options.headers
          ? sendableHeaders(options.headers(tokens))
          : { authorization: `Bearer ${tokens.accessToken}` };
        headersOf = tokens;
      }
      return headersNow;
    },
    async signIn(credentials) {
      const mine = ++turn;
      const answer = await exchange.signIn(credentials);
      if (mine !== turn || mode.isDisposed) {
        exchange.drop(answer, session.tokens != null);
        throw new TokenError('aborted', 'Another sign-in, or a sign-out, came in between.');
      }
      await begin(answer);
      const { accessToken, refreshToken, expiresInS, expiresAt, refreshExpiresInS, refreshExpiresAt, ...rest } =
        answer.parts;
      return rest as Omit<Answer, keyof TokenParts>;
    },
    adopt: tokens =>
      begin({
        parts: typeof tokens === 'object' && tokens ? tokens : { accessToken: tokens },
        requestedAt: now(),
      }),
    async signOut() {
      const { tokens } = session;
      turn++;
      mode.isUnattended = mode.isRestoring = false;
      renewal.cancel(new TokenError('signedOut', 'The user signed out.'));
      lastError = undefined;
      const cleared = session.end('signOut');
      if (tokens) void exchange.revoke(tokens);
      await cleared;
    },
    get state() {
      return state.current;
    },
    subscribe(listener) {
      const stop = state.subscribe(listener);
      if (mode.isRestoring && !session.tokens) wait().catch(() => {});
      return stop;
    },
    on: events.on,
    keepFresh() {
      const stop = keepFresh({
        clock,
        schedule: () =>
          session.tokens && !mode.isDisposed && !renewal.running && canRenew(session.tokens)
            ? session.schedule
            : undefined,
        pausedUntil: () => cooldown.until,
        check() {
          if (session.tokens && fresh() === undefined) wait().catch(() => {});
        },
        subscribe: state.subscribe,
      });
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    dispose() {
      mode.isDisposed = true;
      session.close();
      renewal.cancel(disposed());
      exchange.close();
      for (const stop of stops) stop();
      state.close();
      events.clear();
    },
  };
}
