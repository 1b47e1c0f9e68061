import { describe, expect, test } from 'vitest';
import { readOAuth2Answer } from './readOAuth2Answer.ts';

const answer = (json: unknown, status = 200, headers: Record<string, string> = {}) =>
  readOAuth2Answer(Response.json(json, { status, headers }));
const bearer = { access_token: 'A0', token_type: 'bearer' };

describe('the answer of a token endpoint', () => {
  test.each(['bearer', 'Bearer', 'BEARER', 'BearerToken', undefined, null])(
    'is read with token_type %s',
    async token_type => {
      expect(await answer({ access_token: 'A0', token_type })).toMatchObject({ accessToken: 'A0' });
    },
  );

  test.each(['mac', 'DPoP', 'N_A', '', 7, {}])('is misconfigured with token_type %j', async token_type => {
    await expect(answer({ access_token: 'A0', token_type })).rejects.toMatchObject({ code: 'misconfigured' });
  });

  test.each([
    [{ refresh_token: 'R0' }, 'R0'],
    [{ refresh_token: null }, undefined],
    [{ refresh_token: '' }, undefined],
    [{ refresh_token: 7 }, undefined],
    [{}, undefined],
  ])('with %j has the refresh token %s', async (fields, refreshToken) => {
    expect((await answer({ ...bearer, ...fields }))?.refreshToken).toBe(refreshToken);
  });

  test.each([
    [{ refresh_expires_in: 1800 }, 1800],
    [{ refresh_token_expires_in: 1800 }, 1800],
    [{ refresh_token_timeout: 1800 }, 1800],
    [{ authorization_expires_in: 1800 }, 1800],
    [{ refresh_expires_in: '1800' }, 1800],
    [{ refresh_token_timeout: 1800, authorization_expires_in: 900 }, 900],
    [{ refresh_expires_in: 0 }, 0],
    [{ refresh_expires_in: 0, authorization_expires_in: 900 }, 900],
    [{ refresh_expires_in: -1 }, undefined],
    [{ refresh_expires_in: 'soon' }, undefined],
    [{ 'not-before-policy': 1_588_002_927 }, undefined],
  ])('with %j has a refresh token for %s seconds', async (fields, seconds) => {
    expect((await answer({ ...bearer, ...fields }))?.refreshExpiresInS).toBe(seconds);
  });

  test('keeps the other fields, except those about tokens', async () => {
    const fields = {
      scope: 'read write',
      id: '31',
      wallets: ['0xa1'],
      id_token: 'Canary-1',
      refreshToken: 'Canary-2',
      expiresAt: 'Canary-3',
      refresh_expires_in: 60,
    };
    const polluted = JSON.parse(`{"__proto__":{"polluted":true},${JSON.stringify({ ...bearer, ...fields }).slice(1)}`);
    const read = await answer(polluted);
    expect(read).toEqual({
      accessToken: 'A0',
      refreshToken: undefined,
      expiresInS: undefined,
      refreshExpiresInS: 60,
      scope: 'read write',
      id: '31',
      wallets: ['0xa1'],
    });
    expect(Object.keys(read ?? {})).not.toContain('__proto__');
  });

  test('with a null token is a rejection', async () => {
    expect(await answer({ access_token: null })).toBeNull();
  });

  test.each([
    [{}, 'unavailable'],
    [{ access_token: '' }, 'unavailable'],
    [{ access_token: 7 }, 'unavailable'],
    [[], 'unavailable'],
    [null, 'unavailable'],
    [{ error: 'invalid_grant' }, 'sessionExpired'],
    [{ error: 'bad_refresh_token', ...bearer }, 'unavailable'],
  ])('with %j and status 200 is %s', async (json, code) => {
    await expect(answer(json)).rejects.toMatchObject({ code });
  });

  test.each([
    [400, 'invalid_grant', 'sessionExpired'],
    [401, 'invalid_grant', 'sessionExpired'],
    [403, 'invalid_grant', 'sessionExpired'],
    [400, 'invalid_client', 'misconfigured'],
    [401, 'invalid_client', 'misconfigured'],
    [400, 'unauthorized_client', 'misconfigured'],
    [400, 'unsupported_grant_type', 'misconfigured'],
    [400, 'invalid_scope', 'misconfigured'],
    [400, 'invalid_request', 'misconfigured'],
    [400, 'temporarily_unavailable', 'unavailable'],
    [500, 'server_error', 'unavailable'],
    [400, undefined, 'sessionExpired'],
    [401, undefined, 'sessionExpired'],
    [403, undefined, 'unavailable'],
    [404, undefined, 'unavailable'],
    [408, undefined, 'unavailable'],
    [429, undefined, 'unavailable'],
    [502, undefined, 'unavailable'],
  ])('with status %i and error %s is %s', async (status, error, code) => {
    await expect(answer({ error }, status)).rejects.toMatchObject({ code, status });
  });

  test('has the Retry-After of a 429', async () => {
    await expect(answer({}, 429, { 'retry-after': '7' })).rejects.toMatchObject({ retryAfterMs: 7000 });
  });

  test('as a page of HTML is a transient failure, whatever its status', async () => {
    for (const status of [200, 400, 401, 502]) {
      const page = new Response('<h1>Welcome to the airport</h1>', {
        status,
        headers: { 'content-type': 'text/html' },
      });
      await expect(readOAuth2Answer(page)).rejects.toMatchObject({ code: 'unavailable' });
    }
  });

  test('is about the client when it is a 401 with a challenge for Basic, unless its code is about the grant', async () => {
    const challenge = { 'www-authenticate': 'Basic realm="oauth2/client"' };
    await expect(answer({ error: 'Unauthorized' }, 401, challenge)).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(answer({ error: 'invalid_grant' }, 401, challenge)).rejects.toMatchObject({ code: 'sessionExpired' });
  });
});
