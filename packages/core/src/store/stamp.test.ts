import { expect, test } from 'vitest';
import {
  areOfOneSession,
  beginningAfter,
  endAfter,
  epochOf,
  isStamp,
  liftedAbove,
  receivedAfter,
  renewalAfter,
} from './stamp.ts';

const now = Date.UTC(2026, 10, 22);

test('a beginning is above all that was seen, also of a clock that is ahead', () => {
  const first = beginningAfter(undefined, now);
  expect(isStamp(first)).toBe(true);
  expect(epochOf(first)).toBe(now);
  const seen = beginningAfter(undefined, now + 3_600_000);
  expect(beginningAfter(seen, now) > seen).toBe(true);
  expect(beginningAfter(first, now + 1) > first).toBe(true);
});

test('a renewal is above tokens that responses bring, however many, and in the same session', () => {
  const began = beginningAfter(undefined, now);
  let received = began;
  for (let count = 0; count < 3; count++) {
    const next = receivedAfter(received);
    expect(next > received).toBe(true);
    received = next;
  }
  const renewed = renewalAfter(began, now);
  expect(renewed > received).toBe(true);
  expect(areOfOneSession(began, renewed) && areOfOneSession(began, received)).toBe(true);
  expect(areOfOneSession(began, beginningAfter(began, now))).toBe(false);
});

test('a renewal is above the one before, also with a lesser fence', () => {
  const one = renewalAfter(beginningAfter(undefined, now), 700);
  expect(renewalAfter(one, 3) > one).toBe(true);
  expect(renewalAfter(one, 900) > renewalAfter(one, 800)).toBe(true);
});

test('stamps that are lifted above another stay in their session and in their order', () => {
  const began = beginningAfter(undefined, now);
  const [older, newer] = [renewalAfter(began, 5), renewalAfter(began, 9)];
  const damaged = beginningAfter(newer, now + 60_000);
  const lifted = [liftedAbove(older, damaged), liftedAbove(newer, damaged)] as const;
  expect(lifted[0] > damaged && lifted[0] < lifted[1]).toBe(true);
  expect(areOfOneSession(began, lifted[0])).toBe(true);
  expect(liftedAbove(older, damaged)).toBe(lifted[0]);
});

test('two renewals of one token set differ, and so do two beginnings', () => {
  const began = beginningAfter(undefined, now);
  expect(renewalAfter(began, now)).not.toBe(renewalAfter(began, now));
  expect(beginningAfter(undefined, now)).not.toBe(beginningAfter(undefined, now));
});

test('received tokens beyond the width of their part raise the version', () => {
  const began = beginningAfter(undefined, now);
  const last = `${began.slice(0, 43)}99999${began.slice(48)}`;
  expect(isStamp(last)).toBe(true);
  const next = receivedAfter(last);
  expect(isStamp(next) && next > last).toBe(true);
});

test('an end of which only the result was seen is above its session and below a later beginning', () => {
  const began = beginningAfter(undefined, now);
  const end = endAfter(renewalAfter(began, now + 60_000));
  expect(end > renewalAfter(began, now + 120_000)).toBe(true);
  expect(beginningAfter(began, now) > end).toBe(true); // in the same millisecond, too
});

test.each([
  '',
  'A',
  7,
  null,
  undefined,
  [['1']],
  [[beginningAfter(undefined, now)]],
  beginningAfter(undefined, now).replace('-', '_'),
  `${beginningAfter(undefined, now)}\n`,
])('%j is no stamp', value => expect(isStamp(value)).toBe(false));
