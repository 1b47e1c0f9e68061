import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { startDirectus } from '@latchkey/emulators';
import { describe, expect, test } from 'vitest';
import { type DirectusCredentials, directus } from './directus.ts';
import { operate } from './operate.ts';

type Server = Awaited<ReturnType<typeof startDirectus>>;

const loginOf = ({ username, password }: Server['users'][number]) => ({ email: username, password });
const managerAt = ({ origin }: Server, more: TokenManagerOptions<DirectusCredentials> = {}) =>
  createTokenManager({ ...directus({ baseUrl: origin }), ...more });

async function signedIn(server: Server) {
  const auth = managerAt(server);
  await auth.signIn(loginOf(server.users[0]));
  return auth;
}

describe('Directus', () => {
  test('reads an expiry in milliseconds from a string', async () => {
    await using server = await startDirectus();
    const current = (await signedIn(server)).fresh();
    expect((current?.expiresAt ?? 0) - (current?.receivedAt ?? 0)).toBe(900_000);
  });

  test('renews once per lifetime for 20 operations refused at once', async () => {
    await using server = await startDirectus();
    const auth = await signedIn(server);
    for (let lifetime = 1; lifetime <= 3; lifetime++) {
      server.expireNow();
      const all = await Promise.all(Array.from({ length: 20 }, () => operate(auth, server.url)));
      for (const { data } of all) expect(data).toEqual({ me: { name: 'Petra Lind' } });
      expect(server.stats().tokenRequests).toMatchObject({ signIn: 1, refresh: lifetime });
    }
  });

  test('renews for INVALID_TOKEN, whose status is that of a missing right', async () => {
    await using server = await startDirectus();
    const auth = await signedIn(server);
    const { refreshToken } = auth.fresh() ?? {};
    await auth.adopt({ accessToken: 'forged', refreshToken });
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Petra Lind' } }, attempts: 2 });
  });

  test('ends the session when the refresh token is rejected, which is a 200', async () => {
    await using server = await startDirectus();
    const auth = await signedIn(server);
    server.revoke();
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test('signs in again when there are credentials', async () => {
    await using server = await startDirectus();
    const auth = managerAt(server, { credentials: () => loginOf(server.users[1]) });
    await auth.get();
    server.revoke();
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Joost Bakker' } }, attempts: 2 });
  });

  test('rejects wrong credentials', async () => {
    await using server = await startDirectus();
    const wrong = { ...loginOf(server.users[0]), password: 'Canary-1' };
    const failure = await managerAt(server).signIn(wrong).catch(String);
    expect(failure).toContain('rejected the credentials');
    expect(failure).not.toContain('Canary');
  });

  test('ends the session at the server when the user signs out', async () => {
    await using server = await startDirectus();
    const auth = await signedIn(server);
    const loggedOut = server.next('tokenRequest');
    await auth.signOut();
    expect(await loggedOut).toMatchObject({ kind: 'revoke' });
  });

  test('is misconfigured with a relative address, naming the option', () => {
    expect(() => directus({ baseUrl: '/cms' })).toThrow('"baseUrl"');
  });
});
