import type { Hold } from '../src/store/place.ts';
import type { Environment } from './environment.ts';
import type { LockAnswer } from './scenario.ts';

/** A lock that is held. */
export interface SimulatedHold extends Hold {
  /** Who holds it; `undefined`: a plain store does not know. */
  readonly by: object | undefined;
  /** A token request was sent under it: nobody takes over before the holder lets go. */
  hasSent: boolean;
}

/** A lock that is granted in order, fails, is never granted, or is lost before a token request is sent. */
export class SimulatedLock {
  readonly holds: Set<SimulatedHold> = new Set();
  readonly #env: Environment;
  readonly #next: () => LockAnswer;
  readonly #hasFence: boolean;
  #isFree: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #fence = 0;

  constructor(env: Environment, next: () => LockAnswer, hasFence: boolean) {
    this.#env = env;
    this.#next = next;
    this.#hasFence = hasFence;
  }

  /** Nobody holds it or waits for it. */
  get isFree(): boolean {
    return this.holds.size === 0 && this.#waiting === 0;
  }

  /** `signal` ends the wait, as `Place.lock` has it. */
  async run(inside: (hold: SimulatedHold) => Promise<void>, by?: object, signal?: AbortSignal): Promise<void> {
    const answer = this.#next();
    const aborted = new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }));
    if (answer === 'neverSettles') return aborted;
    if (answer === 'fails')
      return this.#env.schedule('lock fails', () => Promise.reject(new Error('The lock is out of order.')));
    const turn = this.#isFree;
    let letGo = () => {};
    this.#isFree = new Promise<void>(resolve => {
      letGo = resolve;
    });
    this.#waiting++;
    const granted = turn.then(() => this.#env.schedule('lock', () => void this.#waiting--));
    await Promise.race([granted, aborted]);
    if (signal?.aborted) return void granted.then(letGo);
    const hold = this.#grant(by);
    const end = () => {
      this.holds.delete(hold);
      letGo();
    };
    if (answer === 'isLost' && by) void this.#env.schedule('lock is lost', () => hold.hasSent || end());
    await inside(hold).finally(end);
  }

  #grant(by: object | undefined): SimulatedHold {
    this.#fence = Math.max(this.#fence + 1, this.#env.clock.now());
    const hold: SimulatedHold = {
      by,
      hasSent: false,
      isHeld: () => this.holds.has(hold),
      ...(this.#hasFence && { fence: this.#fence }),
    };
    this.holds.add(hold);
    return hold;
  }
}
