import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { startToggle, type Toggle, type ToggleKnobs } from '@latchkey/emulators';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { matrixClients } from '../matrix/matrixClients.ts';
import { operate, settle } from './operate.ts';
import { type ToggleCredentials, toggle } from './toggle.ts';

const managerAt = ({ url }: Toggle, more: TokenManagerOptions<ToggleCredentials> = {}) =>
  createTokenManager({ ...toggle({ url }), ...more });

const loginOf = ({ username, password }: { username: string; password: string }) => ({ username, password });

async function signedIn(server: Toggle) {
  const auth = managerAt(server);
  await auth.signIn(loginOf(server.users[0]));
  return auth;
}

describe('Toggle', () => {
  afterEach(() => void vi.useRealTimers());

  test.each<[string, Partial<ToggleKnobs>]>([
    ['both headers', {}],
    ['the new header without a scheme', { tokenHeaders: 'x-authorization', prefix: false }],
    ['the deprecated header', { tokenHeaders: 'authorization' }],
  ])('signs in with a token in %s', async (_, knobs) => {
    await using server = await startToggle(knobs);
    const auth = managerAt(server);
    expect(await auth.signIn(loginOf(server.users[0]))).toEqual({ id: 71 });
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Till Sander' } }, attempts: 1 });
  });

  test('signs in by email', async () => {
    await using server = await startToggle();
    const { username, password } = server.users[1];
    expect(await managerAt(server).signIn({ email: `${username}@toggle.example`, password })).toEqual({ id: 72 });
  });

  test('uses the newest token of the answers, when old ones are invalid at once', async () => {
    await using server = await startToggle({ rotateAfterMs: 0, graceMs: 0 });
    const auth = await signedIn(server);
    const used = new Set<string | undefined>();
    for (let n = 0; n < 5; n++) {
      used.add(auth.fresh()?.accessToken);
      expect(await operate(auth, server.url)).toMatchObject({ status: 200, attempts: 1 });
    }
    expect(used.size).toBe(5);
    expect(server.stats().tokenRequests.total).toBe(1);
  });

  test('executes 25 operations at once whose answers all hold a new token, within the grace period', async () => {
    await using server = await startToggle({ rotateAfterMs: 0 });
    const auth = await signedIn(server);
    const all = await Promise.all(Array.from({ length: 25 }, () => operate(auth, server.url)));
    for (const { status } of all) expect(status).toBe(200);
    expect(await operate(auth, server.url)).toMatchObject({ status: 200 });
    expect(server.stats().tokenRequests.total).toBe(1);
  });

  test('sends an expired token, and continues with the successor in the answer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using server = await startToggle({ renewExpiredForMs: 14 * 86_400_000 });
    const auth = await signedIn(server);
    const expired = auth.fresh();
    vi.setSystemTime((expired?.expiresAt ?? 0) + 86_400_000);
    expect(auth.fresh()).toBe(expired);
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Till Sander' } }, attempts: 1 });
    expect(auth.fresh()).not.toBe(expired);
    expect(server.stats().tokenRequests.total).toBe(1);
  });

  test.each([200, 401, 403] as const)('signs in again when refused with %i, and retries', async unauthorizedStatus => {
    await using server = await startToggle({ unauthorizedStatus });
    const auth = managerAt(server, { credentials: () => loginOf(server.users[0]) });
    await auth.get();
    server.expireNow();
    expect(await operate(auth, server.url)).toMatchObject({ data: { me: { name: 'Till Sander' } }, attempts: 2 });
    expect(server.stats().tokenRequests.signIn).toBe(2);
  });

  describe.each(matrixClients)('under $name', ({ connect }) => {
    test.each([
      ['mutation { bump }', 2, 1],
      ['mutation { bump addItem(title: "Peg") { id } }', 1, 0],
    ])('sends a refused %s %i times, and it is executed %i times', async (mutation, sent, executed) => {
      await using server = await startToggle();
      const auth = managerAt(server, { credentials: () => loginOf(server.users[0]) });
      const client = connect(auth, server.url);
      await auth.get();
      server.expireNow();
      const { failure } = await client.run(mutation);
      expect(failure).toBe(executed === 0 ? 'refused' : undefined);
      expect(server.stats()).toMatchObject({ operations: { received: sent }, mutationsExecuted: executed });
      expect(await client.run('query { me { name } }')).toMatchObject({ data: { me: { name: 'Till Sander' } } });
      expect(server.stats().tokenRequests.signIn).toBe(2); // renewed in either case, for later operations
    });
  });

  test('ends the session when there are no credentials', async () => {
    await using server = await startToggle();
    const auth = await signedIn(server);
    server.expireNow();
    await expect(operate(auth, server.url)).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test('delivers the error of a user without the right, after one sign-in', async () => {
    await using server = await startToggle({ unauthorizedData: true });
    const auth = managerAt(server, { credentials: () => loginOf(server.barredUser) });
    await auth.get();
    const refused = { errors: [{ message: 'Unauthorized' }] };
    expect(await operate(auth, server.url)).toMatchObject({ ...refused, attempts: 2 });
    expect(await operate(auth, server.url)).toMatchObject({ ...refused, attempts: 1 });
    expect(server.stats().tokenRequests.signIn).toBe(2);
  });

  test('does not renew after a validation error', async () => {
    await using server = await startToggle();
    const auth = await signedIn(server);
    expect(await operate(auth, server.url, 'mutation { createBalanceAdjustment }')).toMatchObject({
      errors: [{ message: 'validation' }],
      attempts: 1,
    });
  });

  test('rejects wrong credentials', async () => {
    await using server = await startToggle();
    const failure = await managerAt(server)
      .signIn({ username: server.users[0].username, password: 'Canary-1' })
      .catch(String);
    expect(failure).toContain('rejected the credentials');
    expect(failure).not.toContain('Canary');
  });

  test('is misconfigured with a wrong address, naming the option', () => {
    expect(() => toggle({ url: '/graphql' })).toThrow('"url"');
    expect(() => toggle({ url: 'http://api.example/graphql' })).toThrow('"url"');
  });
});

describe('answers with an unusable token', () => {
  test.for(['empty', 'anonymous'] as const)('%s: the session keeps its token', async answersBring => {
    await using server = await startToggle({ rotateAfterMs: 0, answersBring });
    const auth = createTokenManager(toggle({ url: server.url }));
    const [{ username, password }] = server.users;
    await auth.signIn({ username, password });
    const sent = auth.fresh() ?? null;
    const headers = { 'content-type': 'application/json', ...(sent && auth.headers(sent)) };
    const body = JSON.stringify({ query: '{ me { name } }' });
    const response = await fetch(server.url, { method: 'POST', headers, body });
    const { data } = (await response.json()) as { data: unknown };
    expect(data).toMatchObject({ me: {} });
    const facts = { sent, kind: 'query', status: 200, data, response: () => response } as const;
    await expect(settle(auth, facts)).resolves.toBeUndefined();
    expect(auth.fresh()).toBe(sent);
    auth.dispose();
  });
});
