import type { Manager } from '../manager.ts';
import { longestTimerMs } from '../time/clock.ts';
import { canRenew, freshTokens, joinWait } from './tokenAccess.ts';

interface KeptFresh {
  readonly manager: () => Manager;
  subscribe(listener: () => void): () => void;
}

interface Page {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly navigator?: { readonly onLine?: boolean };
  readonly addEventListener?: EventTarget['addEventListener'];
  readonly removeEventListener?: EventTarget['removeEventListener'];
}

const page: Page = globalThis as object;
const isPaused = () => page.document?.visibilityState === 'hidden' || page.navigator?.onLine === false;

/** When a token set should be renewed or restored, in milliseconds since the epoch; infinite: it cannot be, or is on its way. */
function dueAt(manager: Manager): number {
  const { state, flight, clock, cooldown } = manager.session;
  if (state.status === 'loading') return cooldown.error ? 0 : Number.POSITIVE_INFINITY; // the store did not answer
  if (state.status === 'restoring' && !flight) return 0; // an outage has met the restore
  if (!state.tokens || flight || !canRenew(manager, state.tokens, clock.now())) return Number.POSITIVE_INFINITY;
  return state.schedule.softAt;
}

function renewIfDue(manager: Manager): void {
  const { status } = manager.session.state;
  if (status === 'restoring' || status === 'loading' || (status === 'signedIn' && freshTokens(manager) === undefined))
    joinWait(manager, { resume() {}, fail() {} });
}

/**
 * Renews ahead of expiry by a timer, for sockets and idle pages, and restores a session after an outage. It pauses while the
 * page is hidden or offline, and checks once on return. Without it there is no timer: a token set is renewed when it is needed.
 *
 * @returns a function that stops it; `auth.dispose()` stops it, too
 */
export function keepFresh(auth: KeptFresh): () => void {
  const manager = auth.manager();
  const { session, closing } = manager;
  const { clock } = session;
  if (closing.signal.aborted) return () => {};
  let timer: unknown;
  let isStopped = false;

  function setTimer(minWaitMs = 0): void {
    clock.clearTimeout(timer);
    const at = dueAt(manager);
    if (at === Number.POSITIVE_INFINITY || isPaused() || isStopped) return;
    const wait = Math.ceil(Math.max(at, session.cooldown.until) - clock.now()); // timers take whole milliseconds
    timer = clock.setTimeout(check, Math.min(wait > 0 ? wait : minWaitMs, longestTimerMs));
  }
  function check(): void {
    if (!isPaused()) renewIfDue(manager);
    setTimer(1_000);
  }

  const unsubscribe = auth.subscribe(() => setTimer(session.cooldown.until > 0 ? 1_000 : 0)); // a failure has its pause, however short
  const stop = () => {
    isStopped = true;
    clock.clearTimeout(timer);
    unsubscribe();
    page.document?.removeEventListener('visibilitychange', check);
    page.removeEventListener?.('online', check);
    closing.signal.removeEventListener('abort', stop);
  };
  page.document?.addEventListener('visibilitychange', check);
  page.addEventListener?.('online', check);
  closing.signal.addEventListener('abort', stop);
  setTimer();
  return stop;
}
