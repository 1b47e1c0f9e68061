import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Emulator } from './emulator.ts';
import { type Reply, sendOperation } from './sendOperation.ts';
import { type DirectusKnobs, startDirectus } from './startDirectus.ts';

let server: Emulator<DirectusKnobs>;
beforeEach(async () => {
  server = await startDirectus();
});
afterEach(() => server.close());

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires: string;
}

const loginMutation = `mutation($email: String!, $password: String!) {
  auth_login(email: $email, password: $password, mode: json) { access_token refresh_token expires }
}`;
const login = ({ username, password } = server.users[0], staleToken?: string) =>
  sendOperation(server.url, loginMutation, staleToken, { variables: { email: username, password } });
const refreshMutation = `mutation($token: String) {
  auth_refresh(refresh_token: $token, mode: json) { access_token refresh_token expires }
}`;
const refresh = (token: string | null, staleToken?: string) =>
  sendOperation(server.url, refreshMutation, staleToken, { variables: { token } });
const logout = (token: string) =>
  sendOperation(server.url, 'mutation($token: String) { auth_logout(refresh_token: $token) }', undefined, {
    variables: { token },
  });
const me = (token?: string) => sendOperation(server.url, '{ me { name } }', token);
const signedIn = async () => ((await login()).json as { data: { auth_login: Tokens } }).data.auth_login;
const refreshed = ({ json }: Reply) => (json as { data: { auth_refresh: Tokens } }).data.auth_refresh;

const invalidCredentials = (field: string) => ({
  status: 200,
  json: {
    data: { [field]: null },
    errors: [{ message: 'Invalid user credentials.', path: [field], extensions: { code: 'INVALID_CREDENTIALS' } }],
  },
});
const tokenExpired = {
  status: 401,
  json: { errors: [{ message: 'Token expired.', extensions: { code: 'TOKEN_EXPIRED' } }] },
};

test('a sign-in returns both tokens, and the lifetime in milliseconds as a string', async () => {
  const { access_token, expires } = await signedIn();
  expect(expires).toBe('900000');
  expect((await me(access_token)).json).toEqual({ data: { me: { name: 'Petra Lind' } } });
  expect(server.url).toBe(`${server.origin}/graphql/system`);
  expect(server.stats()).toMatchObject({ tokenRequests: { total: 1, signIn: 1 }, mutationsExecuted: 0 });
});

test('a sign-in with a wrong password is rejected with 200', async () => {
  expect(await login({ ...server.users[0], password: 'wrong' })).toMatchObject(invalidCredentials('auth_login'));
});

describe('a refresh', () => {
  test('returns a new pair and uses up the old refresh token, without ending the session', async () => {
    const first = await signedIn();
    const second = refreshed(await refresh(first.refresh_token));
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await refresh(first.refresh_token)).toMatchObject(invalidCredentials('auth_refresh'));
    expect(refreshed(await refresh(second.refresh_token)).expires).toBe('900000');
    expect(server.stats().tokenRequests).toEqual({ total: 4, signIn: 1, refresh: 3, revoked: 0 });
  });

  test('succeeds once for two concurrent requests', async () => {
    const { refresh_token } = await signedIn();
    const both = await Promise.all([refresh(refresh_token), refresh(refresh_token)]);
    expect(both.filter(({ body }) => body.includes('INVALID_CREDENTIALS'))).toHaveLength(1);
  });

  test('is rejected with 200 for an expired, revoked, forged or missing token', async () => {
    const { refresh_token } = await signedIn();
    server.revoke();
    server.configure({ refreshLifetimeMs: 0 });
    const expired = (await signedIn()).refresh_token;
    for (const token of [refresh_token, expired, 'forged', null]) {
      expect(await refresh(token)).toMatchObject(invalidCredentials('auth_refresh'));
    }
  });
});

test('a logout ends the session', async () => {
  const { access_token, refresh_token } = await signedIn();
  expect((await logout(refresh_token)).json).toEqual({ data: { auth_logout: true } });
  expect(await refresh(refresh_token)).toMatchObject(invalidCredentials('auth_refresh'));
  expect(await me(access_token)).toMatchObject(tokenExpired);
  expect(server.stats().tokenRequests.revoked).toBe(1);
});

describe('an expired access token', () => {
  test('is refused with 401 and a code', async () => {
    const { access_token } = await signedIn();
    server.expireNow();
    expect(await me(access_token)).toMatchObject(tokenExpired);
  });

  test('makes a sign-in and a refresh that are sent with it fail', async () => {
    const { access_token, refresh_token } = await signedIn();
    server.expireNow();
    expect(await login(server.users[0], access_token)).toMatchObject(tokenExpired);
    expect(await refresh(refresh_token, access_token)).toMatchObject(tokenExpired);
    server.configure({ staleTokenSpoils: false });
    expect(refreshed(await refresh(refresh_token, access_token)).expires).toBe('900000');
  });
});

test('a forged or missing token is answered by 403', async () => {
  expect(await me('forged')).toMatchObject({
    status: 403,
    json: { errors: [{ extensions: { code: 'INVALID_TOKEN' } }] },
  });
  expect(await me()).toMatchObject({ status: 403, json: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } });
});
