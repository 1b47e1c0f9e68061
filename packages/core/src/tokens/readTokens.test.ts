import { afterEach, expect, test, vi } from 'vitest';
import { outcome } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { authServerError, readTokens } from './readTokens.ts';

afterEach(() => void vi.useRealTimers());

const answer = (body: unknown, init: ResponseInit = {}) =>
  readTokens(new Response(typeof body === 'string' ? body : JSON.stringify(body), init));

/** The error of a refusal. */
async function refused(status: number, body: unknown = '', headers: HeadersInit = {}): Promise<TokenError | null> {
  const thrown: unknown = await answer(body, { status, headers }).catch(error => error);
  return thrown instanceof TokenError ? thrown : null;
}

test('reads the parts under our names and under those of OAuth', async () => {
  const parts = { accessToken: 'A', refreshToken: 'rA', expiresInS: 60, refreshExpiresInS: 90 };
  const moments = { accessToken: 'A', expiresAt: 1_800_000_000_000, refreshExpiresAt: 1_900_000_000_000 };
  expect(await answer(parts)).toEqual(parts);
  expect(await answer(moments)).toEqual(moments);
  expect(
    await answer({
      access_token: 'A',
      refresh_token: 'rA',
      expires_in: 60,
      refresh_expires_in: 90,
      token_type: 'Bearer',
    }),
  ).toEqual(parts);
});

test('TOK-13 a refresh token that is null, absent or no text is none', async () => {
  for (const refresh_token of [null, undefined, 7, {}])
    expect((await answer({ access_token: 'A', refresh_token }))?.refreshToken).toBeUndefined();
});

test.each(['mac', 'DPoP', 'N_A'])('TOK-11 a token of the type %s is not used as a bearer token', async token_type => {
  await expect(answer({ access_token: 'A', token_type })).rejects.toMatchObject({ code: 'misconfigured' });
});

test('SEC-04 no other field of the body comes along', async () => {
  const tokens = await answer('{"__proto__":{"accessToken":"evil"},"access_token":"A","password":"x","session":"y"}');
  expect(Object.keys(tokens ?? {}).sort()).toEqual([
    'accessToken',
    'expiresAt',
    'expiresInS',
    'refreshExpiresAt',
    'refreshExpiresInS',
    'refreshToken',
  ]);
  expect(tokens?.accessToken).toBe('A');
});

test.each([
  ['204', () => readTokens(new Response(null, { status: 204 }))],
  ['a token that is null', () => answer({ accessToken: null })],
  ['an OAuth token that is null', () => answer({ access_token: null })],
  ['400 with nothing', () => answer('', { status: 400 })],
  ['401 with nothing', () => answer('', { status: 401 })],
  ['401 with a GraphQL answer', () => answer({ errors: [{ message: 'Expired' }] }, { status: 401 })],
  ['invalid_grant with 400', () => answer({ error: 'invalid_grant' }, { status: 400 })],
  ['invalid_grant with 401', () => answer({ error: 'invalid_grant' }, { status: 401 })],
  ['invalid_grant with 403', () => answer({ error: 'invalid_grant' }, { status: 403 })],
  ['invalid_grant with 500', () => answer({ error: 'invalid_grant' }, { status: 500 })],
  ['invalid_grant with 200', () => answer({ error: 'invalid_grant' })],
])('B32 %s says that nobody is signed in', async (_, read) => {
  expect(await read()).toBeNull();
});

test.each<readonly [number, unknown, string]>([
  [400, { error: 'invalid_client' }, 'misconfigured'],
  [401, { error: 'invalid_client' }, 'misconfigured'],
  [400, { error: 'unauthorized_client' }, 'misconfigured'],
  [400, { error: 'unsupported_grant_type' }, 'misconfigured'],
  [400, { error: 'invalid_scope' }, 'misconfigured'],
  [400, { error: 'invalid_request' }, 'misconfigured'],
  [200, { error: 'invalid_client' }, 'misconfigured'],
  [400, { error: 'temporarily_unavailable' }, 'unavailable'],
  [400, { error: 'server_error' }, 'unavailable'],
  [503, { error: 'temporarily_unavailable' }, 'unavailable'],
  [500, 'oops', 'unavailable'],
  [502, '', 'unavailable'],
  [408, '', 'unavailable'],
  [429, '', 'unavailable'],
  [403, '', 'unavailable'],
  [404, '', 'unavailable'],
  [405, '', 'unavailable'],
  [302, '', 'unavailable'],
])('TOK-16 %i with %j is %s', async (status, body, code) => {
  expect(await refused(status, body)).toMatchObject({ code, status });
});

test('B20 a page of HTML is never the auth server’s no', async () => {
  const html = { 'content-type': 'text/html' };
  expect(await refused(400, '<h1>no</h1>', html)).toMatchObject({ code: 'unavailable' });
  expect(await refused(401, '<h1>no</h1>', html)).toMatchObject({ code: 'unavailable' });
  expect(await outcome(answer('<h1>Welcome</h1>', { headers: html }))).toBe('unavailable');
});

test.each(['', 'null', '7', '"A"', '[]', '{}', '{"accessToken":7}', '{"access_token":{}}', '{"accessTok'])(
  'B20 the 200 body %j is unavailable',
  async body => {
    expect(await outcome(answer(body))).toBe('unavailable');
  },
);

test.each<readonly [string, number | undefined]>([
  ['120', 120_000],
  ['0', undefined],
  ['Sun, 22 Nov 2026 00:02:00 GMT', 120_000],
  ['Sat, 21 Nov 2026 00:00:00 GMT', undefined],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['', undefined],
])('TOK-18 Retry-After: %j is %o ms', async (value, ms) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22) });
  expect((await refused(503, '', { 'retry-after': value }))?.retryAfterMs).toBe(ms);
});

test('an unreadable or hostile error code is not repeated in the message', () => {
  const messageOf = (code: string) => authServerError({ status: 400, headers: new Headers(), code }).message;
  expect(messageOf('invalid_grant')).toContain('(invalid_grant)');
  for (const code of ['x'.repeat(61), 'a b', '<script>', 'a\nb', 'é']) expect(messageOf(code)).not.toContain('(');
});
