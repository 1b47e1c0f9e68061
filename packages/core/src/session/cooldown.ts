import type { TokenError } from '../errors/tokenError.ts';

const maxPauseMs = 5 * 60_000;
/** The longest `Retry-After` that is obeyed. */
const maxRetryAfterMs = 60 * 60_000;
/** So many doubtful answers in a row are believed. */
const maxDoubtful = 3;

/** The pause after a failed renewal. Callers get the failure meanwhile, and the auth server gets no request. */
export interface Cooldown {
  /** How many renewals in a row have failed. */
  readonly failures: number;
  readonly error?: TokenError;
  /** When the pause began and ends, in milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
  /** How many answers in a row may have been rejections, and since when. */
  readonly doubtful: number;
  readonly doubtfulSince: number;
}

export const noCooldown: Cooldown = { failures: 0, since: 0, until: 0, doubtful: 0, doubtfulSince: 0 };

/** The failure, while the pause lasts. */
export const pausedBy = ({ until, since, error }: Cooldown, now: number): TokenError | undefined =>
  now < until && now >= since ? error : undefined; // the clock may have been set back

/** A pause twice as long as the last one, with jitter, and at least as long as `Retry-After`. It does not end a longer one. */
export function cooldownAfter(last: Cooldown, error: TokenError, cooldownMs: number, now: number): Cooldown {
  const grown = Math.min(cooldownMs * 2 ** last.failures, maxPauseMs) * (1 - Math.random() / 4);
  const pause = error.code === 'misconfigured' ? maxPauseMs : grown;
  const retryAfterMs = Math.min(error.retryAfterMs || 0, maxRetryAfterMs); // a provider may answer NaN
  const until = now + Math.max(pause, retryAfterMs);
  const failures = last.failures + 1;
  return pausedBy(last, now) && last.until > until
    ? { ...last, failures }
    : { ...last, failures, error, since: now, until };
}

/** A 403, 404, 405 or 422 without an OAuth error may come from the auth server or from a proxy in front of it. */
const isDoubtful = ({ code, status = 0, oauthError, mayBeRejection }: TokenError): boolean =>
  mayBeRejection ?? (code === 'unavailable' && [403, 404, 405, 422].includes(status) && !oauthError);

/** Counts an answer that may be a rejection; any other failure starts the count anew. */
export function countDoubtful(last: Cooldown, error: TokenError, now: number): Cooldown {
  if (!isDoubtful(error)) return { ...last, doubtful: 0 };
  return { ...last, doubtful: last.doubtful + 1, doubtfulSince: last.doubtful ? last.doubtfulSince : now };
}

/** Whether doubtful answers came often and long enough to be a rejection. */
export const isRejectionByCount = ({ doubtful, doubtfulSince }: Cooldown, cooldownMs: number, now: number): boolean =>
  doubtful >= maxDoubtful && now - doubtfulSince > cooldownMs;
