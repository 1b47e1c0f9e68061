import { systemClock } from './clock.ts';
import { createCooldown } from './cooldown.ts';
import { createExchange } from './exchange.ts';
import { keepFresh } from './keepFresh.ts';
import { memoryStore } from './memoryStore.ts';
import { createRenewal } from './renewal.ts';
import { createSession } from './session.ts';
import { createSettle, type Settle } from './settle.ts';
import { TokenError } from './tokenError.ts';
import { createEvents, type Events, notify } from './tokenEvents.ts';
import { checkOptions, defaults, type TokenManagerOptions } from './tokenManagerOptions.ts';
import { makeTokenSet, type TokenAnswer, type TokenHeaders, type TokenParts, type TokenSet } from './tokenSet.ts';
import { withSignal } from './waiting.ts';

/** What the manager knows, without tokens. The same object until something changes. */
export interface TokenManagerState {
  /** `unknown`: the store has not been read, or `restore` has not been answered. */
  readonly status: 'unknown' | 'signedOut' | 'signedIn';
  readonly renewing: boolean;
  /** Milliseconds since the epoch, where known. */
  readonly expiresAt?: number;
  /** Why the last renewal failed, or why the session is over. */
  readonly error?: TokenError;
}

/** Keeps one user signed in: one session at a time, one renewal at a time, for any number of clients. */
export interface TokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  /** The token set that may be sent now; `null`: signed out; `undefined`: not known yet, ask `get`. Synchronous and almost free. */
  fresh(): TokenSet | null | undefined;
  /**
   * Waits for the store, and for a renewal where one is due.
   *
   * @throws TokenError `sessionExpired`, `signedOut`, `unavailable`, `credentialsRejected`, `misconfigured`, `aborted`, `disposed`
   */
  get(options?: { readonly signal?: AbortSignal | undefined }): Promise<TokenSet | null>;
  /**
   * The successor of `refused`, which may be there already; without `refused` a new token set now, after a change of role, say.
   *
   * @throws TokenError as `get`, and `noProgress`
   */
  renew(options?: { readonly refused?: TokenSet; readonly signal?: AbortSignal | undefined }): Promise<TokenSet>;
  /** Decides what becomes of an operation's answer. @internal for adapters */
  readonly settle: Settle;
  /** What goes on a request with this token set. @internal for adapters */
  headers(tokens: TokenSet): TokenHeaders;
  /** Begins a session. Resolves to what the provider's sign-in answers beside the tokens. @throws TokenError `credentialsRejected`, `unavailable`, `aborted` when another sign-in or a sign-out came in between */
  signIn(credentials: Credentials): Promise<Omit<Answer, keyof TokenParts>>;
  /** Begins a session with tokens that the application got elsewhere. The promise is of the store. @throws TokenError `misconfigured` when a token cannot be sent */
  adopt(tokens: TokenParts | string): Promise<void>;
  /** Ends the session: here at once, then in the store, which the promise is of; the tokens are revoked meanwhile, best effort. */
  signOut(): Promise<void>;
  readonly state: TokenManagerState;
  /** Calls `listener` when `state` has changed. With `restore` the first subscriber starts it. */
  subscribe(listener: () => void): () => void;
  readonly on: Events['on'];
  /** Renews ahead of expiry by a timer, for sockets and idle pages. Returns its stop. Without it there is no timer. */
  keepFresh(): () => void;
  /** Ends all waits with `disposed`; no timer, event or write comes after it. The store keeps the session. */
  dispose(): void;
}

/**
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function createTokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
): TokenManager<Credentials, Answer> {
  checkOptions(options);
  const { clock = systemClock, store = memoryStore(), cooldownMs = defaults.cooldownMs } = options;
  const { renewTimeoutMs = defaults.renewTimeoutMs, renewAheadMs = defaults.renewAheadMs } = options;
  const { lockWaitMs = renewTimeoutMs + 5_000, exclusive = false } = options;
  const now = () => clock.now();
  const renews = options.renewal !== 'never';
  const listeners = new Set<() => void>();
  const stops = new Set<() => void>();

  let state: TokenManagerState = Object.freeze({
    status: 'unknown',
    renewing: false,
  });
  let lastError: TokenError | undefined;
  let lastTokens: TokenSet | null | undefined;
  let isRestoring = options.restore === true && renews;
  let isUnattended = options.credentials !== undefined && renews;
  let isDisposed = false;
  let isReady = false;
  /** Raised by whatever begins or ends a session: the answer to an older sign-in is dropped. */
  let turn = 0;
  let headersOf: TokenSet | undefined;
  let headersNow: TokenHeaders = {};

  const events = createEvents(now);
  const cooldown = createCooldown(cooldownMs);
  const exchange = createExchange(options, { renewTimeoutMs, clock, cooldown });
  const session = createSession({
    store,
    clock,
    events,
    renewAheadMs,
    exclusive,
    changed: () => changed(),
  });
  const renewal = createRenewal({
    session,
    exchange,
    store,
    exclusive,
    lockWaitMs,
    cooldown,
    clock,
    events,
    changed,
  });
  const settle = createSettle({
    session,
    events,
    now,
    cooldownMs,
    dialect: options.dialect,
    renews,
    successorOf,
  });
  isReady = true;
  changed();

  /** The token set, or a renewal of it, has changed: whoever waits or watches is told. */
  function changed(error?: TokenError): void {
    if (!isReady) return;
    const { tokens } = session;
    if (error) lastError = error;
    else if (tokens && tokens !== lastTokens) lastError = undefined;
    if (tokens || (error && error.code !== 'unavailable' && error.code !== 'misconfigured')) isRestoring = false;
    lastTokens = tokens;
    renewal.follow();
    const status = tokens ? 'signedIn' : tokens === undefined || isRestoring ? 'unknown' : 'signedOut';
    const { running } = renewal;
    const expiresAt = tokens?.expiresAt;
    const isSame =
      state.status === status &&
      state.renewing === running &&
      state.expiresAt === expiresAt &&
      state.error === lastError;
    if (isSame) return;
    state = Object.freeze({
      status,
      renewing: running,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(lastError && { error: lastError }),
    });
    notify(listeners, undefined);
  }

  const canRenew = ({ refreshExpiresAt = Number.POSITIVE_INFINITY }: TokenSet) =>
    isUnattended || (options.renew !== undefined && now() < refreshExpiresAt);

  /** A token set that is not fresh any more: still good in the soft zone, in which a successor is fetched. */
  function stale(tokens: TokenSet): TokenSet | undefined {
    if (!renews) return tokens;
    const { from, hardAt } = session.schedule;
    if (now() >= hardAt || now() < from) return undefined;
    if (!renewal.running && !cooldown.current(now()) && canRenew(tokens)) renewal.start('ahead').catch(() => {});
    return tokens;
  }

  function fresh(): TokenSet | null | undefined {
    const { tokens, schedule } = session;
    if (isDisposed) return undefined;
    if (!tokens) return tokens === undefined || isRestoring || isUnattended ? undefined : null;
    const time = clock.now();
    return time < schedule.softAt && time >= schedule.from ? tokens : stale(tokens);
  }

  /** What `fresh` could not answer. */
  async function wait(): Promise<TokenSet | null> {
    await session.loaded;
    if (isDisposed) throw new TokenError('disposed', 'The token manager was disposed of.');
    const ready = fresh();
    if (ready !== undefined) return ready;
    const tokens = session.tokens ?? undefined;
    try {
      const answer = await renewal.start(tokens ? 'expired' : isRestoring ? 'restore' : 'credentials');
      if (!answer) isRestoring = false;
      return answer;
    } catch (error) {
      const isValid = tokens && session.tokens === tokens && now() < (tokens.expiresAt ?? Number.POSITIVE_INFINITY);
      if (isValid && !isDisposed) return tokens;
      throw error;
    }
  }

  async function successorOf(refused: TokenSet): Promise<TokenSet> {
    for (let waits = 0; ; waits++) {
      const { tokens } = session;
      if (tokens?.session !== refused.session)
        throw new TokenError('signedOut', 'The session that this token belonged to is over.');
      if (tokens.accessToken !== refused.accessToken) return tokens;
      if (waits === 2) throw new TokenError('noProgress', 'The renewal brought the token that had just been refused.');
      await renewal.start('refused'); // the one we joined may have been asked for another reason, and bring the same token
    }
  }

  async function renewNow(): Promise<TokenSet> {
    await session.loaded;
    const tokens = await (session.tokens ? renewal.start('asked') : wait());
    if (tokens) return tokens;
    throw new TokenError('signedOut', 'Nobody is signed in.');
  }

  async function begin(answer: TokenAnswer): Promise<void> {
    if (isDisposed) throw new TokenError('disposed', 'The token manager was disposed of.');
    const { parts, requestedAt } = answer;
    turn++;
    isUnattended = options.credentials !== undefined && renews;
    cooldown.end();
    await session.begin({ parts, requestedAt });
  }

  return {
    fresh,
    async get({ signal } = {}) {
      const ready = fresh();
      return ready !== undefined ? ready : withSignal(wait(), signal);
    },
    async renew({ refused, signal } = {}) {
      return withSignal(refused ? successorOf(refused) : renewNow(), signal);
    },
    settle,
    headers(tokens) {
      if (headersOf !== tokens) {
        headersNow = options.headers ? options.headers(tokens) : { authorization: `Bearer ${tokens.accessToken}` };
        headersOf = tokens;
      }
      return headersNow;
    },
    async signIn(credentials) {
      const mine = ++turn;
      const answer = await exchange.signIn(credentials);
      if (mine !== turn || isDisposed) {
        void exchange.revoke(makeTokenSet(answer, { session: '', version: 0 }));
        throw new TokenError('aborted', 'Another sign-in, or a sign-out, came in between.');
      }
      await begin(answer);
      const { accessToken, refreshToken, expiresInS, expiresAt, refreshExpiresInS, refreshExpiresAt, ...rest } =
        answer.parts;
      return rest as Omit<Answer, keyof TokenParts>;
    },
    adopt: tokens =>
      begin({
        parts: typeof tokens === 'string' ? { accessToken: tokens } : tokens,
        requestedAt: now(),
      }),
    async signOut() {
      const { tokens } = session;
      turn++;
      isUnattended = isRestoring = false;
      lastError = undefined;
      renewal.cancel(new TokenError('signedOut', 'The user signed out.'));
      cooldown.end();
      const cleared = session.end('signOut');
      if (tokens) void exchange.revoke(tokens);
      await cleared;
    },
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      if (isRestoring && !session.tokens) wait().catch(() => {});
      return () => void listeners.delete(listener);
    },
    on: events.on,
    keepFresh() {
      const stop = keepFresh({
        clock,
        schedule: () =>
          session.tokens && !isDisposed && !renewal.running && canRenew(session.tokens) ? session.schedule : undefined,
        pausedUntil: () => cooldown.until,
        check: () => void fresh(),
        subscribe: watch => {
          listeners.add(watch);
          return () => void listeners.delete(watch);
        },
      });
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    dispose() {
      isDisposed = true;
      session.close();
      renewal.cancel(new TokenError('disposed', 'The token manager was disposed of.'));
      exchange.close();
      for (const stop of stops) stop();
      listeners.clear();
      events.clear();
    },
  };
}
