import { checkOptions } from './checkOptions.ts';
import { decide } from './decide.ts';
import { TokenError, tokenError } from './errors/tokenError.ts';
import type { Manager } from './manager.ts';
import { freshTokens, renewNow, successorOf, waitForTokens } from './renewal/tokenAccess.ts';
import { createSession, disposeSession } from './session/session.ts';
import { onEvent } from './session/tokenEvents.ts';
import { checkSignal, withSignal } from './session/waitingList.ts';
import { longestTimerMs, systemClock } from './time/clock.ts';
import type { TokenManager } from './tokenManager.ts';
import type { TokenManagerOptions } from './tokenManagerOptions.ts';
import { createRequestHeaders } from './tokens/requestHeaders.ts';
import type { TokenParts } from './tokens/tokenSet.ts';
import { adopt, signIn, signOut } from './userActs.ts';
import { noRefusals } from './verdict/renewalGuard.ts';

/**
 * Makes the token manager of one session.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function createTokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
): TokenManager<Credentials, Answer> {
  checkInDevelopment(options);
  const manager = createManager(options as unknown as TokenManagerOptions<never>);
  const { session } = manager;
  const fresh = freshTokens.bind(undefined, manager);
  const waitFor = waitForTokens.bind(undefined, manager);
  return {
    fresh,
    async get({ signal } = {}) {
      checkSignal(signal);
      const ready = fresh();
      return ready !== undefined ? ready : new Promise((resume, fail) => waitFor({ resume, fail }, signal));
    },
    async renew({ refused, signal } = {}) {
      checkSignal(signal);
      if (!manager.renews) throw renewalIsNever();
      return withSignal(refused ? successorOf(manager, refused) : renewNow(manager), signal);
    },
    signIn: credentials => signIn(manager, credentials) as Promise<Omit<Answer, keyof TokenParts>>,
    adopt: adopt.bind(undefined, manager),
    signOut: signOut.bind(undefined, manager),
    headers: createRequestHeaders(options.headers),
    get state() {
      return session.snapshot;
    },
    subscribe(listener) {
      session.listeners.add(listener);
      const { status } = session.state;
      const isRestoring = session.options.restore && (status === 'loading' || status === 'restoring');
      if (isRestoring) waitFor({ resume() {}, fail() {} });
      return () => void session.listeners.delete(listener);
    },
    on: (name, listener) => onEvent(session.events, name, listener),
    dispose() {
      manager.store?.close();
      disposeSession(session);
      manager.closing.abort();
    },
    decide: decide.bind(undefined, manager),
    waitFor,
    receivesTokens: options.receive !== undefined,
    manager: () => manager,
  };
}

function checkInDevelopment(options: object): void {
  let check: typeof checkOptions | undefined;
  try {
    if (process.env.NODE_ENV !== 'production') check = checkOptions;
  } catch {
    // a page without a bundler has no `process` and counts as production
  }
  check?.(options as TokenManagerOptions<never>);
}

function createManager(options: TokenManagerOptions<never>): Manager {
  const { clock = systemClock, cooldownMs = 2_000, renewAheadMs = 60_000, renewTimeoutMs = 10_000 } = options;
  const { exclusive = false, lockWaitMs = Math.min(renewTimeoutMs + 5_000, longestTimerMs) } = options;
  const { renewal, credentials, restore, store } = options;
  const times = [cooldownMs, renewAheadMs, renewTimeoutMs, lockWaitMs];
  if (!times.every(ms => ms >= 0 && ms <= longestTimerMs)) throw new TokenError('misconfigured');
  const renews = renewal !== 'never';
  const session = createSession({
    clock,
    cooldownMs,
    renewAheadMs,
    exclusive,
    onlyRefused: renewal === 'refused',
    hasCredentials: credentials !== undefined && renews,
    restore: restore === true && renews,
    hasStore: store !== undefined,
  });
  return {
    options,
    session,
    store: store?.({ session, clock, exclusive, lockWaitMs }),
    renews,
    renewTimeoutMs,
    closing: new AbortController(),
    refusals: noRefusals(),
    refused: new Map(),
    userActs: 0,
  };
}

const renewalIsNever = () =>
  tokenError(
    'misconfigured',
    () => process.env.NODE_ENV !== 'production' && 'Option "renewal" is "never". Leave it out to renew.',
  );
