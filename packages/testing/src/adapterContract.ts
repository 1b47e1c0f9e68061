import { createTokenManager, defaultDialect, TokenError, type TokenManager } from '@latchkey/core';
import { type Oli, type RefusalShape, startOli } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, Answer, ConnectOptions, ContractClient } from './adapter.ts';
import { errorCode } from './errorCode.ts';
import { managerFor, signedIn } from './signedIn.ts';

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

/** What an application has in place of a header. */
const none = [
  ['undefined', undefined],
  ['null', null],
  ['an empty text', ''],
] as const;

/** What must hold for every client that is put on a token manager: rows B80 to B92 of the specification. */
export function adapterContract(adapter: Adapter): void {
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

    test('B80 the token is attached', async () => {
      expect(await client.run(me)).toMatchObject(good());
      expect(operations()[0]?.headers.authorization).toBe(`Bearer ${auth.fresh()?.accessToken}`);
    });

    test.for(adapter.headerFormats)("B80 the caller's headers are kept, given as %s", async format => {
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

    test('B80 a header of ours does not stand beside the same name in another case', async () => {
      auth.dispose();
      auth = await signedIn(server, {
        headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, 'x-api-key': 'ours' }),
      });
      client = connect();
      await client.run(me, { headers: { 'X-Api-Key': 'theirs' } });
      expect(operations()[0]?.headers['x-api-key']).toBe('ours');
    });

    describe('signed out', () => {
      beforeEach(() => auth.signOut());

      test('B81 there is no header at all', async () => {
        await client.run('query { public { motd } }');
        expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      });

      test.for(none)('B81 nor is there one where the caller has none: %s', async ([, authorization]) => {
        await client.run('query { public { motd } }', { headers: { authorization, 'x-trace': '7' } });
        expect(operations()[0]?.headers).toMatchObject({ 'x-trace': '7' });
        expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      });

      test('B81 the refusal of an anonymous operation is delivered untouched', async () => {
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

      test('B82 the token is renewed once, the operation repeated once, and the caller sees only the good result', async () => {
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

      test('B89 a mutation is repeated, and executed once', async () => {
        expect((await client.run(bump)).error).toBeUndefined();
        expect(server.stats().mutationsExecuted).toBe(1);
      });
    });

    test.for([
      ['me', 'items'],
      ['items', 'me'],
    ])("B84 the order of results is the network's: %s before %s", async order => {
      server.expireNow();
      const release = server.holdTokenRequests();
      const heard: string[] = [];
      for (const field of ['me', 'items']) void client.run(`query { ${field} { id } }`).then(() => heard.push(field));
      await expect.poll(() => server.stats().operations.refused).toBe(2);
      const releases = new Map<string, () => void>();
      server.on('operation', ({ fields = [] }) => releases.set(fields.join(), server.holdOperations()));
      release();
      await expect.poll(() => releases.size).toBe(2);
      for (const [index, field] of order.entries()) {
        releases.get(field)?.();
        await expect.poll(() => heard).toHaveLength(index + 1);
      }
      expect(heard).toEqual(order);
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

    test('B83 an error that only speaks of "Unauthorized" is delivered without a renewal', async () => {
      expect((await client.run('query { broken }')).error).toBeDefined();
      expect(renewals()).toBe(0);
    });

    test('B85 refused again: two requests, one renewal, and the second refusal is delivered', async () => {
      server.guard('me', 2);
      const answer = await client.run(me);
      expect(answer.error).toBeDefined();
      expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(1);
    });

    test('B85 refused again with a token that others are accepted with: it is not sent a third time', async () => {
      auth.on('renewed', () => void auth.settle({ sent: auth.fresh() ?? null, kind: 'query', data: {} }));
      server.guard('me', 5);
      expect((await client.run(me)).error).toBeDefined();
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(1);
    });

    test('B85 an operation that may not be repeated has the token renewed for those that follow', async () => {
      client = connect({ mutations: 'never' });
      server.expireNow();
      expect((await client.run(bump)).error).toBeDefined();
      expect(await client.run(me)).toMatchObject(good());
      expect(renewals()).toBe(1);
      expect(server.stats().mutationsExecuted).toBe(0);
    });

    test('B86 the auth server says no: the operation fails with sessionExpired, and the refusal can be read', async () => {
      server.revoke();
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('sessionExpired');
      expect((adapter.tokenErrorOf(answer) as TokenError).refusal).toMatchObject({ status: 401 });
      expect(auth.state.status).toBe('signedOut');
    });

    test('B86 trouble on the way: the operation fails with unavailable, and the session is kept', async () => {
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('unavailable');
      expect(adapter.tokenErrorOf(answer)).toMatchObject({ status: 503, refusal: { status: 401 } });
      expect(auth.state.status).toBe('signedIn');
    });

    test('B87 an operation that is left while its renewal runs is not sent again, and the renewal goes on', async () => {
      server.expireNow();
      const release = server.holdTokenRequests();
      const heard: Answer[] = [];
      const refused = once('refused');
      const leave = client.watch(me, { answer: answer => heard.push(answer), end: () => {} });
      await refused;
      leave();
      const renewed = once('renewed');
      release();
      await renewed;
      await client.run('query { items { id } }'); // a turn in which the left one could have been sent
      expect(operations()).toHaveLength(2);
      expect(heard).toEqual([]);
      expect(renewals()).toBe(1);
    });

    test('B87 an operation that is left while it waits for its first token is not sent', async () => {
      const record = { v: 1, session: 's', version: 1, receivedAt: Date.now(), accessToken: 'A' } as const;
      let load: (loaded: typeof record) => void = () => {};
      auth.dispose();
      auth = managerFor(server, { store: { load: () => new Promise(resolve => (load = resolve)), save: () => {} } });
      client = connect();
      const heard: Answer[] = [];
      const leave = client.watch(me, { answer: answer => heard.push(answer), end: () => {} });
      leave();
      load(record);
      await client.run('query { public { motd } }');
      expect(operations()).toHaveLength(1);
      expect(heard).toEqual([]);
    });

    test('B88 an operation that is left in flight and refused costs no renewal', async () => {
      server.expireNow();
      const release = server.holdOperations();
      const arrived = server.next('operation');
      const leave = client.watch(me, { answer: () => {}, end: () => {} });
      await arrived;
      leave();
      release();
      expect(await client.run('query { public { motd } }', { auth: 'omit' })).toMatchObject({ data: { public: {} } });
      expect(operations()).toHaveLength(2);
      expect(renewals()).toBe(0);
    });

    describe("B89 mutations that a guard refused at the root: 'proven' delivers, 'safe' repeats", () => {
      test.for([
        ['proven', 1],
        ['safe', 2],
        ['always', 2],
        ['never', 1],
      ] as const)('%s: %i requests', async ([mutations, requests]) => {
        client = connect({ mutations });
        server.guard('bump');
        await client.run(bump);
        expect(operations()).toHaveLength(requests);
        expect(server.stats().mutationsExecuted).toBe(requests - 1);
      });
    });

    test('B89 a mutation of which a part was executed is not repeated', async () => {
      server.guard('addItem');
      const answer = await client.run('mutation { bump addItem(title: "x") { id } }');
      expect(answer).toMatchObject({ data: { bump: expect.any(Number) } });
      expect(answer.error).toBeDefined();
      expect(operations()).toHaveLength(1);
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test("B89 the server of a test says when a mutation was executed twice, as 'always' may have it", async () => {
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

    test("B91 'omit' sends no header and judges nothing", async () => {
      const answer = await client.run(me, { auth: 'omit' });
      expect(answer.error).toBeDefined();
      expect(operations()[0]?.headers).not.toHaveProperty('authorization');
      expect(operations()).toHaveLength(1);
      expect(renewals()).toBe(0);
    });

    test("B92 the caller's own authorization header is sent, and its refusal is theirs", async () => {
      const answer = await client.run(me, { headers: { Authorization: 'Bearer theirs' } });
      expect(answer.error).toBeDefined();
      expect(operations().map(({ headers }) => headers.authorization)).toEqual(['Bearer theirs']);
      expect(renewals()).toBe(0);
    });

    test.for(none)('B92 an authorization header of %s is none: ours is sent', async ([, authorization]) => {
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
    ] as const)('B104 an origin may be listed with %s', async ([, written]) => {
      client = connect({ origins: [written(new URL(server.url).origin)] });
      expect(await client.run(me)).toMatchObject(good());
    });

    test('B104 origins that could never match are named when the client is put together', () => {
      for (const wrong of [['api.example'], 'https://api.example'] as string[][])
        expect(() => connect({ origins: wrong })).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    });

    const subscriptions = () => {
      const ticks = 'subscription { ticks(count: 3, everyMs: 5) { n } }';
      const listen = () =>
        new Promise<Answer[]>(resolve => {
          const heard: Answer[] = [];
          client.watch(ticks, { answer: answer => heard.push(answer), end: () => resolve(heard) });
        });
      const all = [1, 2, 3].map(n => ({ ticks: expect.objectContaining({ n }) }));
      const datas = (heard: Answer[]) => heard.filter(({ data }) => data).map(({ data }) => data);

      test.for(['challenge401', 'code200'] as const)(
        'that is refused at its start as %s is one stream to its consumer',
        async shape => {
          server.refuseAs(shape);
          server.expireNow();
          const heard = await listen();
          expect(datas(heard)).toEqual(all);
          expect(heard.filter(({ error }) => error)).toEqual([]);
          expect(renewals()).toBe(1);
        },
      );

      test('with a fresh token is followed to its end', async () => {
        expect(datas(await listen())).toEqual(all);
        expect(renewals()).toBe(0);
      });

      test('goes on with a new token as often as tokens expire', async () => {
        server.configure({ checkStreams: true });
        const heard: Answer[] = [];
        let expired = 0;
        let ofThisToken = 0;
        auth.on('renewed', () => {
          ofThisToken = 0;
        });
        await new Promise<void>(resolve => {
          const leave = client.watch('subscription { ticks(everyMs: 5) { n } }', {
            answer: answer => {
              heard.push(answer);
              if (++ofThisToken !== 4) return; // more may arrive before the refusal does
              if (expired++ < 2) return server.expireNow();
              setImmediate(leave); // urql's fetch throws when it is torn down while it emits
              resolve();
            },
            end: resolve,
          });
        });
        expect(heard.filter(({ error }) => error)).toEqual([]);
        expect(heard.length).toBeGreaterThanOrEqual(12);
        expect(renewals()).toBe(2);
      });
    };
    if (adapter.hasSubscriptions) describe('B93 a subscription', subscriptions);

    describe('B98 a renewal whose request goes through the same client', () => {
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

      test('without it is ended by its time limit, and the error names the likely cause', async () => {
        auth.dispose();
        auth = createTokenManager({
          renewTimeoutMs: 100,
          restore: true,
          renew: () => client.run('query { public { motd } }').then(() => 'never'),
        });
        client = connect();
        const answer = await client.run(me);
        expect(codeOf(answer)).toBe('unavailable');
        expect((adapter.tokenErrorOf(answer) as TokenError).message).toContain('auth: "omit"');
      });
    });

    test('B101 an exception in a callback of the application is an error of that operation', async () => {
      let isBroken = true;
      auth.dispose();
      auth = await signedIn(server, {
        headers: ({ accessToken }) => {
          if (isBroken) throw new Error('the callback broke');
          return { authorization: `Bearer ${accessToken}` };
        },
      });
      client = connect();
      expect((await client.run(me)).error).toBeDefined();
      isBroken = false;
      expect(await client.run(me)).toMatchObject(good());
    });

    test('B101 a dialect that throws is an error of the operation that was refused, and of no other', async () => {
      const judge = () => {
        throw new Error('the dialect broke');
      };
      client = connect({ dialect: { ...defaultDialect, judge } });
      server.expireNow();
      const answer = await client.run(me);
      expect(codeOf(answer)).toBe('misconfigured');
      expect(adapter.tokenErrorOf(answer)).toMatchObject({ cause: { message: 'the dialect broke' } });
      expect(await client.run('query { public { motd } }')).toMatchObject({ data: { public: {} } });
    });

    test('an operation of a session that is over fails with signedOut, and is not sent as somebody else', async () => {
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

    test('an operation waits until a store has been read, and is not sent without the token it holds', async () => {
      const { accessToken = '' } = auth.fresh() ?? {};
      const record = { v: 1, session: 's', version: 1, receivedAt: Date.now(), accessToken } as const;
      auth.dispose();
      auth = managerFor(server, { store: { load: () => Promise.resolve(record), save: () => {} } });
      client = connect();
      expect(await client.run(me)).toMatchObject(good());
    });
  });
}
