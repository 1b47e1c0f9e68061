import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, readTokens, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';

// A program of an application, which runs in every runtime: it uses what that runtime has, and nothing of Node.

/** Where the server of `runtimeServer.ts` listens. */
export interface Addresses {
  readonly api: string;
  /** Another origin, which answers as the API does. */
  readonly other: string;
}

/** What has not held in this runtime, by the fact; empty: all has. */
export type Report = Readonly<Record<string, string | null>>;

type Run = () => Promise<unknown>;

const document = '{ n }';

/** The same query through each client; each resolves to its data. */
function operations(auth: TokenManager, url: string, signal?: AbortSignal): readonly Run[] {
  const origins = [new URL(url).origin];
  const http = new HttpLink({ uri: url });
  const apollo = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([authLink(auth, { origins }), http]),
  });
  const urql = new Client({ url, exchanges: [authExchange(auth, { origins }), fetchExchange], preferGetMethod: false });
  const send = authFetch(auth, { origins });
  const context = { uri: url, ...(signal && { fetchOptions: { signal } }) };
  const own = { requestPolicy: 'network-only' as const, ...(signal && { fetchOptions: { signal } }) };
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: document }),
    ...(signal && { signal }),
  };
  return [
    async () => (await apollo.query({ query: gql(document), fetchPolicy: 'no-cache', context })).data,
    async () => {
      const { data, error } = await urql.query(document, {}, own).toPromise();
      if (error) throw error.networkError ?? error;
      return data;
    },
    async () => ((await (await send(url, post)).json()) as { data: unknown }).data,
    async () => ((await (await send(new Request(url, post))).json()) as { data: unknown }).data,
  ];
}

const countOf = async (api: string, name: string): Promise<number> =>
  ((await (await fetch(`${api}/counts`)).json()) as Record<string, number>)[name] ?? 0;

function connect(api: string, options: Partial<TokenManagerOptions> = {}): TokenManager {
  const request = (signal: AbortSignal) => fetch(`${api}/token`, { method: 'POST', signal }).then(readTokens);
  return createTokenManager({
    renew: ({ signal }) => request(signal),
    signIn: (_, { signal }) => request(signal),
    ...options,
  });
}

const check = (holds: boolean, detail: unknown): void => {
  if (!holds) throw new Error(JSON.stringify(detail) ?? String(detail));
};

async function checkAll(runs: readonly Run[]): Promise<void> {
  const results = await Promise.all(runs.map(run => run()));
  check(
    results.every(data => (data as { n?: unknown } | null)?.n === 1),
    results,
  );
}

/** Runs these with a token of this kind, and checks how many renewals there were. */
async function checkRenewals(api: string, auth: TokenManager, renewals: number): Promise<void> {
  const before = await countOf(api, 'renewals');
  await checkAll(operations(auth, `${api}/graphql`));
  const found = (await countOf(api, 'renewals')) - before;
  check(found === renewals, `${found} renewals`);
}

const facts: Readonly<Record<string, (addresses: Addresses) => Promise<void>>> = {
  async 'a user who is signed in is shown data through each client'({ api }) {
    const auth = connect(api);
    await auth.signIn({});
    await checkRenewals(api, auth, 0);
  },
  async 'a token that has expired is renewed once, before anything is sent'({ api }) {
    const auth = connect(api);
    await auth.adopt({ accessToken: 'expired', expiresAt: Date.now() + 50 });
    await new Promise(resolve => setTimeout(resolve, 100));
    const refused = await countOf(api, 'refused');
    await checkRenewals(api, auth, 1);
    check((await countOf(api, 'refused')) === refused, 'sent with the expired token');
  },
  async 'a token that is refused is renewed once, and every operation is retried'({ api }) {
    const auth = connect(api);
    await auth.adopt('refused');
    await checkRenewals(api, auth, 1);
  },
  async 'a token with a header that redirects would keep is sent, renewed and retried'({ api }) {
    const auth = connect(api, {
      headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, 'x-key': 'the key' }),
    });
    await auth.adopt('refused');
    await checkRenewals(api, auth, 1);
  },
  async 'another origin gets no token'({ api, other }) {
    const auth = connect(api);
    await auth.signIn({});
    const before = await countOf(other, 'tokens');
    const runs = operations(auth, `${api}/graphql`).slice(2);
    await checkAll(runs);
    const send = authFetch(auth, { origins: [api] });
    await (await send(`${other}/graphql`, { method: 'POST', body: '{}' })).text();
    check((await countOf(other, 'tokens')) === before, 'it has got one');
  },
  async 'an abort ends the wait for a token with its reason, and the renewal goes on'({ api }) {
    let answer: (token: string) => void = () => {};
    const auth = createTokenManager({ renew: () => new Promise<string>(resolve => (answer = resolve)), restore: true });
    const controller = new AbortController();
    const reason = new Error('The user has gone.');
    const waiting = operations(auth, `${api}/graphql`, controller.signal).slice(0, 3);
    const outcomes = Promise.all(waiting.map(run => run().catch((error: unknown) => error)));
    await new Promise(resolve => setTimeout(resolve, 10));
    controller.abort(reason);
    const seen = await outcomes;
    check(
      seen.every(error => error === reason),
      seen.map(String),
    );
    answer('late');
    check((await auth.get())?.accessToken === 'late', 'the renewal has ended, too');
  },
  async 'an abort ends a request that was sent'({ api }) {
    const auth = connect(api);
    await auth.signIn({});
    const controller = new AbortController();
    const sent = authFetch(auth)(`${api}/stall`, { method: 'POST', body: '{}', signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    const error: unknown = await sent.then(
      () => 'answered',
      (thrown: unknown) => thrown,
    );
    check((error as Error).name === 'AbortError', String(error));
  },
  async 'a renewal that takes too long is abandoned'({ api }) {
    const auth = connect(api, {
      renewTimeoutMs: 50,
      renew: ({ signal }) => fetch(`${api}/stall`, { method: 'POST', signal }).then(readTokens),
    });
    await auth.adopt('refused');
    const error: unknown = await auth.renew().catch((thrown: unknown) => thrown);
    check((error as { code?: unknown }).code === 'unavailable', String(error));
  },
  async 'an answer that breaks off is a failure of the network'({ api }) {
    const auth = connect(api);
    await auth.signIn({});
    const error: unknown = await authFetch(auth)(`${api}/broken`, { method: 'POST', body: '{}' })
      .then(response => response.text())
      .catch((thrown: unknown) => thrown);
    check(error instanceof Error && !(error instanceof ReferenceError), String(error));
  },
  async 'after a sign-out nothing is sent with a token'({ api }) {
    const auth = connect(api);
    await auth.signIn({});
    await auth.signOut();
    const before = await countOf(api, 'tokens');
    await Promise.all(operations(auth, `${api}/graphql`).map(run => run().catch(() => {})));
    check((await countOf(api, 'tokens')) === before, 'a token was sent');
  },
};

/** Runs all of it, one fact after the other: the servers count. */
export async function runProgram(addresses: Addresses): Promise<Report> {
  const report: Record<string, string | null> = {};
  for (const [name, fact] of Object.entries(facts))
    report[name] = await fact(addresses).then(
      () => null,
      (error: unknown) => String(error),
    );
  return report;
}
