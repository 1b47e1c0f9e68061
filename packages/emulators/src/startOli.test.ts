import { afterEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { ask, post, type Said } from './ask.ts';
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
  post(server.tokenUrl, { username, password, grant_type: 'password', client_id: 'apiclient' });
const refresh = (refresh_token: string) =>
  post(server.tokenUrl, { refresh_token, grant_type: 'refresh_token', client_id: 'apiclient' });
const logout = (refresh_token: string) => post(server.logoutUrl, { refresh_token, client_id: 'apiclient' });
const tokensOf = ({ json }: Said) => json as { access_token: string; refresh_token: string; session_state: string };

describe('the password grant', () => {
  test('answers as documented', async () => {
    await start();
    const said = await signIn();
    expect(said).toMatchObject({ status: 200, headers: expected['login ok'].headers });
    expect(said.json).toEqual({ ...expected['login ok'].json, ...anyTokens });
    expect(server.stats().tokenRequests).toEqual({ total: 1, signIn: 1, refresh: 0, revoked: 0 });
  });

  test.each([
    ['a wrong password', {}, 'bad password'],
    ['an account that is not set up', { accountsSetUp: false }, 'account not set up'],
  ] as const)('refuses %s', async (_, knobs, name) => {
    await start(knobs);
    const [user] = server.users;
    const said = await signIn(name === 'bad password' ? { ...user, password: `${user.password}x` } : user);
    expect(said).toMatchObject({ status: expected[name].status, json: expected[name].json });
  });

  test('refuses when direct grants are off', async () => {
    await start({ directGrants: false });
    expect(await signIn()).toMatchObject({
      status: 400,
      json: { error: 'unauthorized_client', error_description: 'Client not allowed for direct access grants' },
    });
  });

  test('refuses another client, another grant, and none', async () => {
    await start();
    expect(await post(server.tokenUrl, { grant_type: 'password', client_id: 'stranger' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_client' },
    });
    expect(await post(server.tokenUrl, { grant_type: 'foo', client_id: 'apiclient' })).toMatchObject({
      status: 400,
      json: { error: 'unsupported_grant_type' },
    });
    expect(await post(server.tokenUrl, { client_id: 'apiclient' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    });
    expect(server.stats().tokenRequests).toMatchObject({ total: 3, signIn: 1, refresh: 0 });
  });
});

describe('the refresh grant', () => {
  test('answers a new pair of the same session', async () => {
    await start();
    const first = tokensOf(await signIn());
    const said = await refresh(first.refresh_token);
    expect(said.status).toBe(200);
    expect(said.json).toEqual({
      ...expected['refresh ok'].json,
      ...anyTokens,
      session_state: first.session_state,
    });
    const second = tokensOf(said);
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await ask(server.url, '{ me { name } }', second.access_token)).toMatchObject({ status: 200 });
  });

  test('of a token that was used before ends the session', async () => {
    await start();
    const first = tokensOf(await signIn());
    const second = tokensOf(await refresh(first.refresh_token));
    expect(await refresh(first.refresh_token)).toMatchObject(expected['rotation on, reuse']);
    expect(await refresh(second.refresh_token)).toMatchObject(expected['session ended']);
    expect(await ask(server.url, '{ me { name } }', second.access_token)).toMatchObject({ status: 401 });
  });

  test('lets one of two at the same time win, and ends the session of both', async () => {
    await start();
    const { refresh_token } = tokensOf(await signIn());
    const both = await Promise.all([refresh(refresh_token), refresh(refresh_token)]);
    const [winner, ...others] = both.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(await refresh(winner ? tokensOf(winner).refresh_token : '')).toMatchObject(expected['session ended']);
  });

  test('forgives as many uses as it is told to', async () => {
    await start({ reuseLimit: 1 });
    const first = tokensOf(await signIn());
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(first.refresh_token)).toMatchObject(expected['rotation on, reuse']);
  });

  test('of the same token works again without rotation', async () => {
    await start({ rotate: false });
    const { refresh_token } = tokensOf(await signIn());
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
  });

  test('refuses an expired token', async () => {
    await start({ refreshLifetimeMs: 0 });
    expect(await refresh(tokensOf(await signIn()).refresh_token)).toMatchObject(expected['refresh expired']);
  });

  test('never outlives the session', async () => {
    await start({ sessionMaxMs: 60_000 });
    expect((await signIn()).json).toMatchObject({ refresh_expires_in: 60 });
  });

  test('refuses after revocation, after a not-before push, without a token, and a forged one', async () => {
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

  test('refuses when the session lacks the client, and when the account is not set up', async () => {
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

  test('can answer the bare word of the page, and leaves the token as it was', async () => {
    await start({ garbageRefreshBody: true });
    const { refresh_token } = tokensOf(await signIn());
    expect(await refresh(refresh_token)).toMatchObject({ status: 200, text: 'refresh_expires_in' });
    server.configure({ garbageRefreshBody: false });
    expect(await refresh(refresh_token)).toMatchObject({ status: 200, json: anyTokens });
  });

  test('can answer no refresh token; the old one stays good', async () => {
    await start({ omitRefreshToken: true });
    const { refresh_token } = tokensOf(await signIn());
    const said = await refresh(refresh_token);
    expect(said.json).not.toHaveProperty('refresh_token');
    expect(said.json).not.toHaveProperty('refresh_expires_in');
    expect(await refresh(refresh_token)).toMatchObject({ status: 200 });
  });

  test('can say that refresh tokens expire in 0 seconds', async () => {
    await start({ zeroRefreshExpiresIn: true });
    const said = await signIn();
    expect(said.json).toMatchObject({ refresh_expires_in: 0 });
    expect(await refresh(tokensOf(said).refresh_token)).toMatchObject({ status: 200 });
  });
});

test('a logout ends the session', async () => {
  await start();
  const { access_token, refresh_token } = tokensOf(await signIn());
  expect(await logout(refresh_token)).toMatchObject({ status: 204, text: '' });
  expect(await refresh(refresh_token)).toMatchObject(expected['session ended']);
  expect(await ask(server.url, '{ me { name } }', access_token)).toMatchObject({ status: 401 });
  expect(await logout('')).toMatchObject(expected['no refresh_token parameter']);
  expect(server.stats().tokenRequests).toEqual({ total: 2, signIn: 1, refresh: 1, revoked: 2 });
});

describe('the API', () => {
  test('refuses a dead token with a challenge', async () => {
    await start();
    const { access_token } = tokensOf(await signIn());
    server.expireNow();
    expect(await ask(server.url, '{ me { name } }', access_token)).toMatchObject({
      status: 401,
      headers: {
        'content-type': 'application/json',
        'www-authenticate': 'Bearer realm="api", error="invalid_token", error_description="Token is not active"',
      },
      json: { error: 'invalid_token', error_description: 'Token is not active' },
    });
  });

  test('takes no refresh token for an access token', async () => {
    await start();
    const { refresh_token } = tokensOf(await signIn());
    expect(await ask(server.url, '{ me { name } }', refresh_token)).toMatchObject({ status: 401 });
  });

  test('refuses an anonymous request without saying that a token was wrong', async () => {
    await start();
    const said = await ask(server.url, '{ me { name } }');
    expect(said).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="api"' } });
  });
});
