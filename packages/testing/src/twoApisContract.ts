import { createServer } from 'node:http';
import { createTokenManager, type Dialect, defaultDialect, type TokenManager } from '@latchkey/core';
import { type Oli, type RefusalShape, startOli } from '@latchkey/emulators';
import { authFetch } from '@latchkey/fetch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Adapter, ContractClient } from './adapter.ts';
import { errorCode } from './errorCode.ts';
import { generousLimits } from './generousLimits.ts';
import { listen } from './listen.ts';
import { signedIn } from './signedIn.ts';

const me = 'query { me { name } }';
const bump = 'mutation { bump }';

interface Api {
  readonly server: Oli;
  readonly auth: TokenManager;
}

/** How the adapters of two APIs stand in one client. */
type Arrangement = 'one behind the other' | 'the second as the fetch of the client';

/** Row B116: two adapters in one client, each of which works as if it were alone. */
export function twoApisContract(adapter: Adapter): void {
  describe.for<Arrangement>(['one behind the other', 'the second as the fetch of the client'])(
    `two APIs in one client of ${adapter.name}, %s`,
    arrangement => separateManagers(adapter, arrangement),
  );
  describe(`two adapters of ${adapter.name} in one chain`, () => {
    oneManager(adapter);
    bothHeaders(adapter);
  });
}

/** A client for two APIs, each with a manager of its own. */
function connectBoth(adapter: Adapter, arrangement: Arrangement, [front, behind]: readonly [Api, Api]): ContractClient {
  const stageOf = ({ server, auth }: Api) => ({ auth, origins: [server.url] });
  const { url } = front.server;
  if (arrangement === 'one behind the other') return adapter.connectChain([front, behind].map(stageOf), { url });
  const { auth, origins } = stageOf(behind);
  return adapter.connect(front.auth, { url, origins: [url], fetch: authFetch(auth, { origins }) });
}

function separateManagers(adapter: Adapter, arrangement: Arrangement): void {
  let apis: readonly [Api, Api];
  let client: ContractClient;

  const start = async (): Promise<Api> => {
    const server = await startOli();
    return { server, auth: await signedIn(server) };
  };
  const run = ({ server }: Api, document: string) => client.run(document, { url: server.url });
  const tokensSentTo = ({ server }: Api) =>
    server.requests.filter(({ kind }) => kind === 'graphql').map(({ headers }) => headers.authorization);
  const renewals = () => apis.map(({ server }) => server.stats().tokenRequests.refresh);
  const good = { data: { me: { name: expect.any(String) } } };

  beforeEach(async () => {
    apis = await Promise.all([start(), start()]);
    client = connectBoth(adapter, arrangement, apis);
  });
  afterEach(async () => {
    for (const { auth } of apis) auth.dispose();
    await Promise.all(apis.map(({ server }) => server.close()));
  });

  test('B116 each API receives the token of its manager', async () => {
    for (const api of apis) {
      const answer = await run(api, me);
      expect(answer).toMatchObject(good);
      expect(answer.error).toBeUndefined();
      expect(tokensSentTo(api)).toEqual([`Bearer ${api.auth.fresh()?.accessToken}`]);
    }
  });

  test.for(
    [0, 1].flatMap(index => (['challenge401', 'code200', 'empty401'] as const).map(shape => ({ index, shape }))),
  )(
    'B116 a refusal of API $index as $shape renews its token only',
    async ({ index, shape }: { index: number; shape: RefusalShape }) => {
      for (const { server } of apis) server.refuseAs(shape);
      apis[index]?.server.expireNow();
      const answers = await Promise.all(apis.flatMap(api => [run(api, me), run(api, bump)]));
      expect(answers.map(({ error }) => error)).toEqual(Array(4).fill(undefined));
      expect(renewals()).toEqual([0, 1].map(other => (other === index ? 1 : 0)));
      expect(apis.map(({ server }) => server.stats().mutationsExecuted)).toEqual([1, 1]);
    },
  );

  test('B116 both tokens are renewed at the same time', async () => {
    for (const { server } of apis) server.expireNow();
    const answers = await Promise.all(apis.flatMap(api => [run(api, me), run(api, bump)]));
    expect(answers.map(({ error }) => error)).toEqual(Array(4).fill(undefined));
    expect(renewals()).toEqual([1, 1]);
  });

  test.for([0, 1])('B116 the end of the session of API %i is not the end of the other', async index => {
    const [ended, other] = index === 0 ? apis : [apis[1], apis[0]];
    ended.server.revoke();
    expect(errorCode(adapter, await run(ended, me))).toBe('sessionExpired');
    expect(other.auth.state.status).toBe('signedIn');
    expect(await run(other, me)).toMatchObject(good);
    await other.auth.signOut();
    expect((await run(other, me)).error).toBeDefined();
    expect(tokensSentTo(other)).toEqual([expect.stringMatching(/^Bearer /), undefined]);
  });

  if (arrangement === 'one behind the other')
    test("B116 'required' fails while signed out of an API, also while signed in to the other", async () => {
      const [, { server, auth }] = apis;
      await auth.signOut();
      const answer = await client.run(me, { url: server.url, auth: 'required' });
      expect(errorCode(adapter, answer)).toBe('signedOut');
      expect(server.requests.filter(({ kind }) => kind === 'graphql')).toEqual([]);
    });
}

/** Two servers that accept the newest token of one manager, and refuse an older one with a code of their own. */
async function startTwo(codes: readonly string[]) {
  let renewals = 0;
  const auth = createTokenManager({ ...generousLimits, renew: () => `token-${++renewals}` });
  await auth.adopt('token-0');
  const sent: (string | undefined)[][] = codes.map(() => []);
  const servers = await Promise.all(
    codes.map((code, index) =>
      listen(
        createServer(({ headers }, response) => {
          sent[index]?.push(headers.authorization);
          const refusal = { data: { bump: null }, errors: [{ message: 'x', path: ['bump'], extensions: { code } }] };
          const isRefused = headers.authorization === 'Bearer token-0';
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify(isRefused ? refusal : { data: { bump: 1 } }));
        }),
      ),
    ),
  );
  return {
    auth,
    sent,
    urls: servers.map(({ origin }) => `${origin}/graphql`),
    renewals: () => renewals,
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await Promise.all(servers.map(({ close }) => close()));
    },
  };
}

/** One manager, and a dialect for each API. */
function oneManager(adapter: Adapter): void {
  const dialectWith = (code: string): Dialect => ({ ...defaultDialect, codes: { [code]: 'unauthenticated' } });

  test.for([0, 1])('B116 of one manager judge each API by its dialect: a refusal of API %i', async index => {
    await using two = await startTwo(['EXPIRED_A', 'EXPIRED_B']);
    const { auth, urls } = two;
    const dialects = [dialectWith('EXPIRED_A'), dialectWith('EXPIRED_B')];
    const stages = urls.map((url, n) => ({ auth, origins: [url], dialect: dialects[n] as Dialect }));
    const client = adapter.connectChain(stages, { url: urls[0] as string });
    const url = urls[index] as string;
    const answer = await client.run(bump, { url });
    expect(answer).toMatchObject({ data: { bump: 1 } });
    expect(answer.error).toBeUndefined();
    expect(two.sent[index]).toEqual(['Bearer token-0', 'Bearer token-1']);
    expect(two.renewals()).toBe(1);
    expect((await client.run(me, { url: urls[1 - index] as string })).error).toBeUndefined();
    expect(two.renewals()).toBe(1);
  });

  test('B116 of one manager without origins send one header, and renew once', async () => {
    await using two = await startTwo(['UNAUTHENTICATED']);
    const client = adapter.connectChain([{ auth: two.auth }, { auth: two.auth }], { url: two.urls[0] as string });
    expect(await client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
    expect(two.sent).toEqual([['Bearer token-0', 'Bearer token-1']]);
    expect(two.renewals()).toBe(1);
  });
}

/** The key of a gateway and the token of a user, in one request. */
function bothHeaders(adapter: Adapter): void {
  const names = ['x-gateway', 'authorization'] as const;

  /** Starts a server that refuses the old value of one of the headers, whatever the other is. */
  async function startGateway(stale: (typeof names)[number]) {
    const sent: unknown[] = [];
    const server = await listen(
      createServer(({ headers }, response) => {
        sent.push(names.map(name => headers[name]));
        const isGood = names.every(name => headers[name] === 'new' || (name !== stale && headers[name] === 'old'));
        response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify(isGood ? { data: { bump: 1 } } : { errors: [{ message: 'Unauthorized' }] }));
      }),
    );
    return { url: `${server.origin}/graphql`, sent, [Symbol.asyncDispose]: server.close };
  }
  async function managerOf(name: string) {
    const auth = createTokenManager({
      ...generousLimits,
      renew: () => 'new',
      headers: ({ accessToken }) => ({ [name]: accessToken }),
    });
    await auth.adopt('old');
    return auth;
  }

  test('B116 of two managers for one request each send their header, and each renews its own', async () => {
    for (const stale of names) {
      await using server = await startGateway(stale);
      const managers = await Promise.all(names.map(managerOf));
      const client = adapter.connectChain(
        managers.map(auth => ({ auth })),
        { url: server.url },
      );
      expect(await client.run(bump)).toEqual({ data: expect.objectContaining({ bump: 1 }) });
      expect(server.sent).toHaveLength(stale === 'authorization' ? 2 : 3); // the adapter behind is asked first
      for (const auth of managers) auth.dispose();
    }
  });
}
