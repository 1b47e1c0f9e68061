import { createTokenManager, type Dialect, defaultDialect, TokenError, type TokenManager } from '@latchkey/core';
import { shopify, supabase } from '@latchkey/core/dialects';
import { expect, test } from 'vitest';
import type { Adapter } from './adapter.ts';
import { adapters } from './adapters.ts';
import { urqlAdapter } from './urqlAdapter.ts';

/** Not urql: of a good status it drops a body that is not a GraphQL response before its exchanges see it. */
const readBodies = adapters.filter(adapter => adapter !== urqlAdapter);

/** A server that gives the token `A` this response, and the token `B` data. */
function serverWith(status: number, body: unknown, type = 'application/json') {
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
  const run = (adapter: Adapter, dialect: Dialect, document = 'query { me { name } }') =>
    adapter.connect(auth, { url: 'http://127.0.0.1/graphql', fetch: answer, dialect }).run(document);
  return { sent, run, renewals: () => renewals };
}

test.for(adapters)('B82 $name: a 401 with a string as errors is renewed once and retried', async adapter => {
  const { run, sent, renewals } = serverWith(401, { errors: '[API] Invalid API key or access token' });
  expect(await run(adapter, shopify)).toMatchObject({ data: { me: { name: 'Mara' } } });
  expect(sent).toEqual(['Bearer A', 'Bearer B']);
  expect(renewals()).toBe(1);
});

test.for(
  adapters.flatMap(adapter =>
    ['application/json', 'application/graphql-response+json'].flatMap(type =>
      ['query { me { name } }', 'mutation { me { name } }'].map(document => ({ adapter, type, document })),
    ),
  ),
)(
  'B82 $adapter.name: a 401 of $type with null as data and without errors is renewed, and retried: $document',
  async ({ adapter, type, document }) => {
    const { run, sent, renewals } = serverWith(401, { data: null, error: { status: 401 } }, type);
    const answer = await run(adapter, defaultDialect, document);
    expect(answer).toMatchObject({ data: { me: { name: 'Mara' } } });
    expect(answer.error).toBeUndefined();
    expect(sent).toEqual(['Bearer A', 'Bearer B']);
    expect(renewals()).toBe(1);
  },
);

test.for(readBodies)('B82 $name: a dialect can read a string as errors, also in a 200', async adapter => {
  const dialect: Dialect = {
    ...defaultDialect,
    judge: ({ body }) => (JSON.stringify(body) === '{"errors":"token expired"}' ? 'unauthenticated' : undefined),
  };
  const { run, renewals } = serverWith(200, { errors: 'token expired' });
  expect(await run(adapter, dialect)).toMatchObject({ data: { me: { name: 'Mara' } } });
  expect(renewals()).toBe(1);
});

test.for(adapters)('B83 $name: a token that was issued in the future is not renewed', async adapter => {
  const { run, renewals } = serverWith(401, { code: 'PGRST303', message: 'JWT issued at future' });
  expect((await run(adapter, supabase)).error).toBeDefined();
  expect(renewals()).toBe(0);
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
  'GQL-07 $name: $body is not a refusal and causes no exception',
  async ({ adapter, body }) => {
    for (const status of [200, 400]) {
      const { run, sent, renewals } = serverWith(status, body);
      const answer = await run(adapter, defaultDialect);
      const error = adapter.tokenErrorOf(answer);
      expect(TokenError.is(error)).toBe(false);
      expect(String((error as Partial<Error> | undefined)?.stack)).not.toMatch(/latchkey|readResponse|settle/);
      expect(sent).toEqual(['Bearer A']);
      expect(renewals()).toBe(0);
    }
  },
);
