import { createServer } from 'node:http';
import { createTokenManager, headerReceiver, type TokenManager } from '@latchkey/core';
import { startToggle, type Toggle } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adapters } from './adapters.ts';
import { errorCode } from './errorCode.ts';
import { listen } from './listen.ts';

const me = 'query { me { name } }';

describe.for(adapters)('tokens in response headers, through $name', adapter => {
  let server: Toggle;
  let auth: TokenManager;
  /** The origin whose tokens are adopted. */
  let trusted: string;

  const tokenIn = (headers: Headers) => headers.get('x-authorization')?.replace(/^Bearer\b ?/, '') || undefined;
  const connect = (url = server.url, fetcher?: typeof fetch) =>
    adapter.connect(auth, { url, ...(fetcher && { fetch: fetcher }) });
  const sentTokens = () =>
    server.requests
      .filter(({ body, url }) => !`${url}${body}`.includes('loginUser'))
      .map(({ headers }) => headers.authorization?.replace('Bearer ', ''));
  const current = () => auth.fresh()?.accessToken;

  async function logIn({ username, password }: Toggle['users'][number]): Promise<void> {
    const query = 'query($u: String, $p: String!) { loginUser(username: $u, password: $p) { id } }';
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { u: username, p: password } }),
    });
    await auth.adopt(tokenIn(response.headers) ?? '');
  }

  beforeEach(async () => {
    server = await startToggle({ rotateAfterMs: 0, graceMs: 3_600_000 }); // an old token stays valid until the test ends
    trusted = server.origin;
    auth = createTokenManager({
      renew: () => null,
      receive: headerReceiver((headers, { url }) => (url.startsWith(trusted) ? tokenIn(headers) : undefined)),
    });
    await logIn(server.users[0]);
  });
  afterEach(async () => {
    auth.dispose();
    await server.close();
  });

  test('B104 each response has the token of the next request, in the same session', async () => {
    const client = connect();
    const sessionId = auth.fresh()?.sessionId;
    for (let n = 0; n < 3; n++) await client.run(`query { items(first: ${n + 1}) { id } }`);
    expect(new Set(sentTokens()).size).toBe(3);
    expect(current()).not.toBe(sentTokens()[2]);
    expect(auth.fresh()).toMatchObject({ sessionId, version: 4 });
  });

  test('B104 of two responses to requests with the same token, the one that arrives first counts', async () => {
    const releases = new Map<number, () => void>();
    const arrivals: Promise<void>[] = [];
    let sent = 0;
    const holding: typeof fetch = async (input, init) => {
      const request = sent++; // the responses may arrive in another order
      const response = await fetch(input, init);
      await new Promise<void>(resolve => releases.set(request, resolve));
      return response;
    };
    const client = connect(server.url, holding);
    const runs = [1, 2].map(n => {
      arrivals.push(server.next('executed').then(() => {}));
      return client.run(`query { items(first: ${n}) { id } }`);
    });
    await Promise.all(arrivals);
    await expect.poll(() => releases.size).toBe(2);
    releases.get(1)?.();
    await runs[1];
    const first = current();
    releases.get(0)?.();
    await runs[0];
    expect(current()).toBe(first);
  });

  test('B103 the token in a late response of an ended session is not adopted', async () => {
    const client = connect();
    const release = server.holdOperations();
    const arrived = server.next('operation');
    const late = client.run(me);
    await arrived;
    await auth.signOut();
    await logIn(server.users[1]);
    const ofNextUser = current();
    release();
    expect((await late).data ?? undefined).toBeUndefined();
    expect(current()).toBe(ofNextUser);
  });

  /** The server's answers with another new token. */
  const bringing =
    (token: string): typeof fetch =>
    async (input, init) => {
      const response = await fetch(input, init);
      const headers = new Headers(response.headers);
      headers.set('x-authorization', token);
      const copy = new Response(await response.text(), { status: response.status, headers });
      return Object.defineProperty(copy, 'url', { value: response.url });
    };

  test.for([
    ['an empty value', ''],
    ['an anonymous token', `x.${Buffer.from(JSON.stringify({ role: 'anonymous' })).toString('base64url')}.y`],
  ] as const)('B104 %s is not adopted', async ([, token]) => {
    const before = current();
    expect(await connect(server.url, bringing(token)).run(me)).toMatchObject({ data: { me: {} } });
    expect(current()).toBe(before);
  });

  test("B110 an answer that brings another user's token ends the session, and is not delivered", async () => {
    const before = auth.fresh()?.sessionId;
    const ofAnother = `x.${Buffer.from(JSON.stringify({ sub: 'somebody else' })).toString('base64url')}.y`;
    const answer = await connect(server.url, bringing(ofAnother)).run(me);
    expect(answer.data ?? undefined).toBeUndefined();
    expect(errorCode(adapter, answer)).toBe('signedOut');
    expect(auth.fresh()).toMatchObject({ accessToken: ofAnother, version: 1 });
    expect(auth.fresh()?.sessionId).not.toBe(before);
  });

  test.for(['empty', 'anonymous'] as const)(
    'B104 operations continue with their token when the API responds with an %s one',
    async answersBring => {
      server.configure({ answersBring });
      const before = current();
      const client = connect();
      for (let n = 1; n <= 3; n++)
        expect(await client.run(`query { items(first: ${n}) { id } }`)).toMatchObject({ data: { items: {} } });
      expect(current()).toBe(before);
      expect(server.stats().operations.refused).toBe(0);
    },
  );

  test('B104 a token of another origin, or of a redirected response, is not adopted', async () => {
    const before = current();
    const other = createServer((request, response) => {
      if (request.url?.startsWith('/moved')) response.writeHead(307, { location: '/graphql' }).end();
      else
        response
          .writeHead(200, { 'content-type': 'application/json', 'x-authorization': 'from-elsewhere' })
          .end('{"data":{"me":{"name":"Mallory"}}}');
    });
    const { origin, close } = await listen(other);
    expect(await connect(`${origin}/graphql`).run(me)).toMatchObject({ data: { me: { name: 'Mallory' } } });
    expect(current()).toBe(before);
    trusted = origin;
    expect(await connect(`${origin}/moved`).run(me)).toMatchObject({ data: { me: { name: 'Mallory' } } });
    expect(current()).toBe(before);
    await connect(`${origin}/graphql`).run(me);
    expect(current()).toBe('from-elsewhere');
    await close();
  });
});
