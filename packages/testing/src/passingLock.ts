import type { Clock } from '@latchkey/core';
import type { Hold } from '@latchkey/core/adapter';

interface Grant {
  isLost: boolean;
}

/** A lock with a queue and a fence, which passes on when its holder is frozen. */
export class PassingLock {
  readonly #clock: Clock;
  readonly #released: () => void;
  readonly #queue: (() => void)[] = [];
  #holder: Grant | undefined;
  #fence = 0;

  constructor(clock: Clock, released: () => void) {
    this.#clock = clock;
    this.#released = released;
  }

  hold(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      const begin = () => {
        signal.removeEventListener('abort', leave);
        this.#run(run).then(resolve, reject);
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(begin), 1);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(begin);
      this.#grantNext();
    });
  }

  /** The holder is frozen for longer than a lease: the next one gets the lock. */
  takeOver(): void {
    if (this.#holder) this.#holder.isLost = true;
    this.#holder = undefined;
    this.#grantNext();
  }

  #grantNext(): void {
    if (!this.#holder) this.#queue.shift()?.();
  }

  async #run(run: (hold: Hold) => Promise<void>): Promise<void> {
    const grant: Grant = { isLost: false };
    this.#holder = grant;
    this.#fence = Math.max(this.#fence + 1, this.#clock.now());
    try {
      await run({ isHeld: () => !grant.isLost, fence: this.#fence });
    } finally {
      this.#released();
      if (this.#holder === grant) this.#holder = undefined;
      this.#grantNext();
    }
  }
}
