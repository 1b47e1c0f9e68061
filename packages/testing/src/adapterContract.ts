import { createTokenManager, defaultDialect, sharedSession, TokenError, type TokenManager } from '@latchkey/core';
import { type Oli, type RefusalShape, startOli } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, Answer, ConnectOptions, ContractClient } from './adapter.ts';
import { errorCode } from './errorCode.ts';
import { managerFor, signedIn } from './signedIn.ts';
import { storedRecord } from './storedRecord.ts';
import { twoApisContract } from './twoApisContract.ts';

const me = 'query { me { name } }';
const bump = 'mutation { bump }';

const refusals: readonly RefusalShape[] = [
  'challenge401',
  'graphqlResponse401',
  'code200',
  'resolver200',
  'message200',
  'text401',
  'empty401',
  'html401',
  'status500code',
];

/** What applications pass when they have no header value. */
const absent = [
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
] as const;

/** What every adapter must fulfil: the rows of BEHAVIOUR.md that its tests name. */
export function adapterContract(adapter: Adapter): void {
  twoApisContract(adapter);
  describe(`the adapter of ${adapter.name}`, () => {
    let server: Oli;
    let auth: TokenManager;
    let client: ContractClient;

    const connect = (options: Partial<ConnectOptions> = {}) => adapter.connect(auth, { url: server.url, ...options });
    const operations = () => server.requests.filter(({ kind }) => kind === 'graphql');
    const renewals = () => server.stats().tokenRequests.refresh;
    const many = (count: number, document: (n: number) => string) =>
      Promise.all(Array.from({ length: count }, (_, n) => client.run(document(n))));
    const name = () => server.users[0].name;
    const good = () => ({ data: { me: expect.objectContaining({ name: name() }) } });
    const once = (name: 'refused' | 'renewed') => new Promise(resolve => auth.on(name, resolve));
    const codeOf = (answer: Answer) => errorCode(adapter, answer);

    beforeEach(async () => {
      server = await startOli();
      auth = await signedIn(server);
      client = connect();
    });
    afterEach(async () => {
      auth.dispose();
      await server.close();
    });

    test('B80 attaches the token', async () => {
      expect(await client.run(me)).toMatchObject(good());
      expect(operations()[0]?.headers.authorization).toBe(`Bearer ${auth.fresh()?.accessToken}`);
    });

    test.for(adapter.headerFormats)("B80 keeps the caller's headers, given as %s", async format => {
      const formats = {
        object: { 'x-trace': '7', Accept: 'application/json' },
        Headers: new Headers({ 'x-trace': '7', Accept: 'application/json' }),
        pairs: [
          ['x-trace', '7'],
          ['Accept', 'application/json'],
        ],
      };
      await client.run(me, { headers: formats[format] as Record<string, string> });
      expect(operations()[0]?.headers).toMatchObject({
        'x-trace': '7',
        accept: expect.stringContaining('application/json'),
        authorization: `Bearer ${auth.fresh()?.accessToken}`,
      });
    });

    test("B80 replaces a header of the caller whose name differs from the manager's only in case", async () => {
      auth.dispose();
      auth = await signedIn(server, {
        headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, 'x-api-key': 'of-the-manager' }),
      });
      client = connect();
      await client.run(me, { headers: { 'X-Api-Key': 'of-the-caller' } });
      expect(operations()[0]?.headers['x-api-key']).toBe('of-the-manager');
    });

    describe('signed out', () => {
      beforeEach(() => auth.signOut());

      test('B81 sends no authorization header', async () => {
        await client.run('query { public { motd } }');
        expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      });

      test.for(absent)('B81 sends no authorization header when the caller passes %s', async ([, authorization]) => {
        await client.run('query { public { motd } }', { headers: { authorization, 'x-trace': '7' } });
        expect(operations()[0]?.headers).toMatchObject({ 'x-trace': '7' });
        expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      });

      test('B81 delivers the refusal of an anonymous operation unchanged', async () => {
        const answer = await client.run(me);
        expect(answer.error).toBeDefined();
        expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
        expect(operations()).toHaveLength(1);
        expect(renewals()).toBe(0);
      });

      test("B91 'required' fails with signedOut before anything is sent", async () => {
        expect(codeOf(await client.run(me, { auth: 'required' }))).toBe('signedOut');
        expect(operations()).toHaveLength(0);
      });
    });

    describe.for(refusals)('refused as %s', shape => {
      beforeEach(() => {
        server.refuseAs(shape);
        server.expireNow();
      });

      test('B82 renews once, retries once, and delivers only the good result', async () => {
        const answer = await client.run(me);
        expect(answer).toMatchObject(good());
        expect(answer.error).toBeUndefined();
        expect(renewals()).toBe(1);
        expect(operations().map(({ headers }) => headers.authorization)).toEqual([
          expect.stringMatching(/^Bearer /),
          `Bearer ${auth.fresh()?.accessToken}`,
        ]);
      });

      test('B84 fifty operations refused together share one renewal', async () => {
        const answers = await many(50, n => `query { items(first: ${n + 1}) { owner } }`);
        expect(answers.filter(({ data, error }) => data && !error)).toHaveLength(50);
        expect(renewals()).toBe(1);
        expect(server.stats().operations).toMatchObject({ received: 100, refused: 50, executed: 50 });
      });

      test('B89 a mutation is retried, and executed once', async () => {
        expect((await client.run(bump)).error).toBeUndefined();
        expect(server.stats().mutationsExecuted).toBe(1);
      });
    });

    test.for([
      ['me', 'items'],
      ['items', 'me'],
    ])("B84 results keep the network's order: %s before %s", async order => {
      server.expireNow();
      const release = server.holdTokenRequests();
      const received: string[] = [];
      for (const field of ['me', 'items'])
        void client.run(`query { ${field} { id } }`).then(() => received.push(field));
      await expect.poll(() => server.stats().operations.refused).toBe(2);
      const releases = new Map<string, () => void>();
      server.on('operation', ({ fields = [] }) => releases.set(fields.join(), server.holdOperations()));
      release();
      await expect.poll(() => releases.size).toBe(2);
      for (const [index, field] of order.entries()) {
        releases.get(field)?.();
        await expect.poll(() => received).toHaveLength(index + 1);
      }
      expect(received).toEqual(order);
    });

    test.for(['CODE', 'STATUS_403', 'INSUFFICIENT_SCOPE', 'STEP_UP'])(
      'B83 %s is delivered without a renewal',
      async shape => {
        const answer = await client.run(`query { forbidden(as: ${shape}) }`);
        expect(answer.error).toBeDefined();
        expect(operations()).toHaveLength(1);
        expect(renewals()).toBe(0);
      },
    );

    test('B83 an error with "Unauthorized" only in its message is delivered without a renewal', async () => {
      expect((await client.run('query { broken }')).error).toBeDefined();
      expect(renewals()).toBe(0);
    });

    test('B85 delivers the refusal of the retry after two requests and one renewal', async () => {
      server.guard('me', 2);
      const answer = await client.run(me);
      expect(answer.error).toBeDefined();
      expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(1);
    });

    test('B85 sends nothing a third time when the retry is refused with a token that the API accepts elsewhere', async () => {
      const accepted = { kind: 'query', data: {}, resume() {}, fail() {} } as const;
      auth.on('renewed', () => void auth.decide({ ...accepted, sent: auth.fresh() ?? null }, {}));
      server.guard('me', 5);
      expect((await client.run(me)).error).toBeDefined();
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(1);
    });

    test('B85 renews the token for later operations when the refused one may not be retried', async () => {
      client = connect({ mutations: 'never' });
      server.expireNow();
      expect((await client.run(bump)).error).toBeDefined();
      expect(await client.run(me)).toMatchObject(good());
      expect(renewals()).toBe(1);
      expect(server.stats().mutationsExecuted).toBe(0);
    });

    test('B86 fails with sessionExpired and the refusal when the auth server rejects the refresh token', async () => {
      server.revoke();
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('sessionExpired');
      expect((adapter.tokenErrorOf(answer) as TokenError).refusal).toMatchObject({ status: 401 });
      expect(auth.state.status).toBe('signedOut');
    });

    test('B86 fails with unavailable and keeps the session after a transient failure', async () => {
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('unavailable');
      expect(adapter.tokenErrorOf(answer)).toMatchObject({ status: 503, refusal: { status: 401 } });
      expect(auth.state.status).toBe('signedIn');
    });

    test('B87 an operation that is aborted during its renewal is not retried, and the renewal continues', async () => {
      server.expireNow();
      const release = server.holdTokenRequests();
      const answers: Answer[] = [];
      const refused = once('refused');
      const unsubscribe = client.watch(me, { next: answer => answers.push(answer), complete: () => {} });
      await refused;
      unsubscribe();
      const renewed = once('renewed');
      release();
      await renewed;
      await client.run('query { items { id } }'); // a retry would be sent before it
      expect(operations()).toHaveLength(2);
      expect(answers).toEqual([]);
      expect(renewals()).toBe(1);
    });

    test('B87 an operation that is aborted while it waits for its first token is not sent', async () => {
      const record = storedRecord('A');
      let answerLoad: (loaded: typeof record) => void = () => {};
      auth.dispose();
      const load = () => new Promise<typeof record>(resolve => (answerLoad = resolve));
      auth = managerFor(server, { store: sharedSession({ load, save: () => {} }) });
      client = connect();
      const answers: Answer[] = [];
      const unsubscribe = client.watch(me, { next: answer => answers.push(answer), complete: () => {} });
      unsubscribe();
      answerLoad(record);
      await client.run('query { public { motd } }');
      expect(operations()).toHaveLength(1);
      expect(answers).toEqual([]);
    });

    test('B88 an operation that is aborted in flight and then refused causes no renewal', async () => {
      server.expireNow();
      const release = server.holdOperations();
      const arrived = server.next('operation');
      const unsubscribe = client.watch(me, { next: () => {}, complete: () => {} });
      await arrived;
      unsubscribe();
      release();
      expect(await client.run('query { public { motd } }', { auth: 'omit' })).toMatchObject({ data: { public: {} } });
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(0);
    });

    describe('B89 a mutation that a guard refused at the root', () => {
      test.for([
        ['proven', 1],
        ['safe', 2],
        ['always', 2],
        ['never', 1],
      ] as const)("mutations: '%s' sends %i requests", async ([mutations, requests]) => {
        client = connect({ mutations });
        server.guard('bump');
        await client.run(bump);
        expect(operations()).toHaveLength(requests);
        expect(server.stats().mutationsExecuted).toBe(requests - 1);
      });
    });

    test('B89 a mutation that was partly executed is not retried', async () => {
      server.guard('addItem');
      const answer = await client.run('mutation { bump addItem(title: "x") { id } }');
      expect(answer).toMatchObject({ data: { bump: expect.any(Number) } });
      expect(answer.error).toBeDefined();
      expect(operations()).toHaveLength(1);
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test("B89 the emulator reports a mutation that was executed twice, as 'always' allows", async () => {
      const strict = await startOli();
      auth.dispose();
      auth = await signedIn(strict);
      client = connect({ url: strict.url, mutations: 'always' });
      strict.guard('addItem');
      await client.run('mutation { bump addItem(title: "x") { id } }');
      await expect(strict.close()).rejects.toThrow('executed twice');
      expect(strict.stats().mutationsExecuted).toBe(3);
    });

    test('B90 two identical mutations at once are two executions and two results', async () => {
      server.expireNow();
      const answers = await many(2, () => bump);
      expect(answers.map(({ error }) => error)).toEqual([undefined, undefined]);
      expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(2);
      expect(server.stats().mutationsExecuted).toBe(2);
    });

    test("B91 'omit' sends no header, and the answer is not judged", async () => {
      const answer = await client.run(me, { auth: 'omit' });
      expect(answer.error).toBeDefined();
      expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      expect(operations()).toHaveLength(1);
      expect(renewals()).toBe(0);
    });

    test("B92 sends the caller's own authorization header and delivers its refusal", async () => {
      const answer = await client.run(me, { headers: { Authorization: 'Bearer of-the-caller' } });
      expect(answer.error).toBeDefined();
      expect(operations().map(({ headers }) => headers.authorization)).toEqual(['Bearer of-the-caller']);
      expect(renewals()).toBe(0);
    });

    test.for(absent)('B92 sends the token when the authorization header is %s', async ([, authorization]) => {
      server.expireNow();
      expect(await client.run(me, { headers: { authorization } })).toMatchObject(good());
      expect(operations().map(({ headers }) => headers.authorization)).toEqual([
        expect.stringMatching(/^Bearer /),
        `Bearer ${auth.fresh()?.accessToken}`,
      ]);
    });

    test.for([
      ['a trailing slash', (origin: string) => `${origin}/`],
      ['a path', (origin: string) => `${origin}/graphql`],
      ['capital letters', (origin: string) => origin.toUpperCase()],
    ] as const)('B104 an origin may be listed with %s', async ([, spell]) => {
      client = connect({ origins: [spell(new URL(server.url).origin)] });
      expect(await client.run(me)).toMatchObject(good());
    });

    test('B104 origins that can never match throw misconfigured when the client is created', () => {
      for (const wrong of [['api.example'], 'https://api.example'] as string[][])
        expect(() => connect({ origins: wrong })).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    });

    const subscriptions = () => {
      const ticks = 'subscription { ticks(count: 3, everyMs: 5) { n } }';
      const receiveAll = () =>
        new Promise<Answer[]>(resolve => {
          const answers: Answer[] = [];
          client.watch(ticks, { next: answer => answers.push(answer), complete: () => resolve(answers) });
        });
      const all = [1, 2, 3].map(n => ({ ticks: expect.objectContaining({ n }) }));
      const dataOf = (answers: Answer[]) => answers.filter(({ data }) => data).map(({ data }) => data);

      test.for(['challenge401', 'code200'] as const)(
        'that is refused at its start as %s is one stream to its consumer',
        async shape => {
          server.refuseAs(shape);
          server.expireNow();
          const answers = await receiveAll();
          expect(dataOf(answers)).toEqual(all);
          expect(answers.filter(({ error }) => error)).toEqual([]);
          expect(renewals()).toBe(1);
        },
      );

      test('with a fresh token is delivered to its end', async () => {
        expect(dataOf(await receiveAll())).toEqual(all);
        expect(renewals()).toBe(0);
      });

      test('continues with a new token as often as tokens expire', async () => {
        server.configure({ checkStreams: true });
        const answers: Answer[] = [];
        let expired = 0;
        let ofThisToken = 0;
        auth.on('renewed', () => {
          ofThisToken = 0;
        });
        await new Promise<void>(resolve => {
          const unsubscribe = client.watch('subscription { ticks(everyMs: 5) { n } }', {
            next: answer => {
              answers.push(answer);
              if (++ofThisToken !== 4) return; // more may arrive before the refusal does
              if (expired++ < 2) return server.expireNow();
              setImmediate(unsubscribe); // urql's fetch throws when it is torn down while it emits
              resolve();
            },
            complete: resolve,
          });
        });
        expect(answers.filter(({ error }) => error)).toEqual([]);
        expect(answers.length).toBeGreaterThanOrEqual(12);
        expect(renewals()).toBe(2);
      });
    };
    if (adapter.hasSubscriptions) describe('B93 a subscription', subscriptions);

    describe('B98 a renewal that sends its request through the same client', () => {
      test("passes with auth: 'omit'", async () => {
        const { accessToken = '' } = auth.fresh() ?? {};
        auth.dispose();
        auth = createTokenManager({
          restore: true,
          renew: () => client.run('query { public { motd } }', { auth: 'omit' }).then(() => accessToken),
        });
        client = connect();
        expect(await client.run(me)).toMatchObject(good());
      });

      test('without it ends at its time limit, with an error that names the likely cause', async () => {
        auth.dispose();
        auth = createTokenManager({
          renewTimeoutMs: 100,
          restore: true,
          renew: () => client.run('query { public { motd } }').then(() => 'late-token'),
        });
        client = connect();
        const answer = await client.run(me);
        expect(codeOf(answer)).toBe('unavailable');
        expect((adapter.tokenErrorOf(answer) as TokenError).message).toContain('auth: "omit"');
      });
    });

    test('B101 an exception in the headers callback is an error of that operation', async () => {
      let isBroken = true;
      auth.dispose();
      auth = await signedIn(server, {
        headers: ({ accessToken }) => {
          if (isBroken) throw new Error('The callback failed.');
          return { authorization: `Bearer ${accessToken}` };
        },
      });
      client = connect();
      expect((await client.run(me)).error).toBeDefined();
      isBroken = false;
      expect(await client.run(me)).toMatchObject(good());
    });

    test('B101 an exception in a dialect is an error of the refused operation only', async () => {
      const judge = () => {
        throw new Error('The dialect failed.');
      };
      client = connect({ dialect: { ...defaultDialect, judge } });
      server.expireNow();
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('misconfigured');
      expect(adapter.tokenErrorOf(answer)).toMatchObject({ cause: { message: 'The dialect failed.' } });
      expect(await client.run('query { public { motd } }')).toMatchObject({ data: { public: {} } });
    });

    test('an operation of an ended session fails with signedOut, and is not sent as the next user', async () => {
      server.expireNow();
      const release = server.holdOperations();
      const arrived = server.next('operation');
      const answer = client.run(me);
      await arrived;
      const [, { username, password }] = server.users;
      await auth.signIn({ username, password });
      release();
      expect(codeOf(await answer)).toBe('signedOut');
      expect(operations()).toHaveLength(1);
    });

    test('an operation waits until the store has loaded, and is sent with the stored token', async () => {
      const { accessToken = '' } = auth.fresh() ?? {};
      const record = storedRecord(accessToken);
      auth.dispose();
      auth = managerFor(server, { store: sharedSession({ load: () => Promise.resolve(record), save: () => {} }) });
      client = connect();
      expect(await client.run(me)).toMatchObject(good());
    });
  });
}
