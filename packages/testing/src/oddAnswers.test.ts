import { createTokenManager, type Dialect, defaultDialect, TokenError, type TokenManager } from '@latchkey/core';
import { shopify, supabase } from '@latchkey/core/dialects';
import { expect, test } from 'vitest';
import type { Adapter } from './adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const adapters: readonly Adapter[] = [apolloAdapter, urqlAdapter, fetchAdapter];
/** urql reads the body of an answer before its exchanges do, and keeps nothing of one that is no GraphQL. */
const showBodies = [apolloAdapter, fetchAdapter];

/** A server that answers the token `A` with this, and the token `B` with data. */
function serverThatSays(status: number, body: unknown, type = 'application/json') {
  const sent: (string | null)[] = [];
  let renewals = 0;
  const auth: TokenManager = createTokenManager({
    renew() {
      renewals++;
      return 'B';
    },
  });
  void auth.adopt('A');
  async function answer(_: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const token = new Headers(init?.headers).get('authorization');
    sent.push(token);
    if (token === 'Bearer B') return Response.json({ data: { me: { name: 'Mara' } } });
    return Response.json(body, { status, headers: { 'content-type': type } });
  }
  const run = (adapter: Adapter, dialect: Dialect) =>
    adapter.connect(auth, { url: 'http://127.0.0.1/graphql', fetch: answer, dialect }).run('query { me { name } }');
  return { sent, run, renewals: () => renewals };
}

test.for(adapters)('B82 $name: a 401 whose errors is a text is renewed once and repeated', async adapter => {
  const { run, sent, renewals } = serverThatSays(401, { errors: '[API] Invalid API key or access token' });
  expect(await run(adapter, shopify)).toMatchObject({ data: { me: { name: 'Mara' } } });
  expect(sent).toEqual(['Bearer A', 'Bearer B']);
  expect(renewals()).toBe(1);
});

test.for(
  showBodies.flatMap(adapter =>
    ['application/json', 'application/graphql-response+json'].map(type => ({ adapter, type })),
  ),
)('B82 $adapter.name: a 401 as $type whose data is null, without errors, is renewed', async ({ adapter, type }) => {
  const { run, renewals } = serverThatSays(401, { data: null }, type);
  expect(await run(adapter, defaultDialect)).toMatchObject({ data: { me: { name: 'Mara' } } });
  expect(renewals()).toBe(1);
});

test.for(showBodies)('B82 $name: a dialect sees a text instead of errors, also in a 200', async adapter => {
  const dialect: Dialect = {
    ...defaultDialect,
    judge: ({ body }) => (JSON.stringify(body) === '{"errors":"token expired"}' ? 'unauthenticated' : undefined),
  };
  const { run, renewals } = serverThatSays(200, { errors: 'token expired' });
  expect(await run(adapter, dialect)).toMatchObject({ data: { me: { name: 'Mara' } } });
  expect(renewals()).toBe(1);
});

test.for(showBodies)('B83 $name: a token from the future is not renewed', async adapter => {
  const { run, renewals } = serverThatSays(401, { code: 'PGRST303', message: 'JWT issued at future' });
  expect((await run(adapter, supabase)).error).toBeDefined();
  expect(renewals()).toBe(0);
});

test('B83 urql: a token from the future is a 401 like others, and costs one renewal', async () => {
  const { run, sent } = serverThatSays(401, { code: 'PGRST303', message: 'JWT issued at future' });
  await run(urqlAdapter, supabase);
  expect(sent).toEqual(['Bearer A', 'Bearer B']);
});

const garbage: readonly unknown[] = [
  null,
  7,
  'Unauthorized',
  [],
  [null],
  {},
  { errors: null },
  { errors: 7 },
  { errors: {} },
  { errors: 'Unauthorized', incremental: [null] },
  { errors: [null, 'Unauthorized', 7, {}], data: null },
  { errors: {}, incremental: 'x', completed: {}, hasNext: false },
  { data: 7, errors: [{ message: null, path: 'me', extensions: 'x' }] },
];

test.for(adapters.flatMap(adapter => garbage.map(body => ({ adapter, name: adapter.name, body }))))(
  'GQL-07 $name: $body is no refusal and no exception of ours',
  async ({ adapter, body }) => {
    for (const status of [200, 400]) {
      const { run, sent, renewals } = serverThatSays(status, body);
      const answer = await run(adapter, defaultDialect);
      const error = adapter.tokenErrorOf(answer);
      expect(TokenError.is(error)).toBe(false);
      expect(String((error as Partial<Error> | undefined)?.stack)).not.toMatch(/latchkey|readResponse|settle/);
      expect(sent).toEqual(['Bearer A']);
      expect(renewals()).toBe(0);
    }
  },
);
