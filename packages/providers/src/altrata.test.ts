import { createTokenManager, sharedSession, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import { type Altrata, type AltrataKnobs, startAltrata } from '@latchkey/emulators';
import { describe, expect, test, vi } from 'vitest';
import { matrixClients } from '../matrix/matrixClients.ts';
import { type AltrataOptions, altrata, type PasswordCredentials } from './altrata.ts';
import { operate } from './operate.ts';

const managerAt = (
  server: Altrata,
  options: Partial<AltrataOptions> = {},
  more: TokenManagerOptions<PasswordCredentials> = { credentials: () => server.users[0] },
) => createTokenManager({ ...altrata({ tokenUrl: server.tokenUrl, apiKey: server.apiKey, ...options }), ...more });

/** Sends 25 operations at once from each client; each fifth is a mutation. */
async function failuresOfBothClients(auth: TokenManager, { url }: Altrata): Promise<unknown[]> {
  const documents = Array.from({ length: 25 }, (_, n) =>
    n % 5 === 0 ? `mutation { bump(by: ${n + 1}) }` : `query { items(first: ${n + 1}) { owner } }`,
  );
  const clients = matrixClients.map(({ connect }) => connect(auth, url));
  const answers = await Promise.all(clients.flatMap(({ run }) => documents.map(run)));
  return answers.map(({ failure }) => failure);
}

const noneOf50Failed = Array.from({ length: 50 }, () => undefined);

describe('Altrata', () => {
  test('signs in by itself and sends the key with each request', async () => {
    await using server = await startAltrata();
    const auth = managerAt(server);
    expect(await operate(auth, server.url)).toMatchObject({ status: 200, data: { me: { name: 'Import Service' } } });
    expect(server.requests).toMatchObject([
      {
        kind: 'token',
        url: `${server.tokenUrl}?grant_type=client_credentials`,
        headers: { 'x-api-key': server.apiKey, 'content-type': 'application/x-www-form-urlencoded' },
        body: '',
      },
      { kind: 'graphql', headers: { 'x-api-key': server.apiKey } },
    ]);
  });

  test('requests no token before the current one has expired, which a new one would invalidate', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      await using server = await startAltrata();
      const auth = managerAt(server);
      const first = await auth.get();
      vi.setSystemTime((first?.expiresAt ?? 0) - 1000);
      expect(auth.fresh()).toBe(first);
      vi.setSystemTime((first?.expiresAt ?? 0) + 1000);
      expect(await auth.get()).not.toBe(first);
      expect(server.stats().tokenRequests.total).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  describe.each([0, 20])('when the old token is invalid %i ms after the new one was issued', killDelayMs => {
    test('signs in once per expiry for 25 operations at once from each client, and none fails', async () => {
      await using server = await startAltrata({ killDelayMs });
      const auth = managerAt(server);
      await auth.get();
      for (let expiry = 1; expiry <= 10; expiry++) {
        server.expireNow();
        expect(await failuresOfBothClients(auth, server)).toEqual(noneOf50Failed);
        expect(server.stats().tokenRequests.total).toBe(1 + expiry);
      }
      expect(server.stats()).toMatchObject({ operations: { refused: 500, executed: 500 }, mutationsExecuted: 100 });
    });
  });

  test('signs in once each time that another process invalidates the token, and none of 50 operations at once fails', async () => {
    await using server = await startAltrata({ killDelayMs: 0 });
    const auth = managerAt(server);
    const otherProcess = managerAt(server);
    await auth.get();
    for (let round = 1; round <= 10; round++) {
      await otherProcess.signIn(server.users[0]);
      expect(await failuresOfBothClients(auth, server)).toEqual(noneOf50Failed);
      expect(server.stats().tokenRequests.total).toBe(1 + 2 * round); // one of each process
    }
  });

  test.each<[string, Partial<AltrataKnobs>, Partial<AltrataOptions>]>([
    ['in the body, where the server requires it there', { grantTypeIn: 'body' }, { grantTypeIn: 'body' }],
    ['in the query', { grantTypeIn: 'query' }, {}],
  ])('sends the grant type %s', async (_, knobs, options) => {
    await using server = await startAltrata(knobs);
    expect(await managerAt(server, options).get()).not.toBeNull();
  });

  test('signs in with the credentials that the program passes', async () => {
    await using server = await startAltrata();
    const auth = managerAt(server, {}, {});
    expect(await auth.signIn(server.users[1])).toEqual({});
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Export Service' } } });
  });

  test('distinguishes a wrong password, a wrong key and an exceeded quota', async () => {
    await using server = await startAltrata();
    const wrong = { ...server.users[0], password: 'Canary-1' };
    await expect(managerAt(server).signIn(wrong)).rejects.toMatchObject({ code: 'credentialsRejected' });
    const otherKey = managerAt(server, { apiKey: 'Canary-2' }).signIn(server.users[0]);
    await expect(otherKey).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('"apiKey"') as unknown,
    });
    await expect(otherKey).rejects.not.toThrow('Canary');
    server.configure({ tokenQuota: 0 });
    const overQuota = managerAt(server).signIn(server.users[0]);
    await expect(overQuota).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1000 });
  });

  test('does not renew when the API refuses the key with 403', async () => {
    await using server = await startAltrata();
    const auth = managerAt(server);
    await auth.get();
    const headers = (tokens: NonNullable<Awaited<ReturnType<typeof auth.get>>>) => ({
      authorization: `Bearer ${tokens.accessToken}`,
      'x-api-key': 'wrong',
    });
    expect(await operate({ ...auth, headers }, server.url)).toMatchObject({ status: 403, attempts: 1 });
    expect(server.stats().tokenRequests.total).toBe(1);
  });

  test('requires a lock of a store that is shared', () => {
    const store = sharedSession({ load: () => null, save: () => {} });
    expect(() => createTokenManager({ ...altrata({ apiKey: 'k3y' }), store })).toThrow('"exclusive"');
  });

  test.each<[string, object, string]>([
    ['no key', { apiKey: undefined }, 'apiKey'],
    ['an empty key', { apiKey: '' }, 'apiKey'],
    ['a key with a line break', { apiKey: 'Canary-1\nx' }, 'apiKey'],
    ['a key that ends with a line break', { apiKey: 'Canary-1\n' }, 'apiKey'],
    ['a key that is not ASCII', { apiKey: 'Canary-clé' }, 'apiKey'],
    ['a relative address', { tokenUrl: '/oauth2/token' }, 'tokenUrl'],
    ['http to another host', { tokenUrl: 'http://auth.example/token' }, 'tokenUrl'],
  ])('is misconfigured with %s, naming the option', (_, options, named) => {
    const attempt = () => altrata({ apiKey: 'k3y', ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
    expect(attempt).not.toThrow('Canary');
  });

  test('is refused in a page', () => {
    vi.stubGlobal('window', {});
    vi.stubGlobal('document', {});
    try {
      expect(() => altrata({ apiKey: 'k3y' })).toThrow('"apiKey"');
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
