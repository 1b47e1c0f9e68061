import { afterEach, expect, test, vi } from 'vitest';
import { mayHaveToken } from './mayHaveToken.ts';

afterEach(() => vi.unstubAllGlobals());

const origins = ['https://api.example'];

test('B104 without a list every origin may have the token', () => {
  expect(mayHaveToken('https://anywhere.example/graphql', undefined)).toBe(true);
});

test('B104 with a list only its origins may: scheme, host and port', () => {
  expect(mayHaveToken('https://api.example/graphql', origins)).toBe(true);
  expect(mayHaveToken(new URL('https://api.example:443/other'), origins)).toBe(true);
  for (const url of ['http://api.example/', 'https://api.example:444/', 'https://api.example.evil.example/'])
    expect(mayHaveToken(url, origins)).toBe(false);
});

test('B104 a relative URL is the page’s, and nobody’s where there is no page', () => {
  expect(mayHaveToken('/graphql', origins)).toBe(false);
  vi.stubGlobal('location', { href: 'https://api.example/app/' });
  expect(mayHaveToken('/graphql', origins)).toBe(true);
  expect(mayHaveToken('//evil.example/graphql', origins)).toBe(false);
});
