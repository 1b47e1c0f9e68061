import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { TokenManager } from '@latchkey/core';
import { sharedSession } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, Answer, ContractClient } from './adapter.ts';
import { adapters } from './adapters.ts';
import { errorCode } from './errorCode.ts';
import { managerFor, signedIn } from './signedIn.ts';

const me = 'query { me { name } }';
const items = 'query { items { id } }';
const itemsOf = (n: number) => `query { items(first: ${n}) { id } }`;
const motd = 'query { public { motd } }';

/** Each test is about a fault of another link or exchange for the same purpose. The tests of `B100` and `oneStream.test.ts` are too. */
describe.for<Adapter>(adapters)('$name does not have the faults of', adapter => {
  let server: Oli;
  let auth: TokenManager;
  let client: ContractClient;

  const connect = () => adapter.connect(auth, { url: server.url });
  const operations = () => server.requests.filter(({ kind }) => kind === 'graphql');
  const renewals = () => server.stats().tokenRequests.refresh;
  const areGood = (answers: readonly Answer[]) => answers.every(({ data, error }) => data && !error);
  const codeOf = (answer: Answer) => errorCode(adapter, answer);
  async function replaceManager(replacement: TokenManager | Promise<TokenManager>): Promise<void> {
    auth.dispose();
    auth = await replacement;
    client = connect();
  }

  beforeEach(async () => {
    server = await startOli();
    auth = await signedIn(server);
    client = connect();
  });
  afterEach(async () => {
    auth.dispose();
    await server.close();
  });

  describe('@urql/exchange-auth', () => {
    test('a refusal that arrives after the renewal does not cause another one', async () => {
      server.expireNow();
      const releaseLate = server.holdOperations();
      const arrived = server.next('operation');
      const late = client.run(items);
      await arrived;
      const releaseSoon = server.holdOperations();
      const soon = client.run(me);
      await server.next('operation');
      const renewed = new Promise(resolve => auth.on('renewed', resolve));
      releaseSoon();
      await renewed;
      releaseLate();
      expect(areGood(await Promise.all([late, soon]))).toBe(true);
      expect(renewals()).toBe(1);
    });

    test('several identical mutations that are refused are all executed', async () => {
      server.expireNow();
      const answers = await Promise.all([1, 2, 3].map(() => client.run('mutation { bump }')));
      expect(new Set(answers.map(({ data }) => inspect(data))).size).toBe(3);
      expect(server.stats().mutationsExecuted).toBe(3);
    });

    test('operations that wait share one renewal, even if its token is expired on arrival', async () => {
      let renewals = 0;
      const { accessToken = '' } = auth.fresh() ?? {};
      const renew = () => {
        renewals++;
        return nextTurn({ accessToken, expiresInS: 1e-6 });
      };
      await replaceManager(managerFor(server, { renew, restore: true }));
      const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => client.run(itemsOf(n + 1))));
      expect(areGood(answers)).toBe(true);
      expect(renewals).toBe(1);
    });

    test('after a renewal that throws synchronously, operations fail with unavailable', async () => {
      const renew = () => {
        throw new Error('The renewal failed.');
      };
      await replaceManager(signedIn(server, { renew }));
      server.expireNow();
      const answers = await Promise.all([client.run(me), client.run(items)]);
      expect([...answers, await client.run(me)].map(codeOf)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    });

    test.for(adapter.headerFormats)('the retry keeps headers that are given as %s', async format => {
      const headers = {
        object: { 'x-trace': '7' },
        Headers: new Headers({ 'x-trace': '7' }),
        pairs: [['x-trace', '7']],
      };
      server.expireNow();
      await client.run(me, { headers: headers[format] as Record<string, string> });
      expect(operations().map(request => request.headers['x-trace'])).toEqual(['7', '7']);
    });

    test('an operation that is aborted while another one is retried is not retried', async () => {
      server.expireNow();
      const release = server.holdTokenRequests();
      let refused = 0;
      auth.on('refused', () => refused++);
      const answers: Answer[] = [];
      const other = client.run(me);
      const unsubscribe = client.watch(items, { next: answer => answers.push(answer), complete: () => {} });
      await expect.poll(() => refused).toBe(2);
      auth.on('retried', unsubscribe);
      release();
      expect(areGood([await other, await client.run(motd)])).toBe(true);
      expect(operations()).toHaveLength(4);
      expect(answers).toEqual([]);
    });

    test('a mutation that was partly executed is not executed again', async () => {
      server.guard('addItem');
      const answer = await client.run('mutation { bump addItem(title: "x") { id } }');
      expect(answer).toMatchObject({ data: { bump: 1, addItem: null }, error: expect.anything() });
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test('an operation whose renewal fails keeps its refusal', async () => {
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      const error = adapter.tokenErrorOf(await client.run(me));
      expect(error).toMatchObject({ code: 'unavailable', refusal: { status: 401 } });
    });
  });

  describe('apollo-link-token-refresh', () => {
    test('a token that the server refuses before its expiry is renewed', async () => {
      expect(auth.fresh()?.expiresAt).toBeGreaterThan(Date.now());
      server.expireNow();
      expect(areGood([await client.run(me)])).toBe(true);
    });

    test('an operation completes that starts in any microtask around the end of the renewal', async () => {
      const { accessToken = '' } = auth.fresh() ?? {};
      const answers: Promise<Answer>[] = [];
      async function startMany(): Promise<void> {
        for (let n = 0; n < 30; n++) {
          answers.push(client.run(me));
          await Promise.resolve();
        }
      }
      let started: Promise<void> | undefined;
      const renew = () => {
        started = startMany();
        return accessToken;
      };
      await replaceManager(managerFor(server, { renew }));
      await auth.adopt({ accessToken: 'expired', expiresInS: 1e-6 });
      await expect.poll(() => auth.fresh()).toBeUndefined();
      expect(areGood([await client.run(me)])).toBe(true);
      await started;
      expect(areGood(await Promise.all(answers))).toBe(true);
    });

    test('a retry waits until the new token set is saved', async () => {
      const saves: Promise<void>[] = [];
      let saving = Promise.resolve();
      let stored: object | null = null;
      const save = async (next: object | null) => {
        await saves[saves.push(saving) - 1];
        stored = next;
      };
      await replaceManager(signedIn(server, { store: sharedSession({ load: () => stored, save }) }));
      let saved: () => void = () => {};
      saving = new Promise(resolve => (saved = resolve));
      server.expireNow();
      const answer = client.run(me);
      await expect.poll(() => saves).toHaveLength(2);
      await client.run(motd, { auth: 'omit' });
      expect(operations()).toHaveLength(2);
      saved();
      expect(areGood([await answer])).toBe(true);
    });
  });

  test('ErrorLink with SetContextLink: operations that are refused together share one renewal', async () => {
    server.expireNow();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(n => client.run(itemsOf(n))));
    expect(areGood(answers)).toBe(true);
    expect(renewals()).toBe(1);
  });
});
