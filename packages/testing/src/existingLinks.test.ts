import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { TokenManager } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, Answer, ContractClient } from './adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { errorCode } from './errorCode.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { managerFor, signedIn } from './signedIn.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const me = 'query { me { name } }';
const items = 'query { items { id } }';
const itemsOf = (n: number) => `query { items(first: ${n}) { id } }`;
const motd = 'query { public { motd } }';

/** Each test is a fault that was seen in a link for the same purpose. Two more: those of `B100` and `oneStream.test.ts`. */
describe.for<Adapter>([apolloAdapter, urqlAdapter, fetchAdapter])('where others err, $name does not', adapter => {
  let server: Oli;
  let auth: TokenManager;
  let client: ContractClient;

  const connect = () => adapter.connect(auth, { url: server.url });
  const operations = () => server.requests.filter(({ kind }) => kind === 'graphql');
  const renewals = () => server.stats().tokenRequests.refresh;
  const once = (name: 'refused' | 'renewed' | 'repeated') => new Promise(resolve => auth.on(name, resolve));
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
    test('renews once more for a refusal that arrives after the renewal', async () => {
      server.expireNow();
      const releaseLate = server.holdOperations();
      const arrived = server.next('operation');
      const late = client.run(items);
      await arrived;
      const releaseSoon = server.holdOperations();
      const soon = client.run(me);
      await server.next('operation');
      const renewed = once('renewed');
      releaseSoon();
      await renewed;
      releaseLate();
      expect(areGood(await Promise.all([late, soon]))).toBe(true);
      expect(renewals()).toBe(1);
    });

    test('loses all but one of several identical mutations', async () => {
      server.expireNow();
      const answers = await Promise.all([1, 2, 3].map(() => client.run('mutation { bump }')));
      expect(new Set(answers.map(({ data }) => inspect(data))).size).toBe(3);
      expect(server.stats().mutationsExecuted).toBe(3);
    });

    test('renews once for each operation that waits, where tokens are dead on arrival', async () => {
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

    test('hangs for ever after a renewal that throws at once', async () => {
      const renew = () => {
        throw new Error('It broke.');
      };
      await replaceManager(signedIn(server, { renew }));
      server.expireNow();
      const answers = await Promise.all([client.run(me), client.run(items)]);
      expect([...answers, await client.run(me)].map(codeOf)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    });

    test.for(adapter.headerFormats)('drops headers that are given as Headers; here as %s', async format => {
      const headers = {
        object: { 'x-trace': '7' },
        Headers: new Headers({ 'x-trace': '7' }),
        pairs: [['x-trace', '7']],
      };
      server.expireNow();
      await client.run(me, { headers: headers[format] as Record<string, string> });
      expect(operations().map(request => request.headers['x-trace'])).toEqual(['7', '7']);
    });

    test('sends an operation that is left before its turn comes', async () => {
      server.expireNow();
      const release = server.holdTokenRequests();
      let refused = 0;
      auth.on('refused', () => refused++);
      const heard: Answer[] = [];
      const stays = client.run(me);
      const leave = client.watch(items, { answer: answer => heard.push(answer), end: () => {} });
      await expect.poll(() => refused).toBe(2);
      auth.on('repeated', leave);
      release();
      expect(areGood([await stays, await client.run(motd)])).toBe(true);
      expect(operations()).toHaveLength(4);
      expect(heard).toEqual([]);
    });

    test('executes a mutation again of which a part was executed', async () => {
      server.guard('addItem');
      const answer = await client.run('mutation { bump addItem(title: "x") { id } }');
      expect(answer).toMatchObject({ data: { bump: 1, addItem: null }, error: expect.anything() });
      expect(server.stats().mutationsExecuted).toBe(1);
    });

    test('loses the refusal where the renewal fails', async () => {
      server.expireNow();
      server.failTokenRequests(1, { status: 503 });
      const error = adapter.tokenErrorOf(await client.run(me));
      expect(error).toMatchObject({ code: 'unavailable', refusal: { status: 401 } });
    });
  });

  describe('apollo-link-token-refresh', () => {
    test('looks at the token only before it is sent', async () => {
      expect(auth.fresh()?.expiresAt).toBeGreaterThan(Date.now());
      server.expireNow();
      expect(areGood([await client.run(me)])).toBe(true);
    });

    test('hangs an operation that begins in some microtask about the end of the renewal', async () => {
      const { accessToken = '' } = auth.fresh() ?? {};
      const late: Promise<Answer>[] = [];
      async function begin(): Promise<void> {
        for (let n = 0; n < 30; n++) {
          late.push(client.run(me));
          await Promise.resolve();
        }
      }
      let begun: Promise<void> | undefined;
      const renew = () => {
        begun = begin();
        return accessToken;
      };
      await replaceManager(managerFor(server, { renew }));
      await auth.adopt({ accessToken: 'dead', expiresInS: 1e-6 });
      await expect.poll(() => auth.fresh()).toBeUndefined();
      expect(areGood([await client.run(me)])).toBe(true);
      await begun;
      expect(areGood(await Promise.all(late))).toBe(true);
    });

    test('does not wait until the new tokens are saved', async () => {
      const saves: Promise<void>[] = [];
      let saving = Promise.resolve();
      const save = () => saves[saves.push(saving) - 1];
      await replaceManager(signedIn(server, { store: { load: () => null, save } }));
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

  test('ErrorLink with SetContextLink renews once for each operation that is refused', async () => {
    server.expireNow();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(n => client.run(itemsOf(n))));
    expect(areGood(answers)).toBe(true);
    expect(renewals()).toBe(1);
  });
});
