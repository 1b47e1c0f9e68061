import { expect, test } from 'vitest';
import { jwt } from '../../test/scriptedProvider.ts';
import { decodeUnverified } from './decodeUnverified.ts';

test('returns the claims of a JWT', () => {
  expect(decodeUnverified(jwt({ sub: 'ann', exp: 1 }))).toEqual({ sub: 'ann', exp: 1 });
});

test.each(['null', '[1]', '"text"', '7', 'true'])('B54 a JWT whose payload is %s has no claims', payload => {
  expect(decodeUnverified(jwt(payload))).toBeUndefined();
});

test.each(['opaque', 'a.b.c', '', 'a.b.c.d.e'])('B54 the token "%s" has no claims', token => {
  expect(decodeUnverified(token)).toBeUndefined();
});
