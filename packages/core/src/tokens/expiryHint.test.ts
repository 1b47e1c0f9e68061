import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { jwt } from '../../test/scriptedProvider.ts';
import { expiryHints } from '../../test/vectors.ts';
import { expiryHint } from './expiryHint.ts';

test.each(expiryHints)('B54 the expiry in the payload %s is %o', (payload, ms) => {
  expect(expiryHint(jwt(payload))).toBe(ms);
});

test.each(['', '.', '..', 'a.b.c', 'opaque', 'é.é.é', `${jwt({ exp: 1 }).split('.')[0]}.x.y`, 'a..b', '\u0000.\u0000'])(
  'B54 %j, which is not a JWT, has no expiry',
  token => {
    expect(expiryHint(token)).toBeUndefined();
  },
);

test('JWT-03 reads the expiry of a JWT with a damaged header', () => {
  expect(expiryHint(`damaged.${jwt({ exp: 1_614_974_287 }).split('.')[1]}.x`)).toBe(1_614_974_287_000);
});

test('B54 reads the expiry of a signed JWT with characters outside ASCII', async () => {
  const token = await new SignJWT({ name: 'Zoë ☃ 漢字', '>>>???': '<<<' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(1_800_000_000)
    .sign(new TextEncoder().encode('a key of thirty-two bytes or more'));
  expect(expiryHint(token)).toBe(1_800_000_000_000);
});

test('B54 an expiry of 100,000,000,000 or more is in milliseconds, and ignored', () => {
  expect(expiryHint(jwt({ exp: 99_999_999_999 }))).toBe(99_999_999_999_000);
  expect(expiryHint(jwt({ exp: 100_000_000_000 }))).toBeUndefined();
});

test('B54 ignores an expiry in __proto__', () => {
  expect(expiryHint(jwt('{"__proto__":{"exp":1700000000}}'))).toBeUndefined();
});
