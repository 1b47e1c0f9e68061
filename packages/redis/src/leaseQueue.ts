import type { Hold } from '@latchkey/core/adapter';
import { NotConnected } from './commands.ts';
import { acquireLease, type Lease, type LeaseOptions, releaseLease } from './lease.ts';

export interface LeaseQueueOptions extends LeaseOptions {
  /** Whether a notice ends a wait; otherwise who waits asks once in a while. */
  readonly isNotified: () => boolean;
  /** Looks at the record: a manager that finds a successor no longer needs the lock. Never rejects. */
  readonly look: (isNotified: boolean) => Promise<void>;
}

/** A quarter of a second to a second: those who wait do not ask all at once. */
const pollMs = () => 250 + Math.random() * 750;

/** Waits for the lease, holds it, and lets it go. */
export class LeaseQueue {
  readonly #options: LeaseQueueOptions;
  readonly #held = new Set<Lease>();
  /** Ends the wait of each who waits. */
  readonly #waiting = new Set<() => void>();
  /** Owners of which nobody knows whether they hold the lease. */
  readonly #doubtful = new Set<string>();
  /** A timer: while it runs only those who have held the lease get it, because Redis may have lost it. */
  #holdersFirst: unknown;

  constructor(options: LeaseQueueOptions) {
    this.#options = options;
  }

  /** Runs `run` once inside the lock; when the signal aborts before, not at all. @throws when Redis does not answer before */
  async run(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    const owner = crypto.randomUUID();
    let lease: Lease | undefined;
    try {
      lease = await this.#acquire(owner, signal);
    } catch (thrown) {
      if (!(thrown instanceof NotConnected)) this.#doubtful.add(owner);
      throw thrown;
    }
    if (!lease) return;
    this.#held.add(lease);
    try {
      if (!signal.aborted) await run(lease);
    } finally {
      lease.close();
      this.#held.delete(lease);
      await releaseLease(this.#options, owner).catch(() => this.#doubtful.add(owner));
    }
  }

  /** Redis is back, perhaps without the lease. */
  back(): void {
    const { clock, leaseMs } = this.#options;
    const end = () => {
      this.#holdersFirst = undefined;
      this.wake();
    };
    clock.clearTimeout(this.#holdersFirst);
    this.#holdersFirst = clock.setTimeout(end, leaseMs / 3 + 100);
    for (const lease of this.#held) void lease.extend();
    this.#releaseDoubtful();
  }

  wake(): void {
    for (const resume of this.#waiting) resume();
  }

  async #acquire(owner: string, signal: AbortSignal): Promise<Lease | undefined> {
    const { leaseMs, isNotified, look } = this.#options;
    while (!signal.aborted) {
      if (this.#holdersFirst !== undefined) {
        await this.#wait(leaseMs, signal);
        continue;
      }
      this.#releaseDoubtful(); // Redis runs what follows after it
      const attempt = await acquireLease(this.#options, owner);
      if ('lease' in attempt) return attempt.lease;
      const { leftMs } = attempt;
      await this.#wait(isNotified() ? leftMs * (1 + Math.random() / 10) : Math.min(leftMs, pollMs()), signal);
      if (!signal.aborted) await look(isNotified());
    }
    return undefined;
  }

  #releaseDoubtful(): void {
    if (!this.#options.commands.isReady) return;
    for (const owner of this.#doubtful) void releaseLease(this.#options, owner).catch(() => {});
    this.#doubtful.clear();
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    return new Promise(resolve => {
      const resume = () => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', resume);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = clock.setTimeout(resume, ms);
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume, { once: true });
      if (signal.aborted) resume();
    });
  }
}
