import type { TokenManagerState } from '../src/session/snapshot.ts';
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
  /** The store, and not the auth server, has failed the last renewal. */
  #isOfStore = false;
  #isRenewing = false;
  /** The error when the last renewal started. */
  #errorBefore: TokenManagerState['error'];

  constructor(env: Environment, cooldownMs: number) {
    this.#env = env;
    this.#cooldownMs = cooldownMs;
  }

  renewalFailed({ reason, error }: TokenEvents['renewalFailed']): void {
    const { code, retryAfterMs = 0 } = error;
    if (code === 'sessionExpired' || (code === 'noProgress' && reason === 'asked')) return;
    const pause =
      code === 'misconfigured' ? longestMs : Math.min(this.#cooldownMs * 2 ** this.#failures, longestMs) * leastShare;
    this.#isOfStore = /^(?:Could not acquire the store|The store could not be read)/.test(error.message);
    this.#failures++;
    this.#since = this.#env.clock.now();
    this.#until = this.#since + Math.max(pause, retryAfterMs);
  }

  /** A renewal that ended without a failure ends the cool-down. The state changes before `renewalFailed` is emitted. */
  stateChanged(state: TokenManagerState): void {
    const wasRenewing = this.#isRenewing;
    this.#isRenewing = state.renewing;
    if (state.renewing && !wasRenewing) this.#renewalStarted(state);
    else if (wasRenewing && !state.renewing && !this.#hasFailed(state)) this.end();
  }

  end(): void {
    this.#failures = this.#until = 0;
  }

  /** The place has shown by itself what it holds: it is back. */
  storeIsBack(): void {
    if (this.#isOfStore) this.end();
  }

  #hasFailed({ error }: TokenManagerState): boolean {
    return error !== undefined && error !== this.#errorBefore;
  }

  #renewalStarted({ error }: TokenManagerState): void {
    this.#errorBefore = error;
    const now = this.#env.clock.now();
    this.renewingSince = now;
    if (now >= this.#since && now < this.#until) this.#env.violated('a renewal during the cool-down');
  }
}
