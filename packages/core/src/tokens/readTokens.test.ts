import { afterEach, describe, expect, test, vi } from 'vitest';
import { jwt, outcome } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { authServerError, readTokenResponse, readTokens } from './readTokens.ts';
import { makeTokenSet, nowhere } from './tokenSet.ts';

afterEach(() => void vi.useRealTimers());

const answer = (body: unknown, init: ResponseInit = {}) =>
  readTokens(new Response(typeof body === 'string' ? body : JSON.stringify(body), init));

async function errorOf(status: number, body: unknown = '', headers: HeadersInit = {}): Promise<TokenError | null> {
  const thrown: unknown = await answer(body, { status, headers }).catch(error => error);
  return thrown instanceof TokenError ? thrown : null;
}

test('reads the parts under the names of TokenParts and under those of OAuth', async () => {
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

test.each([null, undefined, '', 7, {}])('TOK-13 a refresh token that is %j is ignored', async refresh_token => {
  expect((await answer({ access_token: 'A', refresh_token }))?.refreshToken).toBeUndefined();
  expect((await answer({ accessToken: 'A', refreshToken: refresh_token }))?.refreshToken).toBeUndefined();
});

test.each([
  [{ refreshExpiresInS: 1800 }, 1800],
  [{ refresh_expires_in: 1800 }, 1800],
  [{ refresh_token_expires_in: 1800 }, 1800],
  [{ refresh_token_timeout: 1800 }, 1800],
  [{ authorization_expires_in: 1800 }, 1800],
  [{ refresh_expires_in: '1800' }, 1800],
  [{ refresh_expires_in: '1.25' }, 1.25],
  [{ refresh_expires_in: 'in 1800' }, undefined],
  [{ refresh_expires_in: '1800 s' }, undefined],
  [{ refresh_expires_in: '1e3' }, undefined],
  [{ refresh_expires_in: '0x10' }, undefined],
  [{ refresh_expires_in: ['1800'] }, undefined],
  [{ refresh_expires_in: true }, undefined],
  [{ refresh_expires_in: 500, authorization_expires_in: 50 }, 50],
  [{ refresh_token_timeout: 50, authorization_expires_in: 500 }, 50],
  [{ refresh_expires_in: 0 }, 0],
  [{ refresh_expires_in: 0, authorization_expires_in: 900 }, 900],
  [{ refresh_expires_in: null, refresh_token_timeout: 900 }, 900],
  [{ refresh_expires_in: -1 }, undefined],
  [{ refresh_expires_in: 'soon' }, undefined],
  [{ 'not-before-policy': 1_588_002_927 }, undefined],
])('TOK-14 %j limits the refresh token to %s seconds', async (fields, seconds) => {
  expect((await answer({ access_token: 'A', ...fields }))?.refreshExpiresInS).toBe(seconds);
  expect((await answer({ accessToken: 'A', ...fields }))?.refreshExpiresInS).toBe(seconds);
});

test.each(['bearer', 'Bearer', 'BEARER', 'BearerToken', undefined, null])(
  'TOK-11 a token of the type %s is used as a bearer token',
  async token_type => {
    expect(await answer({ access_token: 'A', token_type })).toMatchObject({ accessToken: 'A' });
  },
);

test.each(['mac', 'DPoP', 'N_A', '', 'xbearer', 'bearers', ['bearer'], 7, {}])(
  'TOK-11 a token of the type %j is not used as a bearer token',
  async token_type => {
    await expect(answer({ access_token: 'A', token_type })).rejects.toMatchObject({ code: 'misconfigured' });
  },
);

test('SEC-04 no other field of the body is returned', async () => {
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
  ['a null token', () => answer({ accessToken: null })],
  ['a null token under its OAuth name', () => answer({ access_token: null })],
  ['an empty 400', () => answer('', { status: 400 })],
  ['an empty 401', () => answer('', { status: 401 })],
  ['401 with a GraphQL answer', () => answer({ errors: [{ message: 'Expired' }] }, { status: 401 })],
  ['invalid_grant with 400', () => answer({ error: 'invalid_grant' }, { status: 400 })],
  ['invalid_grant with 401', () => answer({ error: 'invalid_grant' }, { status: 401 })],
  ['invalid_grant with 403', () => answer({ error: 'invalid_grant' }, { status: 403 })],
  ['invalid_grant with 500', () => answer({ error: 'invalid_grant' }, { status: 500 })],
  ['invalid_grant with 200', () => answer({ error: 'invalid_grant' })],
  [
    '401 with a challenge for Basic',
    () => answer('', { status: 401, headers: { 'www-authenticate': 'Basic realm="api"' } }),
  ],
])('B32 %s is a rejection: null', async (_, read) => {
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
  expect(await errorOf(status, body)).toMatchObject({ code, status });
});

test.each<readonly [number, string, string, boolean | undefined]>([
  [400, 'invalid_request', 'misconfigured', true],
  [400, 'unauthorized_client', 'misconfigured', true],
  [401, 'invalid_client', 'misconfigured', undefined],
  [400, 'invalid_scope', 'misconfigured', undefined],
  [400, 'unsupported_grant_type', 'misconfigured', undefined],
  [403, 'temporarily_unavailable', 'unavailable', undefined],
  [403, 'access_denied', 'unavailable', undefined],
  [400, 'slow_down', 'sessionExpired', undefined],
  [400, 'Forbidden', 'sessionExpired', undefined],
  [200, 'Forbidden', 'unavailable', true],
  [403, 'Forbidden', 'unavailable', true],
  [499, 'Forbidden', 'unavailable', true],
  [500, 'Forbidden', 'unavailable', undefined],
  [408, 'Forbidden', 'unavailable', undefined],
  [429, 'Forbidden', 'unavailable', undefined],
  [403, '', 'unavailable', undefined],
])('B36 a %i with the code "%s" is %s, and whether it may be a rejection is %s', (status, code, errorCode, may) => {
  const headers = new Headers();
  const error = authServerError({ status, headers, code });
  expect(error).toMatchObject({ code: errorCode, status });
  expect([error.mayBeRejection, error.oauthError]).toEqual([may, /^(?:|Forbidden)$/.test(code) ? undefined : code]);
  expect(authServerError({ status, headers: new Headers({ 'content-type': 'text/html' }), code }).mayBeRejection).toBe(
    false,
  );
});

test('B20 a page of HTML is a transient failure, whatever its status', async () => {
  const html = { 'content-type': 'text/html' };
  expect(await errorOf(400, '<h1>Bad gateway</h1>', html)).toMatchObject({ code: 'unavailable' });
  expect(await errorOf(401, '<h1>Bad gateway</h1>', html)).toMatchObject({ code: 'unavailable' });
  expect(await outcome(answer('<h1>Welcome</h1>', { headers: html }))).toBe('unavailable');
});

test.each([
  '',
  'null',
  '7',
  '"A"',
  '[]',
  '{}',
  '{"accessToken":7}',
  '{"access_token":{}}',
  '{"accessTok',
  '{"accessToken":""}',
  '{"access_token":""}',
  '{"access_token":"A","error":"bad_refresh_token"}',
])('B20 the 200 body %j is unavailable', async body => {
  expect(await outcome(answer(body))).toBe('unavailable');
});

test('an empty error code is ignored', async () => {
  expect(await answer({ access_token: 'A', error: '' })).toMatchObject({ accessToken: 'A' });
});

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
  expect((await errorOf(503, '', { 'retry-after': value }))?.retryAfterMs).toBe(ms);
});

test('B37 a Retry-After that is a date counts from the answer’s own Date', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 21) }); // a device that is a day slow
  const headers = { date: 'Sun, 22 Nov 2026 00:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 00:00:05 GMT' };
  expect((await errorOf(503, '', headers))?.retryAfterMs).toBe(5_000);
  const unreadable = { ...headers, date: 'today', 'retry-after': 'Sat, 21 Nov 2026 00:00:05 GMT' };
  expect((await errorOf(503, '', unreadable))?.retryAfterMs).toBe(5_000);
});

test.each(['expiresAt', 'expires_at'])(
  'B52 a refresh endpoint may state %s in milliseconds, in seconds, or as an ISO date',
  async name => {
    const moment = Date.UTC(2026, 10, 22, 12);
    for (const stated of [moment, moment / 1000, `${moment / 1000}`, new Date(moment).toISOString()]) {
      const parts = await answer(JSON.stringify({ access_token: 'A', [name]: stated }));
      if (!parts) throw new Error('The answer was read as a rejection.');
      expect(makeTokenSet({ parts, requestedAt: 0 }, nowhere).expiresAt).toBe(moment);
    }
  },
);

test('an error code that is not a plain word is not in the message', () => {
  const messageOf = (code: string) => authServerError({ status: 400, headers: new Headers(), code }).message;
  expect(messageOf('invalid_grant')).toContain('(invalid_grant)');
  for (const code of ['x'.repeat(61), 'a b', '<script>', 'a\nb', 'é']) expect(messageOf(code)).not.toContain('(');
});

describe('the response of a token endpoint', () => {
  const read = (json: unknown, status = 200, headers: Record<string, string> = {}) =>
    readTokenResponse(Response.json(json, { status, headers }));

  test('is read under the names of OAuth only, and its fields are returned', async () => {
    const fields = {
      access_token: 'A',
      refresh_token: 'rA',
      expires_in: 60,
      refresh_expires_in: 90,
      scope: 'read',
      expiresAt: 1_800_000_000_000,
    };
    const parts = { accessToken: 'A', refreshToken: 'rA', expiresInS: 60, refreshExpiresInS: 90 };
    expect(await read(fields)).toEqual({ parts, fields });
    await expect(read({ accessToken: 'A' })).rejects.toMatchObject({ code: 'unavailable' });
    expect((await read({ access_token: 'A', refreshToken: 'rA', expiresInS: 60 }))?.parts).toEqual({
      accessToken: 'A',
    });
  });

  test('with an ID token states whose an opaque access token is, but not whose a JWT is', async () => {
    const idToken = jwt({ iss: 'https://login.example', sub: 'ann' });
    const subject = JSON.stringify(['https://login.example', 'ann']);
    expect((await read({ access_token: 'ya29.opaque', id_token: idToken }))?.parts.subject).toBe(subject);
    expect((await answer({ access_token: 'opaque', id_token: idToken }))?.subject).toBe(subject);
    const known = { subject: 'ann', ...(await answer({ access_token: 'opaque' })) };
    expect(known.subject).toBe('ann');
    const ofApi = jwt({ iss: 'https://login.example', sub: 'pairwise' });
    expect((await read({ access_token: ofApi, id_token: idToken }))?.parts.subject).toBeUndefined();
    for (const damaged of [7, 'not a JWT', jwt({ sub: [7] })])
      expect((await read({ access_token: 'opaque', id_token: damaged }))?.parts).toEqual({ accessToken: 'opaque' });
  });

  test('that states nothing has its status', async () => {
    await expect(read(null)).rejects.toMatchObject({ code: 'unavailable', status: 200, mayBeRejection: true });
    await expect(read({})).rejects.toMatchObject({ code: 'unavailable', status: 200 });
    await expect(read({ access_token: 'A', token_type: 'mac' })).rejects.toMatchObject({ status: 200 });
    await expect(read(null, 400)).rejects.toMatchObject({ code: 'sessionExpired', status: 400 });
    const text = readTokenResponse(new Response('oops', { status: 500 }));
    await expect(text).rejects.toMatchObject({ code: 'unavailable', status: 500 });
  });

  test('with a null token is null', async () => {
    expect(await read({ access_token: null })).toBeNull();
  });

  test('that is a rejection throws sessionExpired with status and code', async () => {
    await expect(read({ error: 'invalid_grant' }, 401)).rejects.toMatchObject({
      code: 'sessionExpired',
      status: 401,
      oauthError: 'invalid_grant',
    });
  });

  test('that is a 401 with a challenge for Basic is about the client, unless its code is about the grant', async () => {
    const challenge = { 'www-authenticate': 'Bearer, Basic realm="oauth2/client"' };
    await expect(read({ error: 'Unauthorized' }, 401, challenge)).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(read({}, 401, challenge)).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(read({ error: 'invalid_grant' }, 401, challenge)).rejects.toMatchObject({ code: 'sessionExpired' });
    await expect(read({}, 400, challenge)).rejects.toMatchObject({ code: 'sessionExpired' });
    await expect(read({}, 401, { 'www-authenticate': 'Basic' })).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(read({}, 401, { 'www-authenticate': 'Bearer' })).rejects.toMatchObject({ code: 'sessionExpired' });
    await expect(read({}, 401)).rejects.toMatchObject({ code: 'sessionExpired' });
  });
});
