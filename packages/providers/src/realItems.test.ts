import { createTokenManager } from '@latchkey/core';
import { type RealItems, startRealItems } from '@latchkey/emulators';
import { describe, expect, test } from 'vitest';
import { operate } from './operate.ts';
import { realItems } from './realItems.ts';

const optionsAt = ({ tokenUrl, clientId, clientSecret }: RealItems) => ({ tokenUrl, clientId, clientSecret });
const managerAt = (server: RealItems) => createTokenManager(realItems(optionsAt(server)));

describe('Real Items', () => {
  test('signs in with a secret that is not encoded, and resolves to the profile', async () => {
    await using server = await startRealItems();
    const auth = managerAt(server);
    expect(await auth.signIn(server.users[0])).toEqual({
      scope: 'read write',
      id: '31',
      first_name: 'Sena',
      last_name: 'Bright',
      country: 'NOR',
      mobile: expect.any(String) as unknown,
      wallets: expect.any(Array) as unknown,
      jti: expect.any(String) as unknown,
    });
    const current = auth.fresh();
    expect((current?.expiresAt ?? 0) - (current?.receivedAt ?? 0)).toBe(86_400_000);
  });

  test('signs in with a name and a password that look form-encoded', async () => {
    await using server = await startRealItems();
    const auth = managerAt(server);
    await auth.signIn(server.users[1]);
    expect(auth.state.status).toBe('signedIn');
  });

  test('signs in again by itself, once for 20 operations refused at once', async () => {
    await using server = await startRealItems();
    const auth = createTokenManager({ ...realItems(optionsAt(server)), credentials: () => server.users[0] });
    await auth.get();
    server.expireNow();
    const all = await Promise.all(Array.from({ length: 20 }, () => operate(auth, server.url)));
    for (const { data } of all) expect(data).toEqual({ me: { name: 'Sena Bright' } });
    expect(server.stats().tokenRequests).toMatchObject({ total: 2, signIn: 2 });
  });

  test('ends the session with its token when there are no credentials, and does not show the token that the server echoes', async () => {
    await using server = await startRealItems();
    const auth = managerAt(server);
    await auth.signIn(server.users[0]);
    const { accessToken = '' } = auth.fresh() ?? {};
    server.expireNow();
    const failure = await operate(auth, server.url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'sessionExpired' });
    expect(JSON.stringify(failure)).not.toContain(accessToken);
  });

  test('distinguishes a wrong password, a wrong secret and a locked account', async () => {
    await using server = await startRealItems();
    const [user] = server.users;
    const signIn = (options: object, credentials: object = {}) =>
      createTokenManager(realItems({ ...optionsAt(server), ...options })).signIn({ ...user, ...credentials });
    await expect(signIn({}, { password: 'wrong' })).rejects.toMatchObject({ code: 'credentialsRejected' });
    await expect(signIn({ clientSecret: 'wrong' })).rejects.toMatchObject({ code: 'misconfigured' });
    server.configure({ accountsLocked: true });
    await expect(signIn({})).rejects.toMatchObject({ code: 'unavailable', status: 500 });
  });

  test.each<[string, object, string]>([
    ['no secret', { clientSecret: undefined }, 'clientSecret'],
    ['no client', { clientId: undefined }, 'clientId'],
    ['a relative address', { tokenUrl: '/oauth/token' }, 'tokenUrl'],
  ])('is misconfigured with %s, naming the option', (_, options, named) => {
    const attempt = () => realItems({ clientId: 'app', clientSecret: 'secret', ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
  });
});
