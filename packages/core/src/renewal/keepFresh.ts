import { type Clock, longestTimerMs } from '../time/clock.ts';
import type { Schedule } from './schedule.ts';

export interface KeepFreshOptions {
  readonly clock: Clock;
  /** What is planned for the token set we have; `undefined`: none can be renewed, or one is being renewed. */
  readonly schedule: () => Schedule | undefined;
  /** No renewal before this moment: one has failed. */
  readonly pausedUntil: () => number;
  /** Starts the renewal that is due, if one is. */
  readonly check: () => void;
  /** Calls `changed` when there is another token set, or a renewal has ended. */
  readonly subscribe: (changed: () => void) => () => void;
}

interface Page {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly navigator?: { readonly onLine?: boolean };
  readonly addEventListener?: EventTarget['addEventListener'];
  readonly removeEventListener?: EventTarget['removeEventListener'];
}

/**
 * Renews ahead of expiry without anybody asking: for sockets and idle pages. It rests while the page is hidden or offline,
 * and looks once on return.
 *
 * @returns its stop
 */
export function keepFresh({ clock, schedule, pausedUntil, check, subscribe }: KeepFreshOptions): () => void {
  const page: Page = globalThis as object;
  const isResting = () => page.document?.visibilityState === 'hidden' || page.navigator?.onLine === false;
  let timer: unknown;

  function plan(againMs = 0): void {
    clock.clearTimeout(timer);
    const at = schedule()?.softAt ?? Number.POSITIVE_INFINITY;
    if (at === Number.POSITIVE_INFINITY || isResting()) return;
    const wait = Math.ceil(Math.max(at, pausedUntil()) - clock.now()); // timers know no fractions
    timer = clock.setTimeout(look, Math.min(wait > 0 ? wait : againMs, longestTimerMs));
  }
  function look(): void {
    if (!isResting()) check();
    plan(1_000);
  }

  const unsubscribe = subscribe(() => plan(pausedUntil() > 0 ? 1_000 : 0)); // a failure has its pause, however short
  page.document?.addEventListener('visibilitychange', look);
  page.addEventListener?.('online', look);
  plan();
  return () => {
    clock.clearTimeout(timer);
    unsubscribe();
    page.document?.removeEventListener('visibilitychange', look);
    page.removeEventListener?.('online', look);
  };
}
