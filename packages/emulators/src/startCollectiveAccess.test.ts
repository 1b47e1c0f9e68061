import { afterEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { type Reply, sendOperation } from './sendOperation.ts';
import { type CollectiveAccess, type CollectiveAccessKnobs, startCollectiveAccess } from './startCollectiveAccess.ts';

const { collectiveAccess: expected } = answers;
const anyJwt: unknown = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/);

let server: CollectiveAccess;
const start = async (knobs: Partial<CollectiveAccessKnobs> = {}) => {
  server = await startCollectiveAccess(knobs);
  return server;
};
afterEach(() => server.close());

const loginQuery = `query Login($username: String, $password: String) {
  login(username: $username, password: $password) { jwt refresh user { id fname lname email } }
}`;
const login = ({ username, password } = server.users[0]) =>
  sendOperation(server.authUrl, loginQuery, undefined, { variables: { username, password } });
const tokensOf = ({ json }: Reply) => (json as { data: { login: { jwt: string; refresh: string } } }).data.login;

const refreshQuery = 'query Refresh($token: String) { refresh(token: $token) { jwt } }';
const refresh = (token: string | null) =>
  sendOperation(server.authUrl, refreshQuery, undefined, { variables: { token } });
const jwtOf = ({ json }: Reply) => (json as { data: { refresh: { jwt: string } } }).data.refresh.jwt;

const expOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp;

describe('login', () => {
  test('responds as documented', async () => {
    await start();
    const reply = await login();
    const { data } = expected['login ok'].json;
    expect(reply).toMatchObject({ status: 200, headers: expected['login ok'].headers });
    expect(reply.json).toEqual({ ok: true, data: { login: { ...data.login, jwt: anyJwt, refresh: anyJwt } } });
  });

  test('returns nulls and no error for a wrong password', async () => {
    await start();
    const reply = await login({ ...server.users[0], password: 'wrong' });
    expect(reply).toMatchObject({ status: 200 });
    expect(reply.json).toEqual(expected['login refused'].json);
  });
});

describe('refresh', () => {
  test('returns the refresh token itself, each time', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    const reply = await refresh(token);
    expect(reply.json).toEqual({ ok: true, data: { refresh: { jwt: token } } });
    expect(jwtOf(await refresh(token))).toBe(token);
    expect(server.stats().tokenRequests).toEqual({ total: 3, signIn: 1, refresh: 2, revoked: 0 });
  });

  test('returns a new token in the first generation', async () => {
    await start({ generation: 'G1' });
    const { jwt, refresh: token } = tokensOf(await login());
    const fresh = jwtOf(await refresh(token));
    expect([jwt, token]).not.toContain(fresh);
    expect(jwtOf(await refresh(token))).not.toBe(fresh);
  });

  test.each([
    ['G1', true],
    ['G2', true],
    ['G3', false],
  ] as const)('of generation %s swaps the lifetimes: %s', async (generation, swapped) => {
    await start({ generation });
    const { jwt, refresh: token } = tokensOf(await login());
    expect(expOf(jwt) > expOf(token)).toBe(swapped);
  });

  test('accepts an access token too', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    expect(jwtOf(await refresh(jwt))).toBe(jwt);
  });

  test.each(['', null])('returns null for %j', async token => {
    await start();
    expect(await refresh(token)).toMatchObject({ status: 200, json: expected['refresh with empty token'].json });
  });

  test('marks an expired token next to a masked message', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    server.revoke();
    const reply = await refresh(token);
    expect(reply.status).toBe(401);
    expect(reply.json).toEqual(expected['refresh with expired refresh token'].json);
  });

  test('does not mark a forged token', async () => {
    await start();
    const reply = await refresh('forged');
    expect(reply.status).toBe(500);
    expect(reply.json).toEqual(expected['refresh with forged token'].json);
  });
});

describe('the API', () => {
  test('adds ok to the result', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    const reply = await sendOperation(server.url, '{ me { name } }', jwt);
    expect(reply.json).toEqual({ ok: true, data: { me: { name: 'Ina Harrow' } } });
  });

  test('refuses an expired token, and executes nothing', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    server.expireNow();
    const reply = await sendOperation(server.url, '{ me { id } }', jwt);
    expect(reply.status).toBe(401);
    expect(reply.json).toEqual(expected['API call, access token expired'].json);
    expect(reply.headers).not.toHaveProperty('www-authenticate');
    expect(await sendOperation(server.url, 'mutation { bump }', jwt)).toMatchObject({ status: 401 });
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test('accepts the token of a refresh until it expires as well', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    server.expireNow();
    const jwt = jwtOf(await refresh(token));
    expect(await sendOperation(server.url, '{ me { id } }', jwt)).toMatchObject({ status: 200 });
    server.expireNow();
    expect(await sendOperation(server.url, '{ me { id } }', jwt)).toMatchObject({ status: 401 });
    expect(await refresh(token)).toMatchObject({ status: 401 });
  });

  test.each([
    ['no token', {}],
    ['a forged token', { authorization: 'Bearer forged' }],
  ])('answers %s like any other error', async (_, headers) => {
    await start();
    const reply = await sendOperation(server.url, '{ me { id } }', undefined, { headers });
    expect(reply.status).toBe(500);
    expect(reply.json).toEqual(expected['API call, token missing/forged/user lacks can_use_graphql_services'].json);
  });

  test('requires the scheme with a capital letter', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    const headers = { authorization: `bearer ${jwt}` };
    expect(await sendOperation(server.url, '{ me { id } }', undefined, { headers })).toMatchObject({ status: 500 });
  });

  test('masks the error of a resolver', async () => {
    await start();
    const reply = await sendOperation(server.url, '{ broken }', tokensOf(await login()).jwt);
    expect(reply).toMatchObject({ status: 500, json: { ok: false, errors: [{ message: 'Internal server error' }] } });
  });

  test('answers a preflight of any origin with 200 and exposes no headers', async () => {
    await start();
    const response = await fetch(server.url, { method: 'OPTIONS', headers: { origin: 'http://localhost:5173' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(response.headers.has('access-control-expose-headers')).toBe(false);
  });
});
