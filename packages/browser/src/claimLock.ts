import type { Clock } from '@latchkey/core';
import type { Hold } from '@latchkey/core/adapter';
import { pause } from './lostExchange.ts';
import type { Message, TabChannel } from './tabChannel.ts';

const longestDelayMs = 100;
/** So long a claim is on its way to the other tabs. */
const answerMs = 50;

/**
 * For pages without Web Locks (http, sandboxed frames): a tab claims the renewal by a message. Tabs that claim at the same time
 * rarely hold it both, but they may: messages have no order among tabs.
 */
export class ClaimLock {
  readonly #tab: string;
  readonly #clock: Clock;
  readonly #channel: () => TabChannel;
  readonly #longestHoldMs: number;
  /** Until when the claims of other tabs count. */
  readonly #claims = new Map<string, number>();
  #isHeld = false;
  #freed = () => {};

  constructor(options: { tab: string; clock: Clock; channel: () => TabChannel; longestHoldMs: number }) {
    this.#tab = options.tab;
    this.#clock = options.clock;
    this.#channel = options.channel;
    this.#longestHoldMs = options.longestHoldMs;
  }

  receive({ t, from }: Message): void {
    if (t === 'free') {
      this.#claims.delete(from);
      this.#freed();
    } else if (t === 'claim' && this.#isHeld) this.#channel().post({ t: 'held', to: from });
    else if (t === 'held' || from < this.#tab) this.#claims.set(from, this.#clock.now() + this.#longestHoldMs);
  }

  async hold(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!(await this.#claim(signal))) if (signal.aborted) return;
    this.#isHeld = true;
    this.#channel().post({ t: 'held' });
    try {
      await run({ isHeld: () => true });
    } finally {
      this.#isHeld = false;
      this.#channel().post({ t: 'free' });
    }
  }

  async #claim(signal: AbortSignal): Promise<boolean> {
    await this.#isFree(signal);
    await pause(this.#clock, Math.random() * longestDelayMs);
    if (signal.aborted || this.#othersClaim()) return false;
    this.#channel().post({ t: 'claim' });
    await pause(this.#clock, answerMs);
    if (!signal.aborted && !this.#othersClaim()) return true;
    this.#channel().post({ t: 'free' });
    return false;
  }

  #othersClaim(): boolean {
    const now = this.#clock.now();
    for (const [from, until] of this.#claims) if (now >= until) this.#claims.delete(from);
    return this.#claims.size > 0;
  }

  async #isFree(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#othersClaim()) {
      const left = Math.max(...this.#claims.values()) - this.#clock.now();
      await new Promise<void>(resolve => {
        const timer = this.#clock.setTimeout(resolve, left);
        this.#freed = () => {
          this.#clock.clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#freed, { once: true });
      });
    }
  }
}
