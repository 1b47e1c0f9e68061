import { expect, test } from 'vitest';
import { median } from './median.ts';

test.for([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
  [[10, 9, 100], 10],
  [[], null],
] as const)('the median of %s is %s', ([values, middle]) => {
  expect(median(values)).toBe(middle);
});

test('the order of the given values does not change', () => {
  const values = [3, 1, 2];
  median(values);
  expect(values).toEqual([3, 1, 2]);
});
