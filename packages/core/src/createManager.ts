import { TokenError, tokenError } from './errors/tokenError.ts';
import type { Manager } from './manager.ts';
import { callEach } from './session/callEach.ts';
import { createSession } from './session/session.ts';
import { longestTimerMs, systemClock } from './time/clock.ts';
import type { InitialTokens, TokenManagerOptions } from './tokenManagerOptions.ts';
import { makeSessionId, makeTokenSet, type TokenSet } from './tokens/tokenSet.ts';
import { noRefusals } from './verdict/renewalGuard.ts';

/**
 * What the parts of a token manager share, from its options and their defaults.
 *
 * @throws TokenError `misconfigured`, also in production, when an option would break what the others rely on
 */
export function createManager(options: TokenManagerOptions<never>): Manager {
  const { clock = systemClock, cooldownMs = 2_000, renewAheadMs = 60_000, renewTimeoutMs = 10_000 } = options;
  const { exclusive = false, lockWaitMs = Math.min(renewTimeoutMs + 5_000, longestTimerMs) } = options;
  const { renewal, credentials, restore, store, initial } = options;
  const requestTimeoutMs = Math.min(3 * renewTimeoutMs, longestTimerMs);
  const times = [cooldownMs, renewAheadMs, renewTimeoutMs, lockWaitMs];
  if (!times.every(ms => ms >= 0 && ms <= longestTimerMs)) throw new TokenError('misconfigured');
  if (store && initial !== undefined) throw initialWithStore();
  const renews = renewal !== 'never';
  const session = createSession({
    clock,
    cooldownMs,
    renewAheadMs,
    exclusive,
    onlyRefused: renewal === 'refused',
    hasCredentials: credentials !== undefined && renews,
    restores: typeof restore === 'function' ? () => asked(restore) : () => restore === true,
    hasStore: store !== undefined,
    renewTimeoutMs,
    lockWaitMs,
    initial: initial == null ? initial : firstTokens(initial, clock.now()),
  });
  return {
    options,
    session,
    store: store?.({
      session,
      clock,
      exclusive,
      renewTimeoutMs,
      requestTimeoutMs,
      lockWaitMs,
      rotates: options.rotates,
    }),
    renews,
    requestTimeoutMs,
    closing: new AbortController(),
    refusals: noRefusals(),
    refused: new Map(),
    userActs: 0,
    signOuts: 0,
  };
}

function firstTokens(initial: InitialTokens | string, now: number): TokenSet {
  const parts = typeof initial === 'object' ? initial : { accessToken: initial };
  const { sessionId = makeSessionId(now) } = parts as InitialTokens;
  return makeTokenSet({ parts, requestedAt: now }, { sessionId, version: 1 });
}

/** A hint that throws is reported, and hints at nothing: `renew` is asked. */
function asked(hint: () => boolean): boolean {
  let isHint = true;
  callEach([hint], ask => {
    isHint = ask();
  });
  return isHint;
}

const initialWithStore = () =>
  tokenError(
    'misconfigured',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'Options "initial" and "store" exclude each other: the store holds the session. Leave one out.',
  );
