import { afterEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { ask, type Said } from './ask.ts';
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
  ask(server.authUrl, loginQuery, undefined, { variables: { username, password } });
const tokensOf = ({ json }: Said) => (json as { data: { login: { jwt: string; refresh: string } } }).data.login;

const refreshQuery = 'query Refresh($token: String) { refresh(token: $token) { jwt } }';
const refresh = (token: string | null) => ask(server.authUrl, refreshQuery, undefined, { variables: { token } });
const jwtOf = ({ json }: Said) => (json as { data: { refresh: { jwt: string } } }).data.refresh.jwt;

const expOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp;

describe('login', () => {
  test('answers as documented', async () => {
    await start();
    const said = await login();
    const { data } = expected['login ok'].json;
    expect(said).toMatchObject({ status: 200, headers: expected['login ok'].headers });
    expect(said.json).toEqual({ ok: true, data: { login: { ...data.login, jwt: anyJwt, refresh: anyJwt } } });
  });

  test('answers nulls and no error for a wrong password', async () => {
    await start();
    const said = await login({ ...server.users[0], password: 'wrong' });
    expect(said).toMatchObject({ status: 200 });
    expect(said.json).toEqual(expected['login refused'].json);
  });
});

describe('refresh', () => {
  test('answers the refresh token itself, as often as it is asked', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    const said = await refresh(token);
    expect(said.json).toEqual({ ok: true, data: { refresh: { jwt: token } } });
    expect(jwtOf(await refresh(token))).toBe(token);
    expect(server.stats().tokenRequests).toEqual({ total: 3, signIn: 1, refresh: 2, revoked: 0 });
  });

  test('answers a fresh token in the first generation', async () => {
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
  ] as const)('of generation %s has its lifetimes swapped: %s', async (generation, swapped) => {
    await start({ generation });
    const { jwt, refresh: token } = tokensOf(await login());
    expect(expOf(jwt) > expOf(token)).toBe(swapped);
  });

  test('takes an access token too', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    expect(jwtOf(await refresh(jwt))).toBe(jwt);
  });

  test.each(['', null])('answers null for %j', async token => {
    await start();
    expect(await refresh(token)).toMatchObject({ status: 200, json: expected['refresh with empty token'].json });
  });

  test('says of an expired token that it expired, beside a masked message', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    server.revoke();
    const said = await refresh(token);
    expect(said.status).toBe(401);
    expect(said.json).toEqual(expected['refresh with expired refresh token'].json);
  });

  test('says of a forged token nothing', async () => {
    await start();
    const said = await refresh('forged');
    expect(said.status).toBe(500);
    expect(said.json).toEqual(expected['refresh with forged token'].json);
  });
});

describe('the API', () => {
  test('puts ok beside the data', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    const said = await ask(server.url, '{ me { name } }', jwt);
    expect(said.json).toEqual({ ok: true, data: { me: { name: 'Ina Harrow' } } });
  });

  test('refuses an expired token, and does nothing', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    server.expireNow();
    const said = await ask(server.url, '{ me { id } }', jwt);
    expect(said.status).toBe(401);
    expect(said.json).toEqual(expected['API call, access token expired'].json);
    expect(said.headers).not.toHaveProperty('www-authenticate');
    expect(await ask(server.url, 'mutation { bump }', jwt)).toMatchObject({ status: 401 });
    expect(server.stats().mutationsExecuted).toBe(0);
  });

  test('goes on with what a refresh brought, until that is expired as well', async () => {
    await start();
    const { refresh: token } = tokensOf(await login());
    server.expireNow();
    const jwt = jwtOf(await refresh(token));
    expect(await ask(server.url, '{ me { id } }', jwt)).toMatchObject({ status: 200 });
    server.expireNow();
    expect(await ask(server.url, '{ me { id } }', jwt)).toMatchObject({ status: 401 });
    expect(await refresh(token)).toMatchObject({ status: 401 });
  });

  test.each([
    ['no token', {}],
    ['a forged token', { authorization: 'Bearer forged' }],
  ])('answers %s like any other fault', async (_, headers) => {
    await start();
    const said = await ask(server.url, '{ me { id } }', undefined, { headers });
    expect(said.status).toBe(500);
    expect(said.json).toEqual(expected['API call, token missing/forged/user lacks can_use_graphql_services'].json);
  });

  test('wants the scheme with a capital letter', async () => {
    await start();
    const { jwt } = tokensOf(await login());
    const headers = { authorization: `bearer ${jwt}` };
    expect(await ask(server.url, '{ me { id } }', undefined, { headers })).toMatchObject({ status: 500 });
  });

  test('masks what goes wrong in a resolver', async () => {
    await start();
    const said = await ask(server.url, '{ broken }', tokensOf(await login()).jwt);
    expect(said).toMatchObject({ status: 500, json: { ok: false, errors: [{ message: 'Internal server error' }] } });
  });

  test('answers a preflight from anywhere with 200 and exposes nothing', async () => {
    await start();
    const response = await fetch(server.url, { method: 'OPTIONS', headers: { origin: 'http://localhost:5173' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(response.headers.has('access-control-expose-headers')).toBe(false);
  });
});
