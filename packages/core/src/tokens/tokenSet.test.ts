import { expect, test } from 'vitest';
import { jwt } from '../../test/scriptedProvider.ts';
import { makeTokenSet, type TokenParts } from './tokenSet.ts';

const requestedAt = Date.UTC(2026, 10, 22);
const made = (parts: Partial<TokenParts>) =>
  makeTokenSet({ parts: { accessToken: 'A', ...parts }, requestedAt }, { sessionId: 'session-1', version: 1 });
const untyped = (expiresInS: unknown) => made(JSON.parse(JSON.stringify({ expiresInS })) as Partial<TokenParts>);

test.each([
  ['3600', 3_600_000],
  ['0.5', 500],
  ['1.25', 1_250],
])('B52 reads a lifetime from the string %s', (expiresInS, ms) => {
  expect(made({ expiresInS }).expiresAt).toBe(requestedAt + ms);
});

test.each(['in 3600', '3600 s', '1e3', '', '.5', '-1', true, [3600], { seconds: 3600 }])(
  'B52 ignores a lifetime of %j',
  value => {
    expect(untyped(value).expiresAt).toBeUndefined();
  },
);

test('B52 a lifetime of 0 means an unknown expiry and takes precedence over expiresAt', () => {
  expect(made({ expiresInS: 0, expiresAt: requestedAt + 1 }).expiresAt).toBeUndefined();
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('B52 ignores the time %d', expiresAt => {
  expect(made({ expiresAt }).expiresAt).toBeUndefined();
  expect(made({ refreshExpiresAt: expiresAt }).refreshExpiresAt).toBeUndefined();
});

test.each(['soon', '', '-5', true, {}, '9'.repeat(400)])('B52 ignores the time %j', stated => {
  expect(made({ expiresAt: stated as string, refreshExpiresAt: stated as string })).toMatchObject({
    expiresAt: undefined,
    refreshExpiresAt: undefined,
  });
});

test('B52 a time that states nothing leaves the expiry to the token itself', () => {
  const accessToken = jwt({ exp: requestedAt / 1000 + 60 });
  for (const expiresAt of ['soon', null, 0])
    expect(made({ accessToken, expiresAt }).expiresAt).toBe(requestedAt + 60_000);
});

test('a token set is a frozen plain object whose tokens are not enumerable', () => {
  const tokens = made({ refreshToken: 'rA', expiresInS: 60 });
  expect(Object.isFrozen(tokens)).toBe(true);
  expect(Object.getPrototypeOf(tokens)).toBe(Object.prototype);
  expect(Object.keys(tokens).sort()).toEqual([
    'expiresAt',
    'receivedAt',
    'refreshExpiresAt',
    'sessionId',
    'subject',
    'version',
  ]);
  expect(JSON.stringify(tokens)).not.toContain('rA');
  expect(structuredClone(tokens)).not.toHaveProperty('accessToken');
});

test('a token set can be read through a Proxy, as in a ref of Vue', () => {
  const tokens = new Proxy(made({ refreshToken: 'rA' }), {});
  expect([tokens.accessToken, tokens.refreshToken]).toEqual(['A', 'rA']);
});
