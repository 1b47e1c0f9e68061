import { sessionIsOver, TokenError } from '../errors/tokenError.ts';
import type { Manager } from '../manager.ts';
import { callEach } from '../session/callEach.ts';
import type { Cooldown } from '../session/cooldown.ts';
import { abortReason, checkSignal } from '../session/waitingList.ts';
import { longestTimerMs } from '../time/clock.ts';
import type { TokenManager } from '../tokenManager.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';

export interface WaitForTokensOptions {
  /** Waits for the successor of this token set. */
  readonly refused?: TokenSet | undefined;
  /** The session that the waiter belongs to: in another one it fails with `signedOut`. */
  readonly session?: string | undefined;
  /** Waits so many milliseconds first, or until this resolves. */
  readonly pause?: number | (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** While somebody waits, an auth server that is away is asked again at least so often, unless it has asked for a longer pause. */
const longestPauseMs = 30_000;

type Waitable = Pick<TokenManager, 'get' | 'renew' | 'state' | 'subscribe' | 'manager'>;

/**
 * Waits as `get`, or with `refused` as `renew`, but through outages: it looks again at the end of the pause, when the session
 * changes, and when the page is online again. For sockets and streams, which have nothing better to do than to wait.
 *
 * @throws TokenError as `get` and `renew`, but never `unavailable`
 */
export async function waitForTokens(auth: Waitable, options: WaitForTokensOptions = {}): Promise<TokenSet | null> {
  const { refused, session, pause, signal } = options;
  const hold = setInterval(() => {}, longestTimerMs); // Node would end while nothing but timers of the manager are left
  try {
    await (typeof pause === 'number' ? passed(pause, auth, signal) : pause?.());
    for (;;) {
      checkSignal(signal);
      if (session !== undefined && auth.manager().session.state.tokens?.sessionId !== session) throw sessionIsOver();
      try {
        return await (refused ? auth.renew({ refused, signal }) : auth.get({ signal }));
      } catch (thrown) {
        if (!TokenError.is(thrown) || thrown.code !== 'unavailable') throw thrown;
      }
      await nextChance(auth, signal);
    }
  } finally {
    clearInterval(hold);
  }
}

/** Resolves when so much time has passed, or the signal aborts. */
function passed(ms: number, auth: Waitable, signal: AbortSignal | null | undefined): Promise<void> {
  const { clock } = auth.manager().session;
  return new Promise(resolve => {
    const end = () => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

/** Those who wait for the next chance of one token manager: one timer, one subscription. */
interface Chance {
  readonly waiters: Set<() => void>;
  readonly stop: () => void;
}

const chances = new WeakMap<Manager, Chance>();

/** Resolves when another attempt may succeed. @throws the reason of the signal when it aborts */
function nextChance(auth: Waitable, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const { waiters } = chanceOf(auth);
    const leave = () => {
      waiters.delete(wake);
      if (waiters.size === 0) endChance(auth.manager());
      reject(abortReason(signal as AbortSignal));
    };
    const wake = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    waiters.add(wake);
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  });
}

function chanceOf(auth: Waitable): Chance {
  const manager = auth.manager();
  const present = chances.get(manager);
  if (present) return present;
  const { session, closing } = manager;
  const wakeAll = () => endChance(manager);
  const timer = session.clock.setTimeout(
    () => {
      session.cooldown = { ...session.cooldown, until: session.clock.now() };
      wakeAll();
    },
    pauseIn(session.cooldown, session.clock.now()),
  );
  const unsubscribe = auth.subscribe(wakeAll);
  const page: { addEventListener?: EventTarget['addEventListener'] } & Partial<EventTarget> = globalThis as object;
  page.addEventListener?.('online', wakeAll);
  closing.signal.addEventListener('abort', wakeAll);
  const stop = () => {
    session.clock.clearTimeout(timer);
    unsubscribe();
    page.removeEventListener?.('online', wakeAll);
    closing.signal.removeEventListener('abort', wakeAll);
  };
  const chance = { waiters: new Set<() => void>(), stop };
  chances.set(manager, chance);
  return chance;
}

/** How long to wait, in milliseconds; a little more than the pause, and not the same for all clients. */
function pauseIn({ until, since, error }: Cooldown, now: number): number {
  const asked = since + (error?.retryAfterMs || 0) - now;
  const pause = Math.max(Math.min(until - now, longestPauseMs), asked, 0);
  return Math.min(Math.ceil(pause + (1_000 + pause / 10) * Math.random()), longestTimerMs);
}

function endChance(manager: Manager): void {
  const chance = chances.get(manager);
  if (!chance) return;
  chances.delete(manager);
  chance.stop();
  callEach([...chance.waiters], wake => wake());
}
