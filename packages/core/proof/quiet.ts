import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { Surroundings } from './surroundings.ts';

const longestMs = 5 * 60_000;
/** Pauses are shortened by chance, by a quarter at most. */
const leastShare = 0.75;

/** The peace that the auth server must be left in after a failed renewal: at least as long as what is documented. */
export class Quiet {
  /** When the last renewal began. */
  renewingSince = 0;
  readonly #around: Surroundings;
  readonly #cooldownMs: number;
  #failures = 0;
  #since = 0;
  #until = 0;
  #isRenewing = false;
  #hasFailed = false;

  constructor(around: Surroundings, cooldownMs: number) {
    this.#around = around;
    this.#cooldownMs = cooldownMs;
  }

  failed({ reason, error }: TokenEvents['renewalFailed']): void {
    this.#hasFailed = true;
    const { code, retryAfterMs = 0 } = error;
    if (code === 'sessionExpired' || (code === 'noProgress' && reason === 'asked')) return;
    const pause =
      code === 'misconfigured' ? longestMs : Math.min(this.#cooldownMs * 2 ** this.#failures, longestMs) * leastShare;
    this.#failures++;
    this.#since = this.#around.clock.now();
    this.#until = this.#since + Math.max(pause, retryAfterMs);
  }

  /** The state has changed: a renewal that ended without a failure ends the cool-down. */
  changed(isRenewing: boolean): void {
    if (isRenewing && !this.#isRenewing) {
      this.#hasFailed = false;
      const now = this.#around.clock.now();
      this.renewingSince = now;
      if (now >= this.#since && now < this.#until) this.#around.wrong('a renewal during the cool-down');
    }
    if (!isRenewing && this.#isRenewing && !this.#hasFailed) this.end();
    this.#isRenewing = isRenewing;
  }

  end(): void {
    this.#failures = this.#until = 0;
  }
}
