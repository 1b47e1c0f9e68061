import type { TokenSet } from '../tokens/tokenSet.ts';

/** When to do something about a token set, in milliseconds since the epoch. */
export interface Schedule {
  /** Before this moment the clock must have been set back, and nothing below can be trusted. */
  readonly from: number;
  /** From here on a successor is fetched in the background, and this one is used meanwhile. */
  readonly softAt: number;
  /** From here on operations wait for the successor. */
  readonly hardAt: number;
}

export const never: Schedule = {
  from: Number.NEGATIVE_INFINITY,
  softAt: Number.POSITIVE_INFINITY,
  hardAt: Number.POSITIVE_INFINITY,
};

/** A renewal ahead of need is at most this share of a token's life early: a token of five seconds lives its four. */
const longestShare = 0.2;
/** The last tenth of the margin belongs to the way of the request. */
const travelShare = 0.1;
/** Clocks of several machines on one store differ. */
const clockTolerance = 5 * 60_000;

/**
 * The zones of a token set: fresh, then soft, then hard. The soft zone begins up to a third of the margin late, by chance,
 * so that clients that signed in together do not renew together. A refresh token that dies first is renewed in its time.
 */
export function scheduleOf(tokens: TokenSet, renewAheadMs: number, exclusive: boolean): Schedule {
  const { receivedAt, expiresAt, refreshExpiresAt } = tokens;
  const marginBefore = (end: number) => Math.min(renewAheadMs, (end - receivedAt) * longestShare);
  const hardEnd = expiresAt ?? Number.POSITIVE_INFINITY;
  const end = exclusive ? hardEnd : Math.min(hardEnd, refreshExpiresAt ?? Number.POSITIVE_INFINITY);
  if (end === Number.POSITIVE_INFINITY) return never;
  const from = receivedAt - clockTolerance;
  if (exclusive) return { from, softAt: end, hardAt: end };
  const softAt = end - marginBefore(end) * (1 - Math.random() / 3);
  const hardAt = hardEnd === Number.POSITIVE_INFINITY ? hardEnd : hardEnd - marginBefore(hardEnd) * travelShare;
  return { from, softAt: Math.min(softAt, hardAt), hardAt };
}
