import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { Environment } from './environment.ts';

const longestMs = 5 * 60_000;
/** Jitter shortens a cool-down by a quarter at most. */
const leastShare = 0.75;

/** Checks that no renewal starts within the documented cool-down after a failed one. */
export class CooldownCheck {
  /** When the last renewal started. */
  renewingSince = 0;
  readonly #env: Environment;
  readonly #cooldownMs: number;
  #failures = 0;
  #since = 0;
  #until = 0;
  #isRenewing = false;
  #hasFailed = false;

  constructor(env: Environment, cooldownMs: number) {
    this.#env = env;
    this.#cooldownMs = cooldownMs;
  }

  renewalFailed({ reason, error }: TokenEvents['renewalFailed']): void {
    this.#hasFailed = true;
    const { code, retryAfterMs = 0 } = error;
    if (code === 'sessionExpired' || (code === 'noProgress' && reason === 'asked')) return;
    const pause =
      code === 'misconfigured' ? longestMs : Math.min(this.#cooldownMs * 2 ** this.#failures, longestMs) * leastShare;
    this.#failures++;
    this.#since = this.#env.clock.now();
    this.#until = this.#since + Math.max(pause, retryAfterMs);
  }

  /** A renewal that ended without a failure ends the cool-down. */
  stateChanged(isRenewing: boolean): void {
    if (isRenewing && !this.#isRenewing) {
      this.#hasFailed = false;
      const now = this.#env.clock.now();
      this.renewingSince = now;
      if (now >= this.#since && now < this.#until) this.#env.violated('a renewal during the cool-down');
    }
    if (!isRenewing && this.#isRenewing && !this.#hasFailed) this.end();
    this.#isRenewing = isRenewing;
  }

  end(): void {
    this.#failures = this.#until = 0;
  }
}
