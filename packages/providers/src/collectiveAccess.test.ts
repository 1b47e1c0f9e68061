import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { type CollectiveAccess, startCollectiveAccess } from '@latchkey/emulators';
import { describe, expect, test } from 'vitest';
import { collectiveAccess, type PasswordCredentials } from './collectiveAccess.ts';

type Options = TokenManagerOptions<PasswordCredentials>;

const managerAt = ({ origin }: CollectiveAccess, more: Options = {}) =>
  createTokenManager({ ...collectiveAccess({ baseUrl: origin }), ...more });

async function signedIn(server: CollectiveAccess) {
  const auth = managerAt(server);
  await auth.signIn(server.users[0]);
  return auth;
}

const lifetime = ({ receivedAt, expiresAt }: { receivedAt: number; expiresAt: number | undefined }) =>
  Math.round(((expiresAt ?? 0) - receivedAt) / 60_000);

describe('CollectiveAccess', () => {
  test('signs in, resolves to the user, and reads the expiries from the tokens', async () => {
    await using server = await startCollectiveAccess();
    const auth = managerAt(server);
    expect(await auth.signIn(server.users[0])).toEqual({
      user: { id: 7, fname: 'Ina', lname: 'Harrow', email: 'archive_bot@museum.example' },
    });
    const current = auth.fresh();
    expect(current && lifetime(current)).toBe(10);
    expect(current && lifetime({ receivedAt: current.receivedAt, expiresAt: current.refreshExpiresAt })).toBe(24 * 60);
  });

  test.each(['G1', 'G2', 'G3'] as const)(
    'renews on a server of generation %s and keeps the refresh token',
    async generation => {
      await using server = await startCollectiveAccess({ generation });
      const auth = await signedIn(server);
      const before = auth.fresh();
      const after = await auth.renew();
      expect(after.refreshToken).toBe(before?.refreshToken);
      expect(after.accessToken).not.toBe(before?.accessToken);
      expect(server.stats().tokenRequests).toMatchObject({ signIn: 1, refresh: 1 });
    },
  );

  test('reports noProgress when a refresh answers the refused token, as servers since 2021 do', async () => {
    await using server = await startCollectiveAccess();
    const auth = await signedIn(server);
    const refused = await auth.renew();
    await expect(auth.renew({ refused })).rejects.toMatchObject({ code: 'noProgress' });
  });

  test('signs in again in that case when there are credentials', async () => {
    await using server = await startCollectiveAccess();
    const auth = managerAt(server, { credentials: () => server.users[0] });
    await auth.get();
    const refused = await auth.renew();
    expect((await auth.renew({ refused })).accessToken).not.toBe(refused.accessToken);
    expect(server.stats().tokenRequests).toMatchObject({ signIn: 2, refresh: 2 });
  });

  test('ends the session when the refresh token is rejected', async () => {
    await using server = await startCollectiveAccess();
    const auth = await signedIn(server);
    server.revoke();
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
  });

  test('rejects wrong credentials, which are a 200 with a null token', async () => {
    await using server = await startCollectiveAccess();
    const failure = await managerAt(server)
      .signIn({ ...server.users[0], password: 'Canary-1' })
      .catch(String);
    expect(failure).toContain('rejected the credentials');
    expect(failure).not.toContain('Canary');
  });

  test('keeps the session after a masked 500, which can mean any error', async () => {
    await using server = await startCollectiveAccess();
    const auth = await signedIn(server);
    await auth.adopt({ accessToken: 'A0', refreshToken: 'forged' });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'unavailable', status: 500 });
    expect(auth.state.status).toBe('signedIn');
  });

  test('uses an authUrl', async () => {
    await using server = await startCollectiveAccess();
    const auth = createTokenManager(collectiveAccess({ authUrl: server.authUrl }));
    await auth.signIn(server.users[0]);
    expect(auth.state.status).toBe('signedIn');
  });

  test('has a dialect whose refusals come before the resolver runs', () => {
    expect(collectiveAccess({ baseUrl: 'https://museum.example/' }).dialect.refusesBeforeResolver).toBe(true);
  });

  test.each<[string, object, string]>([
    ['no address', {}, 'baseUrl'],
    ['two addresses', { baseUrl: 'https://m.example', authUrl: 'https://m.example/service/Auth' }, 'authUrl'],
    ['a relative base', { baseUrl: '/providence' }, 'baseUrl'],
    ['http to another host', { authUrl: 'http://m.example/service/Auth' }, 'authUrl'],
  ])('is misconfigured with %s, naming the option', (_, options, named) => {
    const attempt = () => collectiveAccess(options);
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
  });
});
