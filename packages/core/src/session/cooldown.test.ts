import { afterEach, expect, test, vi } from 'vitest';
import { minutes } from '../../test/scriptedProvider.ts';
import { TokenError, type TokenErrorOptions } from '../errors/tokenError.ts';
import { type Cooldown, cooldownAfter, countDoubtful, isRejectionByCount, noCooldown, pausedBy } from './cooldown.ts';

afterEach(() => void vi.restoreAllMocks());

const start = 1_000_000;
const unavailable = (options?: TokenErrorOptions) => new TokenError('unavailable', 'Down.', options);
const failed: Cooldown = { ...noCooldown, failures: 1, error: unavailable(), since: start, until: start + 2_000 };

/** How long the pause lasts after this failure, without jitter. */
function pauseAfter(error: TokenError, last = noCooldown): number {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  return cooldownAfter(last, error, 2_000, start).until - start;
}

test('B25 the pause lasts from the failure until its end, and not before its beginning', () => {
  const { error } = failed;
  expect(pausedBy(failed, start)).toBe(error);
  expect(pausedBy(failed, start + 1_999)).toBe(error);
  expect(pausedBy(failed, start + 2_000)).toBeUndefined();
  expect(pausedBy(failed, start - 1)).toBeUndefined();
  expect(pausedBy(noCooldown, 0)).toBeUndefined();
});

test('B25 the pause after a failure begins with it, counts it, and replaces the error of the last one', () => {
  const error = unavailable();
  const next = cooldownAfter({ ...failed, doubtful: 1, doubtfulSince: 7 }, error, 2_000, start + 5_000);
  expect(next).toMatchObject({ failures: 2, error, since: start + 5_000, doubtful: 1, doubtfulSince: 7 });
  expect(next.error).toBe(error);
});

test('B25 a failure during a longer pause does not end that', () => {
  const long = { ...failed, until: start + 60 * minutes };
  expect(cooldownAfter(long, unavailable(), 2_000, start + 1)).toEqual({ ...long, failures: 2 });
  const short = cooldownAfter({ ...failed, until: start + 2 }, unavailable(), 2_000, start + 1);
  expect(short.until).toBeGreaterThan(start + 1_000);
});

test.each([
  ['the first failure', unavailable(), noCooldown, 2_000],
  ['the third failure', unavailable(), { ...noCooldown, failures: 2 }, 8_000],
  ['many failures', unavailable(), { ...noCooldown, failures: 20 }, 5 * minutes],
  ['a wrong configuration', new TokenError('misconfigured'), noCooldown, 5 * minutes],
  ['a shorter Retry-After', unavailable({ retryAfterMs: 1_000 }), noCooldown, 2_000],
  ['a longer Retry-After', unavailable({ retryAfterMs: 9_000 }), noCooldown, 9_000],
  ['a Retry-After of a day', unavailable({ retryAfterMs: 24 * 60 * minutes }), noCooldown, 60 * minutes],
  ['a Retry-After that is not a number', unavailable({ retryAfterMs: Number.NaN }), noCooldown, 2_000],
] as const)('B25 the pause after %s', (_, error, last, ms) => {
  expect(pauseAfter(error, last)).toBe(ms);
});

test.each([
  ['a 403', true, unavailable({ status: 403 })],
  ['a 404', true, unavailable({ status: 404 })],
  ['a 405', true, unavailable({ status: 405 })],
  ['a 422', true, unavailable({ status: 422 })],
  ['a 500', false, unavailable({ status: 500 })],
  ['no status', false, unavailable()],
  ['a 403 with an OAuth error', false, unavailable({ status: 403, oauthError: 'slow_down' })],
  ['a 403 of a wrong configuration', false, new TokenError('misconfigured', 'No.', { status: 403 })],
  ['a 500 that may be a rejection', true, unavailable({ status: 500, mayBeRejection: true })],
  ['a 403 that is no rejection', false, unavailable({ status: 403, mayBeRejection: false })],
])('B32 %s is a doubtful answer: %s', (_, isDoubtful, error) => {
  expect(countDoubtful({ ...noCooldown, doubtful: 1, doubtfulSince: 5 }, error, 9).doubtful).toBe(isDoubtful ? 2 : 0);
});

test('B36 doubtful answers count from the first in a row', () => {
  const doubt = unavailable({ status: 422 });
  const first = countDoubtful(failed, doubt, start);
  expect(first).toEqual({ ...failed, doubtful: 1, doubtfulSince: start });
  expect(countDoubtful(first, doubt, start + 5)).toEqual({ ...failed, doubtful: 2, doubtfulSince: start });
  const anew = countDoubtful(countDoubtful(first, unavailable(), start + 6), doubt, start + 7);
  expect(anew).toMatchObject({ doubtful: 1, doubtfulSince: start + 7 });
});

test('B36 three doubtful answers are a rejection when they took longer than the cool-down', () => {
  const isRejection = (doubtful: number, ms: number) =>
    isRejectionByCount({ ...noCooldown, doubtful, doubtfulSince: start }, 2_000, start + ms);
  expect(isRejection(3, 2_001)).toBe(true);
  expect(isRejection(4, 2_001)).toBe(true);
  expect(isRejection(2, 2_001)).toBe(false);
  expect(isRejection(3, 2_000)).toBe(false);
});
