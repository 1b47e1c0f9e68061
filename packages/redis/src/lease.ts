import type { Clock } from '@latchkey/core';
import type { Hold } from '@latchkey/core/adapter';
import type { Commands } from './commands.ts';
import { free } from './notices.ts';
import { acquire, extend, release } from './scripts.ts';

export interface LeaseOptions {
  readonly commands: Commands;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly channel: string;
  readonly recordTtlMs: number;
}

/** By the later of two clocks: the system's may be set back, and the monotonic one may stop while a machine sleeps. */
const stopwatch = (clock: Clock) => {
  const wall = clock.now();
  const monotonic = performance.now();
  return () => Math.max(clock.now() - wall, performance.now() - monotonic);
};

/** What an attempt to acquire the lease has brought: the lease, or how long the present one lasts. */
export type Attempt = { readonly lease: Lease } | { readonly leftMs: number };

/**
 * Asks for the lease once. An owner that was not answered may have acquired it, and lets it go as soon as that shows.
 *
 * @throws what `Commands.run` throws
 */
export async function acquireLease(options: LeaseOptions, owner: string): Promise<Attempt> {
  const { commands, clock, leaseMs, recordTtlMs } = options;
  const sinceAsked = stopwatch(clock);
  const letGo = () => void releaseLease(options, owner).catch(() => {});
  const args = [owner, String(leaseMs), '', String(recordTtlMs)];
  const reply = (await commands.run(acquire, args, letGo)) as readonly unknown[];
  const fence = Number(reply[0]);
  if (fence > 0) return { lease: new Lease(options, owner, fence, sinceAsked) };
  return { leftMs: Math.max(0, Number(reply[1])) };
}

/** @throws what `Commands.run` throws */
export const releaseLease = ({ commands, channel }: LeaseOptions, owner: string): Promise<unknown> =>
  commands.run(release, [owner, channel, free]);

/** A lease that is held, and extended every third of it until it is closed. */
export class Lease implements Hold {
  readonly owner: string;
  readonly fence: number;
  readonly #options: LeaseOptions;
  /** Since the last command that was granted was sent: Redis counts from later on. */
  #sinceAsked: () => number;
  #isOpen = true;
  #timer: unknown;

  constructor(options: LeaseOptions, owner: string, fence: number, sinceAsked: () => number) {
    this.#options = options;
    this.owner = owner;
    this.fence = fence;
    this.#sinceAsked = sinceAsked;
    this.#extendLater();
  }

  /** With a margin of a tenth of the lease, in which a request leaves this process. */
  isHeld(): boolean {
    return this.#isOpen && this.#sinceAsked() < this.#options.leaseMs * 0.9;
  }

  /** Also takes a lease again that Redis has lost with its data. Never rejects. */
  async extend(): Promise<void> {
    const { commands, clock, leaseMs, recordTtlMs } = this.#options;
    if (!this.#isOpen) return;
    clock.clearTimeout(this.#timer);
    const sinceAsked = stopwatch(clock);
    try {
      const args = [this.owner, String(leaseMs), String(this.fence), String(recordTtlMs)];
      const isHeld = Number(await commands.run(extend, args)) === 1;
      if (isHeld) this.#sinceAsked = sinceAsked;
      else this.close(); // somebody else has had it
    } catch {
      // tried again
    }
    this.#extendLater();
  }

  close(): void {
    this.#isOpen = false;
    this.#options.clock.clearTimeout(this.#timer);
  }

  #extendLater(): void {
    const { clock, leaseMs } = this.#options;
    clock.clearTimeout(this.#timer);
    if (this.#isOpen) this.#timer = clock.setTimeout(() => void this.extend(), leaseMs / 3);
  }
}
