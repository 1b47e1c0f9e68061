import { afterEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { postForm, type Reply, sendOperation } from './sendOperation.ts';
import { type Oli, type OliKnobs, startOli } from './startOli.ts';

const { oli: expected } = answers;
const anyJwt: unknown = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/);
const anyTokens = { access_token: anyJwt, refresh_token: anyJwt, session_state: expect.any(String) as unknown };

let server: Oli;
const start = async (knobs: Partial<OliKnobs> = {}) => {
  server = await startOli(knobs);
  return server;
};
afterEach(() => server.close());

const signIn = ({ username, password } = server.users[0]) =>
  postForm(server.tokenUrl, { username, password, grant_type: 'password', client_id: 'apiclient' });
const refresh = (refresh_token: string) =>
  postForm(server.tokenUrl, { refresh_token, grant_type: 'refresh_token', client_id: 'apiclient' });
const logout = (refresh_token: string) => postForm(server.logoutUrl, { refresh_token, client_id: 'apiclient' });
const tokensOf = ({ json }: Reply) => json as { access_token: string; refresh_token: string; session_state: string };

describe('the password grant', () => {
  test('responds as documented', async () => {
    await start();
    const reply = await signIn();
    expect(reply).toMatchObject({ status: 200, headers: expected['login ok'].headers });
    expect(reply.json).toEqual({ ...expected['login ok'].json, ...anyTokens });
    expect(server.stats().tokenRequests).toEqual({ total: 1, signIn: 1, refresh: 0, revoked: 0 });
  });

  test.each([
    ['a wrong password', {}, 'bad password'],
    ['an account that is not set up', { accountsSetUp: false }, 'account not set up'],
  ] as const)('rejects %s', async (_, knobs, name) => {
    await start(knobs);
    const [user] = server.users;
    const reply = await signIn(name === 'bad password' ? { ...user, password: `${user.password}x` } : user);
    expect(reply).toMatchObject({ status: expected[name].status, json: expected[name].json });
  });

  test('rejects a client without direct grants', async () => {
    await start({ directGrants: false });
    expect(await signIn()).toMatchObject({
      status: 400,
      json: { error: 'unauthorized_client', error_description: 'Client not allowed for direct access grants' },
    });
  });

  test('rejects another client, another grant, and a missing grant', async () => {
    await start();
    expect(await postForm(server.tokenUrl, { grant_type: 'password', client_id: 'unknown' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_client' },
    });
    expect(await postForm(server.tokenUrl, { grant_type: 'foo', client_id: 'apiclient' })).toMatchObject({
      status: 400,
      json: { error: 'unsupported_grant_type' },
    });
    expect(await postForm(server.tokenUrl, { client_id: 'apiclient' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    });
    expect(server.stats().tokenRequests).toMatchObject({ total: 3, signIn: 1, refresh: 0 });
  });
});

describe('the refresh grant', () => {
  test('returns a new pair of the same session', async () => {
    await start();
    const first = tokensOf(await signIn());
    const reply = await refresh(first.refresh_token);
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      ...expected['refresh ok'].json,
      ...anyTokens,
      session_state: first.session_state,
    });
    const second = tokensOf(reply);
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await sendOperation(server.url, '{ me { name } }', second.access_token)).toMatchObject({ status: 200 });
  });

  test('ends the session when a refresh token is used again', async () => {
    await start();
    const first = tokensOf(await signIn());
    const second = tokensOf(await refresh(first.refresh_token));
    expect(await refresh(first.refresh_token)).toMatchObject(expected['rotation on, reuse']);
    expect(await refresh(second.refresh_token)).toMatchObject(expected['session ended']);
    expect(await sendOperation(server.url, '{ me { name } }', second.access_token)).toMatchObject({ status: 401 });
  });

  test('succeeds once for two concurrent requests, and ends the session', async () => {
    await start();
    const { refresh_token } = tokensOf(await signIn());
    const both = await Promise.all([refresh(refresh_token), refresh(refresh_token)]);
    const [winner, ...others] = both.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(await refresh(winner ? tokensOf(winner).refresh_token : '')).toMatchObject(expected['session ended']);
  });

  test('tolerates as many reuses as reuseLimit', async () => {
    await start({ reuseLimit: 1 });
    const first = tokensOf(await signIn());
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(first.refresh_token)).toMatchObject(expected['rotation on, reuse']);
  });

  test('accepts the same token again without rotation', async () => {
    await start({ rotate: false });
    const { refresh_token } = tokensOf(await signIn());
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
  });

  test('rejects an expired token', async () => {
    await start({ refreshLifetimeMs: 0 });
    expect(await refresh(tokensOf(await signIn()).refresh_token)).toMatchObject(expected['refresh expired']);
  });

  test('limits the lifetime of a refresh token to that of the session', async () => {
    await start({ sessionMaxMs: 60_000 });
    expect((await signIn()).json).toMatchObject({ refresh_expires_in: 60 });
  });

  test('rejects a revoked, stale, missing or forged token', async () => {
    await start();
    const [{ refresh_token: stale }, { refresh_token: revoked }] = [tokensOf(await signIn()), tokensOf(await signIn())];
    server.pushNotBefore();
    expect(await refresh(stale)).toMatchObject(expected['revoked by not-before / stale']);
    server.revoke();
    expect(await refresh(revoked)).toMatchObject(expected['session ended']);
    expect(await refresh('')).toMatchObject(expected['no refresh_token parameter']);
    expect(await refresh('forged')).toMatchObject({
      status: 400,
      json: { error_description: 'Invalid refresh token' },
    });
    expect((await signIn()).json).toMatchObject({ 'not-before-policy': expect.any(Number) as unknown });
  });

  test('rejects a session without the client, and an account that is not set up', async () => {
    await start();
    const { refresh_token } = tokensOf(await signIn());
    server.configure({ clientInSession: false });
    expect(await refresh(refresh_token)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: "Session doesn't have required client" },
    });
    server.configure({ clientInSession: true, accountsSetUp: false });
    expect(await refresh(refresh_token)).toMatchObject(expected['account not set up']);
  });

  test('can return a body that is not JSON without using up the token', async () => {
    await start({ garbageRefreshBody: true });
    const { refresh_token } = tokensOf(await signIn());
    expect(await refresh(refresh_token)).toMatchObject({ status: 200, body: 'refresh_expires_in' });
    server.configure({ garbageRefreshBody: false });
    expect(await refresh(refresh_token)).toMatchObject({ status: 200, json: anyTokens });
  });

  test('can omit the refresh token; the old one stays valid', async () => {
    await start({ omitRefreshToken: true });
    const { refresh_token } = tokensOf(await signIn());
    const reply = await refresh(refresh_token);
    expect(reply.json).not.toHaveProperty('refresh_token');
    expect(reply.json).not.toHaveProperty('refresh_expires_in');
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
  });

  test('can return refresh_expires_in: 0', async () => {
    await start({ zeroRefreshExpiresIn: true });
    const reply = await signIn();
    expect(reply.json).toMatchObject({ refresh_expires_in: 0 });
    expect(await refresh(tokensOf(reply).refresh_token)).toMatchObject({ status: 200 });
  });
});

test('a logout ends the session', async () => {
  await start();
  const { access_token, refresh_token } = tokensOf(await signIn());
  expect(await logout(refresh_token)).toMatchObject({ status: 204, body: '' });
  expect(await refresh(refresh_token)).toMatchObject(expected['session ended']);
  expect(await sendOperation(server.url, '{ me { name } }', access_token)).toMatchObject({ status: 401 });
  expect(await logout('')).toMatchObject(expected['no refresh_token parameter']);
  expect(server.stats().tokenRequests).toEqual({ total: 2, signIn: 1, refresh: 1, revoked: 2 });
});

describe('the API', () => {
  test('refuses an expired token with a challenge', async () => {
    await start();
    const { access_token } = tokensOf(await signIn());
    server.expireNow();
    expect(await sendOperation(server.url, '{ me { name } }', access_token)).toMatchObject({
      status: 401,
      headers: {
        'content-type': 'application/json',
        'www-authenticate': 'Bearer realm="api", error="invalid_token", error_description="Token is not active"',
      },
      json: { error: 'invalid_token', error_description: 'Token is not active' },
    });
  });

  test('refuses a refresh token as an access token', async () => {
    await start();
    const { refresh_token } = tokensOf(await signIn());
    expect(await sendOperation(server.url, '{ me { name } }', refresh_token)).toMatchObject({ status: 401 });
  });

  test('refuses an anonymous request without an error in the challenge', async () => {
    await start();
    const reply = await sendOperation(server.url, '{ me { name } }');
    expect(reply).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="api"' } });
  });
});
