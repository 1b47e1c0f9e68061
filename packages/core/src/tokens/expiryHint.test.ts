import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { jwt } from '../../test/scriptedProvider.ts';
import { expiryHints } from '../../test/vectors.ts';
import { expiryHint } from './expiryHint.ts';

test.each(expiryHints)('B54 the payload %s states %o', (payload, ms) => {
  expect(expiryHint(jwt(payload))).toBe(ms);
});

test.each(['', '.', '..', 'a.b.c', 'opaque', 'é.é.é', `${jwt({ exp: 1 }).split('.')[0]}.x.y`, 'a..b', '\u0000.\u0000'])(
  'B54 %j, which is no JWT, states nothing',
  token => {
    expect(expiryHint(token)).toBeUndefined();
  },
);

test('JWT-03 only the payload is read: a damaged header does not matter', () => {
  expect(expiryHint(`damaged.${jwt({ exp: 1_614_974_287 }).split('.')[1]}.x`)).toBe(1_614_974_287_000);
});

test('B54 a signed JWT with characters of all alphabets states its expiry', async () => {
  const token = await new SignJWT({ name: 'Zoë ☃ 漢字', '>>>???': '<<<' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(1_800_000_000)
    .sign(new TextEncoder().encode('a key of thirty-two bytes or more'));
  expect(expiryHint(token)).toBe(1_800_000_000_000);
});

test('B54 an expiry of the prototype is none', () => {
  expect(expiryHint(jwt('{"__proto__":{"exp":1700000000}}'))).toBeUndefined();
});
