import type { TokenSet } from './tokenSet.ts';

/** When to renew a token set, in milliseconds since the epoch. */
export interface Schedule {
  /** Before this moment the clock must have been set back, and the others cannot be trusted. */
  readonly from: number;
  /** From here on a successor is renewed in the background, and the token set is used meanwhile. */
  readonly softAt: number;
  /** From here on operations wait for the successor. */
  readonly hardAt: number;
}

/** Used until it is refused. */
export const neverDue: Schedule = {
  from: Number.NEGATIVE_INFINITY,
  softAt: Number.POSITIVE_INFINITY,
  hardAt: Number.POSITIVE_INFINITY,
};

/** Operations wait for the successor from now on. */
export const overdue: Schedule = {
  from: Number.NEGATIVE_INFINITY,
  softAt: Number.NEGATIVE_INFINITY,
  hardAt: Number.NEGATIVE_INFINITY,
};

/** The margin before the end is at most this share of a token's life: a token of five seconds is used for four. */
const maxMarginShare = 0.2;
/** The last tenth of the margin is left for the request to travel. */
const travelShare = 0.1;
/** Clocks of several machines on one store differ. */
const clockToleranceMs = 5 * 60_000;

/**
 * The zones of a token set: fresh, soft, hard. The soft zone starts up to a third of the margin later, with jitter, so that
 * clients that signed in together do not renew together. It ends before a refresh token that expires earlier.
 */
export function scheduleOf(tokens: TokenSet, renewAheadMs: number, exclusive: boolean): Schedule {
  const { receivedAt, expiresAt, refreshExpiresAt } = tokens;
  const marginBefore = (end: number) => Math.min(renewAheadMs, (end - receivedAt) * maxMarginShare);
  const hardEnd = expiresAt ?? Number.POSITIVE_INFINITY;
  const end = exclusive ? hardEnd : Math.min(hardEnd, refreshExpiresAt ?? Number.POSITIVE_INFINITY);
  if (end === Number.POSITIVE_INFINITY) return neverDue;
  const from = receivedAt - clockToleranceMs;
  if (exclusive) return { from, softAt: end, hardAt: end };
  const softAt = end - marginBefore(end) * (1 - Math.random() / 3);
  const hardAt = hardEnd === Number.POSITIVE_INFINITY ? hardEnd : hardEnd - marginBefore(hardEnd) * travelShare;
  return { from, softAt: Math.min(softAt, hardAt), hardAt };
}

/** The schedule of a renewal that answered the same token: it is not renewed again before it is refused or expired. */
export function scheduleOfSame(
  previous: TokenSet,
  next: TokenSet,
  schedule: Schedule,
  now: number,
): Schedule | undefined {
  const { expiresAt = 0 } = previous;
  if ((next.expiresAt ?? 0) > expiresAt) return undefined;
  const setBack = Math.min(next.receivedAt - previous.receivedAt, 0); // of the clock, since the last time
  return now < expiresAt ? { from: schedule.from + setBack, softAt: expiresAt, hardAt: expiresAt } : neverDue;
}
