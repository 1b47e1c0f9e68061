import { afterEach, expect, test, vi } from 'vitest';
import { hours, minutes } from '../../test/scriptedProvider.ts';
import { neverDue, scheduleOf, scheduleOfSame } from './schedule.ts';
import { type TokenSet, tokenSetOf } from './tokenSet.ts';

afterEach(() => void vi.restoreAllMocks());

const receivedAt = 1_000_000_000;
const tokens = (fields: Partial<TokenSet> = {}): TokenSet =>
  tokenSetOf({
    sessionId: 'of-ann',
    version: 1,
    accessToken: 'A',
    refreshToken: 'rA',
    receivedAt,
    expiresAt: receivedAt + hours,
    refreshExpiresAt: undefined,
    subject: undefined,
    ...fields,
  });

/** The schedule in milliseconds from the receipt, with this jitter. */
function scheduled(fields: Partial<TokenSet> = {}, { aheadMs = minutes, exclusive = false, random = 0 } = {}) {
  vi.spyOn(Math, 'random').mockReturnValue(random);
  const { from, softAt, hardAt } = scheduleOf(tokens(fields), aheadMs, exclusive);
  return [from - receivedAt, Math.round(softAt - receivedAt), Math.round(hardAt - receivedAt)];
}

const from = -5 * minutes;
const never = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

test('B52 a token is renewed the margin before its end, or up to a third of it later, and used for nine tenths of that', () => {
  expect(scheduled()).toEqual([from, 59 * minutes, hours - 6_000]);
  expect(scheduled({}, { random: 0.75 })).toEqual([from, hours - 45_000, hours - 6_000]);
});

test('B52 the margin is a fifth of the life at most', () => {
  expect(scheduled({ expiresAt: receivedAt + 5_000 })).toEqual([from, 4_000, 4_900]);
});

test('B23 a token is renewed before its refresh token expires, and used until its own end', () => {
  const refreshExpiresAt = receivedAt + 10 * minutes;
  expect(scheduled({ refreshExpiresAt })).toEqual([from, 9 * minutes, hours - 6_000]);
  expect(scheduled({ refreshExpiresAt, expiresAt: undefined })).toEqual([from, 9 * minutes, Number.POSITIVE_INFINITY]);
  expect(scheduled({ refreshExpiresAt: receivedAt + 2 * hours })).toEqual([from, 59 * minutes, hours - 6_000]);
});

test('a token of an exclusive provider is renewed at its end, whatever the refresh token states', () => {
  const refreshExpiresAt = receivedAt + 10 * minutes;
  expect(scheduled({ refreshExpiresAt }, { exclusive: true })).toEqual([from, hours, hours]);
  expect(scheduled({ refreshExpiresAt, expiresAt: undefined }, { exclusive: true })).toEqual(never);
});

test('B52 a token whose end nobody states is never due', () => {
  expect(scheduled({ expiresAt: undefined })).toEqual(never);
});

test('B52 a margin of 0 renews at the end', () => {
  expect(scheduled({}, { aheadMs: 0 })).toEqual([from, hours, hours]);
});

test('B30 the same token again, without a later end, is not due before its end', () => {
  const schedule = { from: receivedAt - 1, softAt: 0, hardAt: 0 };
  const due = (fields: Partial<TokenSet>, now: number, before: Partial<TokenSet> = {}) =>
    scheduleOfSame(tokens(before), tokens(fields), schedule, now);
  const end = receivedAt + hours;
  expect(due({ expiresAt: end + 1 }, receivedAt)).toBeUndefined();
  expect(due({}, end - 1)).toEqual({ from: receivedAt - 1, softAt: end, hardAt: end });
  expect(due({}, end)).toBe(neverDue);
  expect(due({ expiresAt: undefined }, receivedAt, { expiresAt: undefined })).toBe(neverDue);
  expect(due({ receivedAt: receivedAt + 5 }, end - 1)?.from).toBe(receivedAt - 1);
  expect(due({ receivedAt: receivedAt - 5 }, end - 1)?.from).toBe(receivedAt - 6);
});
