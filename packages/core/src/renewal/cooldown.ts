import type { TokenError } from '../errors/tokenError.ts';

/** However often it failed, it is tried again after this time. */
const longestMs = 5 * 60_000;
/** However long the auth server asks to be left alone. */
const longestObeyedMs = 60 * 60_000;
/** Answers of something between us and the auth server, unless they go on. */
const doubtful = [403, 404, 405];

/** The pause after a failed renewal: whoever asks meanwhile gets the failure, and the auth server gets its peace. */
export interface Cooldown {
  /** The failure, while the pause lasts. */
  current(now: number): TokenError | undefined;
  /** When the pause ends, in milliseconds since the epoch. */
  readonly until: number;
  /** A failure: the pause begins, twice as long as the last one, shortened by chance, and not shorter than `Retry-After`. */
  failed(error: TokenError, now: number): void;
  /** Whether a 403, 404 or 405 has been the answer often and long enough to be believed. */
  believes(error: TokenError, now: number): boolean;
  end(): void;
}

export function createCooldown(cooldownMs: number): Cooldown {
  let failures = 0;
  let error: TokenError | undefined;
  let since = 0;
  let doubtfulCount = 0;
  let doubtfulSince = 0;
  const cooldown = {
    until: 0,
    current: (now: number) => (now < cooldown.until && now >= since ? error : undefined), // the clock may be set back
    failed(failure: TokenError, now: number) {
      const pause =
        failure.code === 'misconfigured'
          ? longestMs
          : Math.min(cooldownMs * 2 ** failures, longestMs) * (1 - Math.random() / 4);
      failures++;
      error = failure;
      since = now;
      cooldown.until = now + Math.max(pause, Math.min(failure.retryAfterMs || 0, longestObeyedMs)); // a user's NaN, too
    },
    believes(failure: TokenError, now: number) {
      const { code, status = 0, oauthError } = failure;
      if (code !== 'unavailable' || !doubtful.includes(status) || oauthError) {
        doubtfulCount = 0;
        return false;
      }
      if (doubtfulCount++ === 0) doubtfulSince = now;
      return doubtfulCount >= 3 && now - doubtfulSince > cooldownMs;
    },
    end() {
      failures = doubtfulCount = cooldown.until = 0;
      error = undefined;
    },
  };
  return cooldown;
}
