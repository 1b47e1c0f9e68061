import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { type Oli, type OliKnobs, startOli } from '@latchkey/emulators';
import { describe, expect, test } from 'vitest';
import type { PasswordCredentials } from './oauth2.ts';
import { oli } from './oli.ts';

type Options = TokenManagerOptions<PasswordCredentials>;

const managerAt = (server: Oli, more: Options = {}) =>
  createTokenManager({ ...oli({ tokenUrl: server.tokenUrl }), ...more });

async function signedIn(server: Oli) {
  const auth = managerAt(server);
  await auth.signIn(server.users[0]);
  return auth;
}

const sendOperation = ({ url }: Oli, accessToken = '') =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: '{ me { name } }' }),
  });

describe('OLI', () => {
  test('signs in and resolves to the other fields', async () => {
    await using server = await startOli();
    const auth = managerAt(server);
    expect(await auth.signIn(server.users[0])).toEqual({
      'not-before-policy': 0,
      session_state: expect.any(String) as unknown,
      scope: 'oli_user_role',
    });
    const current = auth.fresh();
    expect((current?.expiresAt ?? 0) - (current?.receivedAt ?? 0)).toBe(300_000);
    expect((current?.refreshExpiresAt ?? 0) - (current?.receivedAt ?? 0)).toBe(1_800_000);
    expect((await sendOperation(server, current?.accessToken)).status).toBe(200);
  });

  test('refreshes once for 20 renewals at once, with rotation', async () => {
    await using server = await startOli();
    const auth = await signedIn(server);
    for (let lifetime = 1; lifetime <= 3; lifetime++) {
      const refused = auth.fresh() ?? undefined;
      server.expireNow();
      const all = await Promise.all(Array.from({ length: 20 }, () => auth.renew(refused && { refused })));
      expect(new Set(all).size).toBe(1);
      expect((await sendOperation(server, all[0]?.accessToken)).status).toBe(200);
      expect(server.stats().tokenRequests).toMatchObject({ signIn: 1, refresh: lifetime });
    }
  });

  test('ends the session at the auth server when the user signs out', async () => {
    await using server = await startOli();
    const auth = await signedIn(server);
    const { accessToken } = auth.fresh() ?? {};
    const loggedOut = server.next('tokenRequest');
    await auth.signOut();
    expect(await loggedOut).toMatchObject({ kind: 'revoke' });
    expect((await sendOperation(server, accessToken)).status).toBe(401);
  });

  test('keeps the refresh token when a refresh answers none', async () => {
    await using server = await startOli({ rotate: false, omitRefreshToken: true });
    const auth = await signedIn(server);
    const { refreshToken } = auth.fresh() ?? {};
    expect((await auth.renew()).refreshToken).toBe(refreshToken);
  });

  test('reads a refresh_expires_in of 0 as no limit', async () => {
    await using server = await startOli({ zeroRefreshExpiresIn: true });
    const auth = await signedIn(server);
    expect(auth.fresh()?.refreshExpiresAt).toBeUndefined();
  });

  test('keeps the session after the bare string that the document shows as an answer', async () => {
    await using server = await startOli({ garbageRefreshBody: true });
    const auth = await signedIn(server);
    await expect(auth.renew()).rejects.toMatchObject({ code: 'unavailable' });
    expect(auth.state.status).toBe('signedIn');
  });

  test('signs in again by itself when the session was revoked and there are credentials', async () => {
    await using server = await startOli();
    const auth = managerAt(server, { credentials: () => server.users[0] });
    const first = await auth.get();
    server.revoke();
    expect(await auth.renew(first ? { refused: first } : {})).not.toBe(first);
    expect(server.stats().tokenRequests).toMatchObject({ signIn: 2, refresh: 1 });
  });

  test.each<[string, Partial<OliKnobs>, string]>([
    ['an account that is not set up', { accountsSetUp: false }, 'credentialsRejected'],
    ['direct grants switched off', { directGrants: false }, 'misconfigured'],
  ])('rejects a sign-in with %s', async (_, knobs, code) => {
    await using server = await startOli(knobs);
    await expect(managerAt(server).signIn(server.users[0])).rejects.toMatchObject({ code });
  });

  test('rejects a wrong password', async () => {
    await using server = await startOli();
    const wrong = { ...server.users[0], password: 'Canary-1' };
    const failure = await managerAt(server).signIn(wrong).catch(String);
    expect(failure).toContain('rejected the credentials');
    expect(failure).not.toContain('Canary');
  });

  test('is misconfigured with an unknown client', async () => {
    await using server = await startOli();
    const auth = createTokenManager(oli({ tokenUrl: server.tokenUrl, clientId: 'somebody' }));
    await expect(auth.signIn(server.users[0])).rejects.toMatchObject({ code: 'misconfigured' });
  });

  test.each<[string, (server: Oli) => void]>([
    ['is revoked', server => server.revoke()],
    ['is older than the not-before of an administrator', server => server.pushNotBefore()],
    ['does not contain the client any more', server => server.configure({ clientInSession: false })],
  ])('ends a session that %s', async (_, end) => {
    await using server = await startOli();
    const auth = await signedIn(server);
    end(server);
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
  });

  test.each([
    ['503', { status: 503 }],
    ['a dropped connection', { drop: true, acts: false }],
    ['a page', { status: 200, body: '<h1>Welcome</h1>', contentType: 'text/html' }],
  ])('keeps the session after %s', async (_, failure) => {
    await using server = await startOli();
    const auth = await signedIn(server);
    server.failTokenRequests(2, failure);
    await expect(auth.renew()).rejects.toMatchObject({ code: 'unavailable' });
    expect(auth.state.status).toBe('signedIn');
  });

  test('is misconfigured with a wrong option, naming it', () => {
    const relative = () => oli({ tokenUrl: '/auth/realms/api/protocol/openid-connect/token' });
    expect(relative).toThrow('"tokenUrl"');
    expect(() => oli({ clientId: '' })).toThrow('"clientId"');
    expect(() => oli()).not.toThrow();
  });
});
