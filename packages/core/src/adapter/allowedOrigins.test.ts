import { afterEach, expect, test, vi } from 'vitest';
import { mayHaveToken } from './allowedOrigins.ts';

afterEach(() => vi.unstubAllGlobals());

const origins = ['https://api.example'];

test('B104 without a list every origin may have the token', () => {
  expect(mayHaveToken(undefined)('https://anywhere.example/graphql')).toBe(true);
});

test('B104 with a list only its origins may: scheme, host and port', () => {
  const isOurs = mayHaveToken(origins);
  expect(isOurs('https://api.example/graphql')).toBe(true);
  expect(isOurs(new URL('https://api.example:443/other'))).toBe(true);
  for (const url of ['http://api.example/', 'https://api.example:444/', 'https://api.example.evil.example/', 'data:,'])
    expect(isOurs(url)).toBe(false);
});

test.each([
  'https://api.example/',
  'https://api.example/graphql?a#b',
  'https://api.example:443',
  'HTTPS://API.Example',
])('B104 an entry means its origin, however it is written: %s', entry => {
  expect(mayHaveToken([entry])('https://api.example/graphql')).toBe(true);
  expect(mayHaveToken([entry])('https://other.example/graphql')).toBe(false);
});

test.each<unknown>([
  ['api.example'],
  ['/graphql'],
  ['localhost:4000'], // a scheme, to a URL
  [''],
  [undefined],
  [...origins, '*'],
  'https://api.example',
  new Set(origins),
  null,
])('B104 a list that could never match is named at once: %j', wrong => {
  expect(() => mayHaveToken(wrong as string[])).toThrow(
    expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining('Option "origins"') }),
  );
});

test('B104 a relative URL is the page’s, and nobody’s where there is no page', () => {
  const isOurs = mayHaveToken(origins);
  expect(isOurs('/graphql')).toBe(false);
  vi.stubGlobal('location', { href: 'https://api.example/app/' });
  expect(isOurs('/graphql')).toBe(true);
  expect(isOurs('//evil.example/graphql')).toBe(false);
});

test('B104 it gets by without URL.canParse, which older Safari and Hermes lack', () => {
  vi.stubGlobal(
    'URL',
    class extends URL {
      static override canParse = undefined as never;
    },
  );
  expect(mayHaveToken(origins)('https://api.example/graphql')).toBe(true);
  expect(mayHaveToken(origins)('/graphql')).toBe(false);
});
