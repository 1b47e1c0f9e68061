import { expect, test } from 'vitest';
import { wouldLeak } from './mergeHeaders.ts';

test('B105 a redirect carries any header of ours but authorization', () => {
  expect(wouldLeak({ authorization: 'Bearer A' })).toBe(false);
  expect(wouldLeak({})).toBe(false);
  expect(wouldLeak({ 'x-api-key': 'A' })).toBe(true);
  expect(wouldLeak({ authorization: 'Bearer A', 'x-api-key': 'A' })).toBe(true);
});
