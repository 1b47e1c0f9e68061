import { describe, expect, test } from 'vitest';
import { type Answer, type MatrixClient, matrixClients } from './matrixClients.ts';
import type { Counts, EnvironmentOptions } from './matrixEnvironment.ts';
import { type MatrixRow, matrixRows } from './matrixRows.ts';

const me = 'query { me { name } }';
const bump = 'mutation { bump }';
const monthMs = 30 * 86_400_000;

const nameIn = ({ data }: Answer) => (data as { me?: { name?: string } } | undefined)?.me?.name;
const failuresOf = (answers: readonly Answer[]) => answers.map(({ failure }) => failure);

/** Sent at once. No two are the same, or a client would send one request for both. */
const queries = ({ run }: MatrixClient, count: number) =>
  Array.from({ length: count }, (_, n) => run(`query { items(first: ${n + 1}) { owner } }`));
const mutations = ({ run }: MatrixClient, count: number) =>
  Array.from({ length: count }, (_, n) => run(`mutation { bump(by: ${n + 1}) }`));

describe.each(matrixRows)('$name', row => {
  describe.each(matrixClients)('$name', client => {
    const start = (options: Omit<EnvironmentOptions, 'client'> = {}) => row.start({ client, ...options });
    /** With `credentials` where this API has no refresh token. */
    const startRenewable = () => start({ unattended: row.renewedBy === 'signIn' });

    test('signs in by one token request, then executes queries and mutations', async () => {
      await using env = await start();
      await env.signIn();
      expect(nameIn(await env.client.run(me))).toBe(env.server.users[0].name);
      expect(await env.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(env.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 1 });
      expect(env.server.stats().operations).toEqual({ received: 2, refused: 0, executed: 2 });
    });

    test('renews an expired token once, and executes the refused mutation once', async () => {
      await using env = await startRenewable();
      await env.signIn();
      env.server.expireNow();
      expect(await env.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(nameIn(await env.client.run(me))).toBe(env.server.users[0].name);
      expect(env.counts()).toEqual({ ...renewed(row, 1), mutations: 1 });
      expect(env.server.stats().operations).toEqual({ received: 3, refused: 1, executed: 2 });
    });

    test('renews once for 50 operations refused at once, and executes each mutation once', async () => {
      await using env = await startRenewable();
      await env.signIn();
      env.server.expireNow();
      const answers = await Promise.all([...queries(env.client, 40), ...mutations(env.client, 10)]);
      expect(failuresOf(answers)).toEqual(Array(50).fill(undefined));
      expect(env.counts()).toEqual({ ...renewed(row, 1), mutations: 10 });
      expect(env.server.stats().operations).toEqual({ received: 100, refused: 50, executed: 50 });
    });

    test('signs in once by itself when the refresh token is expired or absent and there are credentials', async () => {
      await using env = await start({ unattended: true });
      await env.signIn();
      env.server.configure({ clockSkewMs: monthMs });
      const answers = await Promise.all([...queries(env.client, 10), ...mutations(env.client, 10)]);
      expect(failuresOf(answers)).toEqual(Array(20).fill(undefined));
      expect(env.counts()).toEqual({ signIns: 2, refreshes: rejected(row), mutations: 10 });
    });

    test('ends the session once when the refresh token is expired or absent and there are no credentials', async () => {
      await using env = await start();
      await env.signIn();
      const reasons: string[] = [];
      env.auth.on('signedOut', ({ reason }) => reasons.push(reason));
      env.server.configure({ clockSkewMs: monthMs });
      const answers = await Promise.all([...queries(env.client, 10), ...mutations(env.client, 10)]);
      const failures = failuresOf(answers);
      expect(failures).toContain('sessionExpired');
      const otherwise = failures.filter(failure => failure !== 'sessionExpired' && failure !== 'signedOut');
      expect(otherwise).toEqual([]); // an operation that is refused after the end belonged to the ended session: `signedOut`
      expect(reasons).toEqual(['expired']);
      expect(await env.client.run(me)).toEqual({ failure: 'refused' });
      expect(env.counts()).toEqual({ signIns: 1, refreshes: rejected(row), mutations: 0 });
    });

    test('sends one token request per cool-down while the auth server is down, and keeps the session', async () => {
      await using env = await startRenewable();
      await env.signIn();
      env.server.expireNow();
      env.server.failTokenRequests(1, { status: 503 });
      expect(await env.client.run(bump)).toEqual({ failure: 'unavailable' });
      expect(failuresOf(await Promise.all(queries(env.client, 20)))).toEqual(Array(20).fill('unavailable'));
      expect(env.counts()).toEqual({ ...renewed(row, 1), mutations: 0 });
      expect(env.auth.state.status).toBe('signedIn');
      env.advance(5_000);
      expect(await env.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(env.counts()).toEqual({ ...renewed(row, 2), mutations: 1 });
    });

    test('ends a revoked session, and the next session is independent of it', async () => {
      await using env = await start();
      await env.signIn();
      env.server.revoke();
      expect(await env.client.run(bump)).toEqual({ failure: 'sessionExpired' });
      expect(env.auth.state.status).toBe('signedOut');
      expect(env.counts()).toEqual({ signIns: 1, refreshes: rejected(row), mutations: 0 });
      await env.signIn(env.server.users[1]);
      expect(nameIn(await env.client.run(me))).toBe(env.server.users[1].name);
      expect(await env.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(env.counts()).toEqual({ signIns: 2, refreshes: rejected(row), mutations: 1 });
    });

    test('rejects a sign-in with wrong credentials, and nobody is signed in', async () => {
      await using env = await start({ who: 'mistyping' });
      await expect(env.signIn()).rejects.toMatchObject({ code: 'credentialsRejected' });
      expect(await env.client.run(me)).toEqual({ failure: 'refused' });
      const sent = env.server.requests.filter(({ kind }) => kind === 'graphql');
      expect(sent.map(({ headers }) => headers.authorization)).toEqual([undefined]);
      expect(env.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 0 });
    });

    test('tries wrong credentials of an unattended sign-in once, and sends nothing without a token', async () => {
      await using env = await start({ who: 'mistyping', unattended: true });
      const first = await Promise.all([...queries(env.client, 10), ...mutations(env.client, 10)]);
      const later = await Promise.all(queries(env.client, 10));
      expect(failuresOf([...first, ...later])).toEqual(Array(30).fill('credentialsRejected'));
      expect(env.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 0 });
      expect(env.server.stats().operations.received).toBe(0);
    });

    test('delivers the error for a missing right, and keeps the session', async () => {
      await using env = await start({ who: 'denied', unattended: row.renewedBy === 'signIn' });
      await env.signIn();
      expect(await env.client.run(row.denied)).toEqual({ failure: 'refused' });
      expect(await env.client.run(row.denied)).toEqual({ failure: 'refused' });
      expect(await env.client.run('query { public { motd } }')).toMatchObject({ data: { public: {} } });
      expect(env.auth.state.status).toBe('signedIn');
      expect(env.counts()).toEqual({ ...renewed(row, row.deniedRenewals), mutations: 0 });
    });
  });
});

/** The token requests of a session that was renewed `times` times. */
const renewed = ({ renewedBy }: MatrixRow, times: number): Omit<Counts, 'mutations'> =>
  renewedBy === 'refresh' ? { signIns: 1, refreshes: times } : { signIns: 1 + times, refreshes: 0 };

/** How many times an invalid refresh token is sent. */
const rejected = ({ renewedBy }: MatrixRow): number => (renewedBy === 'refresh' ? 1 : 0);
