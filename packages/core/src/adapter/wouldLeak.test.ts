import { expect, test } from 'vitest';
import { wouldLeak } from './mergeHeaders.ts';

test('B105 wouldLeak() is true for headers other than authorization, which redirects keep', () => {
  expect(wouldLeak({ authorization: 'Bearer A' })).toBe(false);
  expect(wouldLeak({})).toBe(false);
  expect(wouldLeak({ 'x-api-key': 'A' })).toBe(true);
  expect(wouldLeak({ authorization: 'Bearer A', 'x-api-key': 'A' })).toBe(true);
});
