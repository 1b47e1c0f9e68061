import { expect, test } from 'vitest';
import { type CallerHeaders, hasHeader, mergeHeaders } from './mergeHeaders.ts';

const ours = { authorization: 'Bearer A' };
const forms: readonly (readonly [string, CallerHeaders])[] = [
  ['an object', { 'X-Trace': '1', Authorization: 'theirs' }],
  ['Headers', new Headers({ 'X-Trace': '1', Authorization: 'theirs' })],
  [
    'pairs',
    [
      ['X-Trace', '1'],
      ['AUTHORIZATION', 'theirs'],
    ],
  ],
];

test.each(forms)('B80 the caller’s headers given as %s are kept, and a name of ours is there once', (_, headers) => {
  const merged = mergeHeaders(headers, ours);
  expect([...new Headers(merged)]).toEqual([
    ['authorization', 'Bearer A'],
    ['x-trace', '1'],
  ]);
  expect(Object.keys(merged).filter(name => name.toLowerCase() === 'authorization')).toHaveLength(1);
});

test.each(forms)('B92 a header that the caller has set as %s is seen in whatever case', (_, headers) => {
  expect(hasHeader(headers, 'authorization')).toBe(true);
  expect(hasHeader(headers, 'x-api-key')).toBe(false);
});

test('B80 no headers of the caller: ours alone, as a copy', () => {
  for (const none of [undefined, null, {}]) {
    expect(mergeHeaders(none, ours)).toEqual(ours);
    expect(mergeHeaders(none, ours)).not.toBe(ours);
    expect(hasHeader(none, 'authorization')).toBe(false);
  }
});

test.each([undefined, null, ''])('B92 an authorization header of %j is no token of the caller’s', none => {
  for (const headers of [{ Authorization: none }, [['AUTHORIZATION', none]] as unknown as CallerHeaders]) {
    expect(hasHeader(headers, 'authorization')).toBe(false);
    expect(mergeHeaders(headers, {})).toEqual({});
    expect(mergeHeaders(headers, ours)).toEqual(ours);
  }
});

test('B80 a header without a value is not sent as the text "undefined", and an empty one is the caller’s choice', () => {
  expect(mergeHeaders({ 'x-a': undefined, 'x-b': null, 'x-c': '' }, ours)).toEqual({ 'x-c': '', ...ours });
});

test('B80 pairs of one name are joined, as fetch itself does', () => {
  const pairs = [
    ['x-a', '1'],
    ['X-B', '1'],
    ['x-a', '2'],
    ['x-b', '2'],
    ['constructor', '1'],
  ];
  expect([...new Headers(mergeHeaders(pairs, ours))]).toEqual([
    ...new Headers([...(pairs as [string, string][]), ['authorization', 'Bearer A']]),
  ]);
});
