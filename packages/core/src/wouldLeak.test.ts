import { expect, test } from 'vitest';
import { wouldLeak } from './mergeHeaders.ts';

test('B105 a redirect carries any header of ours but Authorization, in whatever case', () => {
  expect(wouldLeak({ authorization: 'Bearer A' })).toBe(false);
  expect(wouldLeak({ Authorization: 'Bearer A' })).toBe(false);
  expect(wouldLeak({})).toBe(false);
  expect(wouldLeak({ 'x-api-key': 'A' })).toBe(true);
  expect(wouldLeak({ authorization: 'Bearer A', 'x-api-key': 'A' })).toBe(true);
});

test('B105 the answer is of the headers that are asked about, however often', () => {
  const [safe, leaking] = [{ authorization: 'Bearer A' }, { 'x-api-key': 'A' }];
  const answers = [leaking, leaking, safe, safe, leaking, safe].map(wouldLeak);
  expect(answers).toEqual([true, true, false, false, true, false]);
});
