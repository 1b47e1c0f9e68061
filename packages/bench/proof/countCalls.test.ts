import { expect, test } from 'vitest';
import { countCalls } from './countCalls.ts';

const script = (url: string, ...counts: readonly number[]) => ({
  scriptId: '1',
  url,
  functions: counts.map(count => ({
    functionName: '',
    isBlockCoverage: false,
    ranges: [{ startOffset: 0, endOffset: 1, count }],
  })),
});

test('the calls of all counted functions are summed, and files without a call are not counted', () => {
  const coverage = [script('a', 1, 3), script('b', 0, 0), script('c', 2), script('other', 9), script('a', 1)];
  expect(countCalls(coverage, url => url !== 'other')).toEqual({ functions: 7, files: 2 });
});

test('nothing is counted without a script', () => {
  expect(countCalls([], () => true)).toEqual({ functions: 0, files: 0 });
});
