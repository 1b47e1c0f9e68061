import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { startToggle, type Toggle, type ToggleKnobs } from '@latchkey/emulators';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { matrixClients } from '../matrix/matrixClients.ts';
import { operate } from './operate.ts';
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
  ])('signs in by a token in %s', async (_, knobs) => {
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

  test('uses the newest token that an answer has brought, without grace', async () => {
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

  test('goes on through twenty-five at once that all bring a token, within the grace', async () => {
    await using server = await startToggle({ rotateAfterMs: 0 });
    const auth = await signedIn(server);
    const all = await Promise.all(Array.from({ length: 25 }, () => operate(auth, server.url)));
    for (const { status } of all) expect(status).toBe(200);
    expect(await operate(auth, server.url)).toMatchObject({ status: 200 });
    expect(server.stats().tokenRequests.total).toBe(1);
  });

  test('sends an expired token, and goes on with the successor that it brings', async () => {
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

  test.each([200, 401, 403] as const)('signs in again when refused with %i, and repeats', async unauthorizedStatus => {
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
    ])('%s, refused: sent %i times, executed %i times', async (mutation, sent, executed) => {
      await using server = await startToggle();
      const auth = managerAt(server, { credentials: () => loginOf(server.users[0]) });
      const client = connect(auth, server.url);
      await auth.get();
      server.expireNow();
      const { failure } = await client.run(mutation);
      expect(failure).toBe(executed === 0 ? 'refused' : undefined);
      expect(server.stats()).toMatchObject({ operations: { received: sent }, mutationsExecuted: executed });
      expect(await client.run('query { me { name } }')).toMatchObject({ data: { me: { name: 'Till Sander' } } });
      expect(server.stats().tokenRequests.signIn).toBe(2); // renewed in any case, for those that follow
    });
  });

  test('has no credentials: the session is over', async () => {
    await using server = await startToggle();
    const auth = await signedIn(server);
    server.expireNow();
    await expect(operate(auth, server.url)).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test('delivers the refusal of a user who may not, after one sign-in', async () => {
    await using server = await startToggle({ unauthorizedData: true });
    const auth = managerAt(server, { credentials: () => loginOf(server.barredUser) });
    await auth.get();
    const refused = { errors: [{ message: 'Unauthorized' }] };
    expect(await operate(auth, server.url)).toMatchObject({ ...refused, attempts: 2 });
    expect(await operate(auth, server.url)).toMatchObject({ ...refused, attempts: 1 });
    expect(server.stats().tokenRequests.signIn).toBe(2);
  });

  test('takes a validation error for none of its business', async () => {
    await using server = await startToggle();
    const auth = await signedIn(server);
    expect(await operate(auth, server.url, 'mutation { createBalanceAdjustment }')).toMatchObject({
      errors: [{ message: 'validation' }],
      attempts: 1,
    });
  });

  test('refuses wrong credentials', async () => {
    await using server = await startToggle();
    const failure = await managerAt(server)
      .signIn({ username: server.users[0].username, password: 'Canary-1' })
      .catch(String);
    expect(failure).toContain('refused the credentials');
    expect(failure).not.toContain('Canary');
  });

  test('has a wrong address named', () => {
    expect(() => toggle({ url: '/graphql' })).toThrow('"url"');
    expect(() => toggle({ url: 'http://api.example/graphql' })).toThrow('"url"');
  });
});

describe('answers that bring a token which is none', () => {
  test.for(['empty', 'anonymous'] as const)('%s: the session goes on with the token it has', async answersBring => {
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
    expect(auth.settle({ sent, kind: 'query', status: 200, data, response: () => response })).toBeUndefined();
    expect(auth.fresh()).toBe(sent);
    auth.dispose();
  });
});
