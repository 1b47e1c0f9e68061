import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, type Exchange, makeResult } from '@urql/core';
import { Observable, type Subscription } from 'rxjs';
import { expect, test } from 'vitest';
import { filter, fromPromise, mergeMap, pipe, subscribe } from 'wonka';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const renewals = 100;
const perRenewal = 100;
/** After this many renewals the code is compiled and its caches are full. */
const warmUp = 20;
const refused = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];

/** Creates an API that answers in a later turn and refuses every token but the newest, and a manager for it. */
function createApi() {
  let valid = 0;
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
    return authorization === `Bearer token-${valid}` ? { data: { n: 1 } } : { errors: refused };
  };
  return { auth, answer, timers, expireToken: () => void valid++, renewed: () => renewed };
}
type Api = ReturnType<typeof createApi>;

interface Running {
  /** An object of the operation, which must be collected after its end. */
  readonly part: object;
  readonly answer: Promise<unknown>;
  readonly unsubscribe: () => void;
}

/** Starts an operation. The signal outlives all operations, like one of a page. */
type Run = (n: number, page: AbortSignal) => Running;

const kinds = ['query', 'mutation', 'subscription'] as const;
const kindOf = (n: number) => kinds[n % kinds.length] ?? 'query';

function apollo({ auth, answer }: Api): Run {
  const end = new ApolloLink(
    ({ getContext, operationType }) =>
      new Observable(observer => {
        void answer(getContext().headers?.authorization).then(result => {
          observer.next(result);
          if (operationType !== 'subscription') observer.complete(); // a stream stays open
        });
      }),
  );
  const link = ApolloLink.from([authLink(auth), end]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const documents = kinds.map(kind => gql(`${kind} { n }`));
  return (n, page) => {
    const part = {};
    const query = documents[kinds.indexOf(kindOf(n))] ?? gql`{ n }`;
    const context = { part, fetchOptions: { signal: page } };
    const observable = ApolloLink.execute(link, { query, context }, { client });
    let subscription: Subscription | undefined;
    const answer = new Promise((resolve, reject) => {
      subscription = observable.subscribe({ next: ({ data }) => resolve(data), error: reject });
    });
    return { part, answer, unsubscribe: () => subscription?.unsubscribe() };
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
    const part = { n };
    let unsubscribe = () => {};
    const answer = new Promise(resolve => {
      const kind = kindOf(n);
      const results = client[kind](`${kind} ($n: Int) { n }`, part);
      unsubscribe = pipe(
        results,
        subscribe(({ data, error }) => resolve(error ?? data)),
      ).unsubscribe;
    });
    return { part, answer, unsubscribe };
  };
}

function viaFetch({ auth, answer }: Api): Run {
  const end: typeof fetch = async (_, init) =>
    Response.json(await answer(new Headers(init?.headers).get('authorization')));
  const send = authFetch(auth, { fetch: end });
  return (n, page) => {
    const part = { 'x-n': `${n}` };
    const controller = new AbortController();
    const signal = n % 2 ? page : controller.signal;
    const body = JSON.stringify({ query: `${kindOf(n)} { n }` });
    const response = send('http://127.0.0.1', { method: 'POST', body, headers: part, signal });
    const answer = response.then(async read => ((await read.json()) as { data: unknown }).data);
    return { part, answer, unsubscribe: () => controller.abort() };
  };
}

/** The number of parts that have not been collected. The registry is a global, so that it is not collected itself. */
let retained = 0;
const collected = new FinalizationRegistry(() => retained--);

const nextTurn = () => new Promise(resolve => setImmediate(resolve));
const activeTimers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;

async function heapInUse(): Promise<number> {
  await nextTurn();
  collect();
  await nextTurn(); // finalizers run and release more
  collect();
  return process.memoryUsage().heapUsed;
}

/** Many operations that share a renewal. Every tenth is aborted before its answer. */
async function storm(api: Api, run: Run, round: number, page: AbortSignal): Promise<object[]> {
  api.expireToken();
  const batch = Array.from({ length: perRenewal }, (_, n) => run(round * perRenewal + n, page));
  const [aborted, others] = [batch.filter((_, n) => n % 10 === 0), batch.filter((_, n) => n % 10 !== 0)];
  for (const { answer } of aborted) answer.catch(() => {});
  if (round % 2) await nextTurn(); // in even rounds they are aborted in flight, in odd ones while they wait
  for (const { unsubscribe } of aborted) unsubscribe();
  const answers = await Promise.all(others.map(({ answer }) => answer));
  expect(answers.filter(answer => (answer as { n: number }).n === 1)).toHaveLength(others.length);
  for (const { unsubscribe } of others) unsubscribe(); // like a component that unmounts
  return batch.map(({ part }) => part);
}

test.for([
  ['Apollo Client', apollo],
  ['urql', urql],
  ['fetch', viaFetch],
] as const)(
  'B102 after 10,000 operations with 100 renewals no timer, listener or operation is left, through %s',
  async ([, connect]) => {
    const api = createApi();
    await api.auth.adopt('token-0');
    const run = connect(api);
    const page = new AbortController();
    const retainedBefore = retained;
    let heapBefore = 0;
    for (let round = 0; round < renewals; round++) {
      if (round === warmUp) heapBefore = await heapInUse();
      for (const part of await storm(api, run, round, page.signal)) collected.register(part, retained++);
    }
    const heapPerOperation = async () => ((await heapInUse()) - heapBefore) / (perRenewal * (renewals - warmUp));
    await expect.poll(heapPerOperation).toBeLessThan(30); // bytes: one map entry for every third operation takes more
    expect(api.renewed()).toBe(renewals);
    expect(api.timers.size).toBe(0);
    expect(activeTimers()).toBeLessThan(10); // Vitest has a few
    expect(getEventListeners(page.signal, 'abort')).toEqual([]);
    await expect.poll(() => retained - retainedBefore).toBeLessThan(10); // a client may keep its last operation
  },
);

test('B102 a wait that is aborted removes its listener from the signal', async () => {
  const auth: TokenManager = createTokenManager({ renew: () => new Promise(() => {}), restore: true });
  const controller = new AbortController();
  const listeners = () => getEventListeners(controller.signal, 'abort').length;
  const waits = Array.from({ length: 100 }, () =>
    auth.get({ signal: controller.signal }).catch((error: unknown) => error),
  );
  await expect.poll(listeners).toBe(100);
  controller.abort();
  await Promise.all(waits);
  expect(listeners()).toBe(0);
  auth.dispose();
});
