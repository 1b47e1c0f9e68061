import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adapters } from './adapters.ts';
import { listen } from './listen.ts';

interface Origin {
  readonly url: string;
  /** The headers of each request. */
  readonly seen: IncomingHttpHeaders[];
  readonly close: () => Promise<void>;
}

/** Starts a server with an origin of its own. `/<status>` redirects to the given address. */
async function startOrigin(redirectTo?: string): Promise<Origin> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume().on('end', () => {
      const status = Number(request.url?.slice(1, 4));
      if (status && redirectTo) response.writeHead(status, { location: redirectTo }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"me":{"name":"x"}}}');
    });
  });
  const { origin, close } = await listen(server);
  return { url: origin, seen, close };
}

describe('credentials are sent only to their API', () => {
  let other: Origin;
  let api: Origin;
  let auth: TokenManager;

  beforeEach(async () => {
    other = await startOrigin();
    api = await startOrigin(`${other.url}/graphql`);
    auth = createTokenManager({
      renew: () => null,
      headers: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}`, 'x-api-key': 'the key' }),
    });
    await auth.adopt('the-token');
  });
  afterEach(async () => {
    auth.dispose();
    await Promise.all([api.close(), other.close()]);
  });

  describe.for([301, 302, 303, 307, 308])('B105 a redirect %i to another origin', status => {
    test.for(adapters)('is an error, through $name', async adapter => {
      const { error } = await adapter.connect(auth, { url: `${api.url}/${status}` }).run('mutation { bump }');
      expect(error).toBeDefined();
      expect(api.seen[0]).toMatchObject({ authorization: 'Bearer the-token', 'x-api-key': 'the key' });
      expect(other.seen).toEqual([]);
    });
  });

  test('B105 undefined as the option redirect counts as absent', async () => {
    const fetchOptions = JSON.parse('{}') as RequestInit;
    Object.assign(fetchOptions, { redirect: undefined });
    const to = `${api.url}/307`;
    const link = ApolloLink.from([authLink(auth), new HttpLink({ uri: to })]);
    const apollo = new ApolloClient({ cache: new InMemoryCache(), link });
    const urql = new Client({ url: to, exchanges: [authExchange(auth), fetchExchange], preferGetMethod: false });
    const outcomes = [
      apollo.query({ query: gql`{ me { name } }`, context: { fetchOptions } }),
      urql.query('{ me { name } }', {}, { fetchOptions }).then(({ error }) => Promise.reject(error)),
      authFetch(auth)(to, { method: 'POST', ...fetchOptions }),
    ];
    for (const { status } of await Promise.allSettled(outcomes)) expect(status).toBe('rejected');
    expect(api.seen).toHaveLength(3);
    expect(other.seen).toEqual([]);
  });

  test('without a redirect the operation succeeds', async () => {
    for (const adapter of adapters)
      expect(
        (await adapter.connect(auth, { url: `${api.url}/graphql` }).run('mutation { bump }')).error,
      ).toBeUndefined();
  });

  test.for(adapters)('an origin that is not listed receives none, through $name', async adapter => {
    await adapter.connect(auth, { url: `${other.url}/graphql`, origins: [api.url] }).run('mutation { bump }');
    await adapter.connect(auth, { url: `${api.url}/graphql`, origins: [api.url] }).run('mutation { bump }');
    expect(other.seen.map(headers => [headers.authorization, headers['x-api-key']])).toEqual([[undefined, undefined]]);
    expect(api.seen[0]).toMatchObject({ authorization: 'Bearer the-token' });
  });

  test.for([
    ['that origin', () => api, ['Bearer the-token']],
    ['another origin', () => other, []],
  ] as const)(
    'an HttpLink with a fixed uri and a fetch for one origin sends the token only there: %s',
    async ([, target, expected]) => {
      const apiFetch: typeof fetch = async (input, init) => {
        if (new URL(new Request(input).url).origin !== api.url) throw new Error('Not sent: this is another origin.');
        return fetch(input, init);
      };
      const http = new HttpLink({ uri: `${target().url}/graphql`, fetch: apiFetch });
      const link = ApolloLink.from([authLink(auth, { origins: [api.url] }), http]);
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      const { error } = await client.query({ query: gql`{ me { name } }`, errorPolicy: 'all' });
      expect(error?.message).toBe(expected.length ? undefined : 'Not sent: this is another origin.');
      expect([...api.seen, ...other.seen].map(({ authorization }) => authorization)).toEqual(expected);
    },
  );

  test.for(['.evil.example', '@evil.example', '.'])(
    'an address that only begins with a listed origin is another origin: %s',
    async end => {
      const sent: unknown[] = [];
      const watching: typeof fetch = async (_, init) => {
        sent.push(new Headers(init?.headers).get('authorization'));
        return Response.json({ data: {} });
      };
      const url = `https://api.example${end}/graphql`;
      await authFetch(auth, { origins: ['https://api.example'], fetch: watching })(url);
      expect(sent).toEqual([null]);
    },
  );
});

describe('B95 bodies', () => {
  /** Sends this body to an API that refuses the first token. Returns the bodies that arrived. */
  async function run(body: RequestInit['body'], more: RequestInit = {}) {
    let renewals = 0;
    const auth = createTokenManager({ renew: () => `token-${++renewals}` });
    await auth.adopt('token-0');
    const bodies: string[] = [];
    const answering: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      bodies.push(await request.clone().text());
      const isRefused = request.headers.get('authorization') === 'Bearer token-0';
      return isRefused ? new Response('Unauthorized', { status: 401 }) : Response.json({ data: {} });
    };
    const send = authFetch(auth, { fetch: answering });
    const url = 'http://127.0.0.1/graphql';
    const input = more.method
      ? url
      : new Request(url, { method: 'POST', body: body ?? null, duplex: 'half' } as RequestInit);
    const answer = await send(input, more.method ? { ...more, body: body ?? null } : {}).catch(
      (error: unknown) => error,
    );
    return { bodies, answer, renewals: () => renewals };
  }
  const form = new FormData();
  form.set('0', new Blob(['a file']), 'a.txt');
  const stream = () => new Blob(['streamed']).stream();

  test.for([
    ['a string', 'a string', /^a string$/],
    ['a blob', new Blob(['a blob']), /^a blob$/],
    ['a form with a file', form, /a file/],
    ['bytes', new TextEncoder().encode('bytes'), /^bytes$/],
  ] as const)('%s is sent again in the retry', async ([, body, expected]) => {
    const { bodies, answer } = await run(body, { method: 'POST' });
    expect(answer).toMatchObject({ status: 200 });
    expect(bodies).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)]);
  });

  test('the body of a Request is sent again in the retry', async () => {
    const { bodies, answer } = await run('in a request');
    expect(answer).toMatchObject({ status: 200 });
    expect(bodies).toEqual(['in a request', 'in a request']);
  });

  test('the body of a Request that is refused twice is sent twice, and the refusal is delivered', async () => {
    const auth = createTokenManager({ renew: () => 'token-1' });
    await auth.adopt('token-0');
    const bodies: string[] = [];
    const refusing: typeof fetch = async (input, init) => {
      bodies.push(await new Request(input, init).text());
      return new Response('Unauthorized', { status: 401 });
    };
    const request = new Request('http://127.0.0.1/graphql', { method: 'POST', body: 'a string' });
    expect(await authFetch(auth, { fetch: refusing })(request)).toMatchObject({ status: 401 });
    expect(bodies).toEqual(['a string', 'a string']);
  });

  async function* generate() {
    yield new TextEncoder().encode('streamed');
  }

  test.for([
    ['a stream', stream],
    ['an async generator', generate],
    ['a stream of Node', () => Readable.from(['streamed'])],
  ] as const)('%s is not sent again: the request fails, and the token is renewed', async ([, create]) => {
    const init = { method: 'POST', duplex: 'half' } as RequestInit;
    const { bodies, answer, renewals } = await run(create() as RequestInit['body'], init);
    expect(TokenError.is(answer) && answer.code).toBe('notRetryable');
    expect(bodies).toHaveLength(1);
    await expect.poll(renewals).toBe(1);
  });
});
