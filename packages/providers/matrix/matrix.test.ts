import { describe, expect, test } from 'vitest';
import { type Answer, type MatrixClient, matrixClients } from './matrixClients.ts';
import { type MatrixRow, matrixRows } from './matrixRows.ts';
import type { Counts, StageOptions } from './matrixStage.ts';

const me = 'query { me { name } }';
const bump = 'mutation { bump }';
const monthMs = 30 * 86_400_000;

const nameIn = ({ data }: Answer) => (data as { me?: { name?: string } } | undefined)?.me?.name;
const failuresOf = (answers: readonly Answer[]) => answers.map(({ failure }) => failure);

/** At once; no two are the same, so that no client sends one for two. */
const queries = ({ run }: MatrixClient, count: number) =>
  Array.from({ length: count }, (_, n) => run(`query { items(first: ${n + 1}) { owner } }`));
const mutations = ({ run }: MatrixClient, count: number) =>
  Array.from({ length: count }, (_, n) => run(`mutation { bump(by: ${n + 1}) }`));

describe.each(matrixRows)('$name', row => {
  describe.each(matrixClients)('$name', client => {
    const open = (options: Omit<StageOptions, 'client'> = {}) => row.open({ client, ...options });
    /** With `credentials` where this API cannot do without. */
    const openRenewable = () => open({ unattended: row.renewedBy === 'signIn' });

    test('sign in: one token request, then queries and mutations', async () => {
      await using stage = await open();
      await stage.signIn();
      expect(nameIn(await stage.client.run(me))).toBe(stage.server.users[0].name);
      expect(await stage.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(stage.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 1 });
      expect(stage.server.stats().operations).toEqual({ received: 2, refused: 0, executed: 2 });
    });

    test('expire: one renewal, and the refused mutation is executed once', async () => {
      await using stage = await openRenewable();
      await stage.signIn();
      stage.server.expireNow();
      expect(await stage.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(nameIn(await stage.client.run(me))).toBe(stage.server.users[0].name);
      expect(stage.counts()).toEqual({ ...renewed(row, 1), mutations: 1 });
      expect(stage.server.stats().operations).toEqual({ received: 3, refused: 1, executed: 2 });
    });

    test('50 at once on a dead token: one renewal, each mutation executed once', async () => {
      await using stage = await openRenewable();
      await stage.signIn();
      stage.server.expireNow();
      const answers = await Promise.all([...queries(stage.client, 40), ...mutations(stage.client, 10)]);
      expect(failuresOf(answers)).toEqual(Array(50).fill(undefined));
      expect(stage.counts()).toEqual({ ...renewed(row, 1), mutations: 10 });
      expect(stage.server.stats().operations).toEqual({ received: 100, refused: 50, executed: 50 });
    });

    test('refresh token dead or absent, with credentials: one sign-in, unseen by the user', async () => {
      await using stage = await open({ unattended: true });
      await stage.signIn();
      stage.server.configure({ clockSkewMs: monthMs });
      const answers = await Promise.all([...queries(stage.client, 10), ...mutations(stage.client, 10)]);
      expect(failuresOf(answers)).toEqual(Array(20).fill(undefined));
      expect(stage.counts()).toEqual({ signIns: 2, refreshes: refused(row), mutations: 10 });
    });

    test('refresh token dead or absent, without credentials: the session is over, once', async () => {
      await using stage = await open();
      await stage.signIn();
      const reasons: string[] = [];
      stage.auth.on('signedOut', ({ reason }) => reasons.push(reason));
      stage.server.configure({ clockSkewMs: monthMs });
      const answers = await Promise.all([...queries(stage.client, 10), ...mutations(stage.client, 10)]);
      const failures = failuresOf(answers);
      expect(failures).toContain('sessionExpired');
      const otherwise = failures.filter(failure => failure !== 'sessionExpired' && failure !== 'signedOut');
      expect(otherwise).toEqual([]); // who is refused after the end belonged to a session that is over: `signedOut`
      expect(reasons).toEqual(['expired']);
      expect(await stage.client.run(me)).toEqual({ failure: 'refused' });
      expect(stage.counts()).toEqual({ signIns: 1, refreshes: refused(row), mutations: 0 });
    });

    test('auth server down and back: one token request per pause, the session is kept', async () => {
      await using stage = await openRenewable();
      await stage.signIn();
      stage.server.expireNow();
      stage.server.failTokenRequests(1, { status: 503 });
      expect(await stage.client.run(bump)).toEqual({ failure: 'unavailable' });
      expect(failuresOf(await Promise.all(queries(stage.client, 20)))).toEqual(Array(20).fill('unavailable'));
      expect(stage.counts()).toEqual({ ...renewed(row, 1), mutations: 0 });
      expect(stage.auth.state.status).toBe('signedIn');
      stage.pass(5_000);
      expect(await stage.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(stage.counts()).toEqual({ ...renewed(row, 2), mutations: 1 });
    });

    test('revoked: the session is over, and the next one is another', async () => {
      await using stage = await open();
      await stage.signIn();
      stage.server.revoke();
      expect(await stage.client.run(bump)).toEqual({ failure: 'sessionExpired' });
      expect(stage.auth.state.status).toBe('signedOut');
      expect(stage.counts()).toEqual({ signIns: 1, refreshes: refused(row), mutations: 0 });
      await stage.signIn(stage.server.users[1]);
      expect(nameIn(await stage.client.run(me))).toBe(stage.server.users[1].name);
      expect(await stage.client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(stage.counts()).toEqual({ signIns: 2, refreshes: refused(row), mutations: 1 });
    });

    test('wrong credentials: the sign-in says so, and nobody is signed in', async () => {
      await using stage = await open({ who: 'mistyping' });
      await expect(stage.signIn()).rejects.toMatchObject({ code: 'credentialsRejected' });
      expect(await stage.client.run(me)).toEqual({ failure: 'refused' });
      const sent = stage.server.requests.filter(({ kind }) => kind === 'graphql');
      expect(sent.map(({ headers }) => headers.authorization)).toEqual([undefined]);
      expect(stage.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 0 });
    });

    test('wrong credentials, unattended: tried once, and nothing is sent without a token', async () => {
      await using stage = await open({ who: 'mistyping', unattended: true });
      const first = await Promise.all([...queries(stage.client, 10), ...mutations(stage.client, 10)]);
      const later = await Promise.all(queries(stage.client, 10));
      expect(failuresOf([...first, ...later])).toEqual(Array(30).fill('credentialsRejected'));
      expect(stage.counts()).toEqual({ signIns: 1, refreshes: 0, mutations: 0 });
      expect(stage.server.stats().operations.received).toBe(0);
    });

    test('permission denied: the refusal is delivered, and the session is kept', async () => {
      await using stage = await open({ who: 'denied', unattended: row.renewedBy === 'signIn' });
      await stage.signIn();
      expect(await stage.client.run(row.denied)).toEqual({ failure: 'refused' });
      expect(await stage.client.run(row.denied)).toEqual({ failure: 'refused' });
      expect(await stage.client.run('query { public { motd } }')).toMatchObject({ data: { public: {} } });
      expect(stage.auth.state.status).toBe('signedIn');
      expect(stage.counts()).toEqual({ ...renewed(row, row.deniedRenewals), mutations: 0 });
    });
  });
});

/** The token requests of a session that was renewed so many times. */
const renewed = ({ renewedBy }: MatrixRow, times: number): Omit<Counts, 'mutations'> =>
  renewedBy === 'refresh' ? { signIns: 1, refreshes: times } : { signIns: 1 + times, refreshes: 0 };

/** How often a dead refresh token is sent. */
const refused = ({ renewedBy }: MatrixRow): number => (renewedBy === 'refresh' ? 1 : 0);
