import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, type Exchange, makeResult } from '@urql/core';
import { Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { filter, fromPromise, mergeMap, pipe } from 'wonka';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const renewals = 100;
const perRenewal = 100;
const refused = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];

/** What the operations of a client are sent to: refuses all tokens but the newest, in a later turn. */
function createApi() {
  let alive = 0;
  let renewed = 0;
  const timers = new Set<unknown>();
  const auth = createTokenManager({
    renew: async () => `token-${++renewed}`,
    clock: {
      now: () => Date.now(),
      setTimeout(run, ms) {
        const timer = setTimeout(() => timers.delete(timer) && run(), ms).unref();
        timers.add(timer);
        return timer;
      },
      clearTimeout(timer) {
        timers.delete(timer);
        clearTimeout(timer as number);
      },
    },
  });
  const answer = async (authorization: unknown) => {
    await new Promise(resolve => setImmediate(resolve));
    return authorization === `Bearer token-${alive}` ? { data: { n: 1 } } : { errors: refused };
  };
  return { auth, answer, timers, kill: () => void alive++, renewed: () => renewed };
}
type Api = ReturnType<typeof createApi>;

/** Runs one operation; the object that it returns beside the answer must not be retained when all is over. */
type Run = (n: number) => { readonly answer: Promise<unknown>; readonly operation: object };

function apollo({ auth, answer }: Api): Run {
  const end = new ApolloLink(
    ({ getContext }) =>
      new Observable(observer => {
        void answer(getContext().headers?.authorization).then(result => {
          observer.next(result);
          observer.complete();
        });
      }),
  );
  const link = ApolloLink.from([authLink(auth), end]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const query = gql`{ n }`;
  return () => {
    const context = {};
    const answers = new Promise((resolve, reject) => {
      ApolloLink.execute(link, { query, context }, { client }).subscribe({
        next: ({ data }) => resolve(data),
        error: reject,
      });
    });
    return { answer: answers, operation: context };
  };
}

function urql({ auth, answer }: Api): Run {
  const end: Exchange = () => operations$ =>
    pipe(
      operations$,
      filter(({ kind }) => kind !== 'teardown'),
      mergeMap(operation => {
        const { headers } = operation.context.fetchOptions as { headers: { authorization: string } };
        return fromPromise(answer(headers.authorization).then(result => makeResult(operation, result as never)));
      }),
    );
  const client = new Client({
    url: 'http://127.0.0.1',
    exchanges: [authExchange(auth), end],
    requestPolicy: 'network-only',
  });
  return n => {
    const variables = { n };
    const result = client.query('query ($n: Int) { n }', variables).toPromise();
    return { answer: result.then(({ data, error }) => error ?? data), operation: variables };
  };
}

function viaFetch({ auth, answer }: Api): Run {
  const end: typeof fetch = async (_, init) =>
    Response.json(await answer(new Headers(init?.headers).get('authorization')));
  const send = authFetch(auth, { fetch: end });
  return () => {
    const { signal } = new AbortController();
    const body = '{"query":"{ n }"}';
    const response = send('http://127.0.0.1', { method: 'POST', body, signal });
    return { answer: response.then(async read => ((await read.json()) as { data: unknown }).data), operation: signal };
  };
}

test.for([
  ['Apollo Client', apollo],
  ['urql', urql],
  ['fetch', viaFetch],
] as const)(
  'B102 10,000 operations with 100 renewals leave no timer, listener or operation behind, through %s',
  async ([, connect]) => {
    const api = createApi();
    await api.auth.adopt('token-0');
    const run = connect(api);
    const operations: WeakRef<object>[] = [];
    for (let renewal = 0; renewal < renewals; renewal++) {
      api.kill();
      const batch = Array.from({ length: perRenewal }, (_, n) => run(renewal * perRenewal + n));
      operations.push(...batch.map(({ operation }) => new WeakRef(operation)));
      const answers = await Promise.all(batch.map(({ answer }) => answer));
      expect(answers.filter(answer => (answer as { n: number }).n === 1)).toHaveLength(perRenewal);
    }
    expect(api.renewed()).toBe(renewals);
    expect(api.timers.size).toBe(0);
    await new Promise(resolve => setImmediate(resolve));
    collect();
    const retained = operations.filter(reference => reference.deref());
    expect(retained.length).toBeLessThan(2 * perRenewal); // the last ones may still be on somebody's stack
  },
);

test('B102 whoever leaves by a signal takes the listener along', async () => {
  const auth: TokenManager = createTokenManager({ renew: () => new Promise(() => {}), restore: true });
  const leaving = new AbortController();
  const listeners = () => getEventListeners(leaving.signal, 'abort').length;
  const waits = Array.from({ length: 100 }, () =>
    auth.get({ signal: leaving.signal }).catch((error: unknown) => error),
  );
  await expect.poll(listeners).toBe(100);
  leaving.abort();
  await Promise.all(waits);
  expect(listeners()).toBe(0);
  auth.dispose();
});
