import { afterEach, expect, test, vi } from 'vitest';
import { allowedOrigins, isFromElsewhere } from './allowedOrigins.ts';

afterEach(() => vi.unstubAllGlobals());

const origins = ['https://api.example'];

test('B104 without a list every origin is allowed', () => {
  expect(allowedOrigins(undefined)('https://anywhere.example/graphql')).toBe(true);
});

test('B104 with a list only its origins are allowed, compared by scheme, host and port', () => {
  const isAllowed = allowedOrigins(origins);
  expect(isAllowed('https://api.example/graphql')).toBe(true);
  expect(isAllowed(new URL('https://api.example:443/other'))).toBe(true);
  for (const url of ['http://api.example/', 'https://api.example:444/', 'https://api.example.evil.example/', 'data:,'])
    expect(isAllowed(url)).toBe(false);
});

test.each([
  'https://api.example/',
  'https://api.example/graphql?a#b',
  'https://api.example:443',
  'HTTPS://API.Example',
])('B104 the entry %s allows its origin', entry => {
  expect(allowedOrigins([entry])('https://api.example/graphql')).toBe(true);
  expect(allowedOrigins([entry])('https://other.example/graphql')).toBe(false);
});

test.each<unknown>([
  ['api.example'],
  ['/graphql'],
  ['localhost:4000'], // URL parses "localhost:" as the scheme
  [''],
  [undefined],
  [...origins, '*'],
  'https://api.example',
  new Set(origins),
  null,
])('B104 an invalid list throws misconfigured: %j', invalid => {
  expect(() => allowedOrigins(invalid as string[])).toThrow(
    expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining('Option "origins"') }),
  );
});

test('B104 a relative URL is resolved against the page, and not allowed without a page', () => {
  const isAllowed = allowedOrigins(origins);
  expect(isAllowed('/graphql')).toBe(false);
  vi.stubGlobal('location', { href: 'https://api.example/app/' });
  expect(isAllowed('/graphql')).toBe(true);
  expect(isAllowed('//evil.example/graphql')).toBe(false);
});

test('B104 works without URL.canParse, which older Safari and Hermes lack', () => {
  vi.stubGlobal(
    'URL',
    class extends URL {
      static override canParse = undefined as never;
    },
  );
  expect(allowedOrigins(origins)('https://api.example/graphql')).toBe(true);
  expect(allowedOrigins(origins)('/graphql')).toBe(false);
});

test('B104 a relative URL is resolved against the base of the document, as by fetch', () => {
  vi.stubGlobal('location', { href: 'https://api.example/app/' });
  vi.stubGlobal('document', { baseURI: 'https://cdn.example/' });
  expect(allowedOrigins(origins)('/graphql')).toBe(false);
  expect(allowedOrigins(['https://cdn.example'])('/graphql')).toBe(true);
});

test('B104 an invalid URL is not allowed', () => {
  for (const odd of [undefined, null, 7, {}, () => 'https://api.example'])
    expect(allowedOrigins(origins)(odd as never)).toBe(false);
});

test('B103 only a redirect to another origin makes an answer one from elsewhere', () => {
  vi.stubGlobal('location', { href: 'https://api.example/app/' });
  const redirected = (url: string) => ({ redirected: true, url });
  expect(isFromElsewhere(redirected('https://other.example/graphql'), 'https://api.example/graphql')).toBe(true);
  expect(isFromElsewhere(redirected('https://other.example/graphql'), '/graphql')).toBe(true);
  expect(isFromElsewhere(redirected('https://api.example/graphql/'), '/graphql')).toBe(false);
  expect(isFromElsewhere(redirected(''), '/graphql')).toBe(false);
  expect(isFromElsewhere(redirected('https://other.example/graphql'), undefined)).toBe(false);
  expect(isFromElsewhere({ redirected: false, url: 'https://other.example/' }, '/graphql')).toBe(false);
  expect(isFromElsewhere(undefined, '/graphql')).toBe(false);
});
