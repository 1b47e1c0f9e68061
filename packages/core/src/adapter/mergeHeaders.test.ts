import { expect, test } from 'vitest';
import type { CallerHeaders } from '../tokens/requestHeaders.ts';
import { hasHeader, mergeHeaders } from './mergeHeaders.ts';

const tokenHeaders = { authorization: 'Bearer A' };
const forms: readonly (readonly [string, CallerHeaders])[] = [
  ['an object', { 'X-Trace': '1', Authorization: 'from-caller' }],
  ['Headers', new Headers({ 'X-Trace': '1', Authorization: 'from-caller' })],
  [
    'pairs',
    [
      ['X-Trace', '1'],
      ['AUTHORIZATION', 'from-caller'],
    ],
  ],
];

test.each(forms)(
  'B80 headers of the caller as %s are kept, and a header of the token replaces the caller’s header of the same name',
  (_, headers) => {
    const merged = mergeHeaders(headers, tokenHeaders);
    expect([...new Headers(merged)]).toEqual([
      ['authorization', 'Bearer A'],
      ['x-trace', '1'],
    ]);
    expect(Object.keys(merged).filter(name => name.toLowerCase() === 'authorization')).toHaveLength(1);
  },
);

test.each(forms)('B92 hasHeader() finds a header of the caller as %s in any case', (_, headers) => {
  expect(hasHeader(headers, 'authorization')).toBe(true);
  expect(hasHeader(headers, 'x-api-key')).toBe(false);
});

test('B80 without headers of the caller the result is a copy of the headers of the token', () => {
  for (const none of [undefined, null, {}]) {
    expect(mergeHeaders(none, tokenHeaders)).toEqual(tokenHeaders);
    expect(mergeHeaders(none, tokenHeaders)).not.toBe(tokenHeaders);
    expect(hasHeader(none, 'authorization')).toBe(false);
  }
});

test.each([undefined, null, ''])('B92 an authorization header of %j does not count as set by the caller', none => {
  for (const headers of [{ Authorization: none }, [['AUTHORIZATION', none]] as unknown as CallerHeaders]) {
    expect(hasHeader(headers, 'authorization')).toBe(false);
    expect(mergeHeaders(headers, {})).toEqual({});
    expect(mergeHeaders(headers, tokenHeaders)).toEqual(tokenHeaders);
  }
});

test('B80 a header of the caller without a value is not sent, and an empty one is', () => {
  expect(mergeHeaders({ 'x-a': undefined, 'x-b': null, 'x-c': '' }, tokenHeaders)).toEqual({
    'x-c': '',
    ...tokenHeaders,
  });
});

test('B80 pairs with the same name are joined, as in fetch', () => {
  const pairs = [
    ['x-a', '1'],
    ['X-B', '1'],
    ['x-a', '2'],
    ['x-b', '2'],
    ['constructor', '1'],
  ];
  expect([...new Headers(mergeHeaders(pairs, tokenHeaders))]).toEqual([
    ...new Headers([...(pairs as [string, string][]), ['authorization', 'Bearer A']]),
  ]);
});
