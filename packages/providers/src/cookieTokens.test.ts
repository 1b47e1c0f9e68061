import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import { cookieJar } from './cookieJar.ts';
import { type CookieTokensOptions, cookieTokens } from './cookieTokens.ts';
import { settle } from './operate.ts';
import { type ScriptedAnswer, startScript } from './startScript.ts';

/** An API and its auth server on one origin: both tokens are in cookies, and a refresh answers 204. */
async function startServer(more: (path: string) => ScriptedAnswer | undefined = () => undefined) {
  const state = { access: 1, alive: true };
  const cookies = () => ({ 'set-cookie': `access=a${state.access}; HttpOnly; Path=/` });
  const server = await startScript(({ url, headers, body }) => {
    const sent = headers.cookie ?? '';
    const own = more(url);
    if (own) return own;
    if (url === '/login')
      return body.includes('right') ? { status: 204, headers: cookies() } : { status: 401, json: { message: 'No' } };
    if (url === '/refresh')
      return state.alive && sent.includes('access=') ? { status: 204, headers: cookies() } : { status: 401 };
    if (url === '/logout') return { status: 204, headers: { 'set-cookie': 'access=; Path=/' } };
    return sent.includes(`access=a${state.access}`) ? { json: { data: { me: 1 } } } : { status: 401, json: {} };
  });
  return Object.assign(server, { state });
}

function connect(
  origin: string,
  more: Partial<CookieTokensOptions<string, object>> & Pick<TokenManagerOptions, 'restore'> = {},
  send = cookieJar(),
) {
  const post = (path: string, body = '') => send(`${origin}${path}`, { method: 'POST', body });
  const { restore = false, ...options } = more;
  const auth = createTokenManager({
    ...cookieTokens<string, object>({
      renew: () => post('/refresh'),
      signIn: password => post('/login', password),
      signOut: () => post('/logout'),
      ...options,
    }),
    restore,
  });
  /** An operation as an adapter sends it; resolves to its last status. */
  async function run(): Promise<number> {
    let tokens = await auth.get();
    for (let attempt = 1; ; attempt++) {
      const response = await send(`${origin}/graphql`, { headers: tokens ? auth.headers(tokens) : {} });
      const { status } = response;
      const next = await settle(auth, {
        sent: tokens,
        kind: 'query',
        status,
        retried: attempt > 1,
        operation: 'q',
        data: status === 200 ? { me: 1 } : undefined,
      });
      if (!next) return status;
      tokens = next;
    }
  }
  return { auth, run };
}

describe('tokens in cookies only', () => {
  test('a refused operation is sent again with the new cookies, and nothing is attached to it', async () => {
    await using server = await startServer();
    const { auth, run } = connect(server.origin);
    await auth.signIn('right');
    expect([auth.state.status, await run()]).toEqual(['signedIn', 200]);
    server.state.access++; // the access cookie has expired
    expect(await run()).toBe(200);
    expect(server.requests.map(({ url }) => url)).toEqual(['/login', '/graphql', '/graphql', '/refresh', '/graphql']);
    for (const { headers } of server.requests) expect(headers).not.toHaveProperty('authorization');
  });

  test('a wrong password is a rejection', async () => {
    await using server = await startServer();
    const { auth } = connect(server.origin);
    await expect(auth.signIn('wrong')).rejects.toMatchObject({ code: 'credentialsRejected' });
    expect(auth.state.status).toBe('signedOut');
  });

  test('after a reload the cookies are found with restore, and a session that is over is', async () => {
    await using server = await startServer();
    const send = cookieJar();
    await connect(server.origin, {}, send).auth.signIn('right');
    const { auth, run } = connect(server.origin, { restore: true }, send);
    expect([await run(), auth.state.status]).toEqual([200, 'signedIn']);
    server.state.alive = false;
    const { auth: later } = connect(server.origin, { restore: true }, send);
    expect([await later.get(), later.state.status]).toEqual([null, 'signedOut']);
  });

  test('a session that ends at the server ends here', async () => {
    await using server = await startServer();
    const { auth, run } = connect(server.origin);
    await auth.signIn('right');
    server.state.access++;
    server.state.alive = false;
    await expect(run()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
  });

  test('signOut has the cookies deleted', async () => {
    await using server = await startServer();
    const { auth, run } = connect(server.origin);
    await auth.signIn('right');
    await auth.signOut();
    await expect.poll(() => server.requests.at(-1)?.url).toBe('/logout');
    await expect.poll(run).toBe(401);
  });

  test('an expiry and a user are read from the answer, and the other fields are what signIn resolves to', async () => {
    await using server = await startServer(path =>
      path === '/login' ? { json: { validS: 60, id: 7, name: 'Ada' } } : undefined,
    );
    const answer = (body: unknown) => {
      const { validS, id, name } = body as { validS: number; id: number; name: string };
      return { expiresInS: validS, subject: `${id}`, name };
    };
    const { auth } = connect(server.origin, { answer });
    expect(await auth.signIn('right')).toEqual({ name: 'Ada' });
    expect(auth.fresh()).toMatchObject({ subject: '7', expiresAt: expect.any(Number) as number });
  });

  test.each<[string, ScriptedAnswer, string]>([
    ['null', { json: null, body: 'null' }, 'signedOut'],
    ['400', { status: 400, json: {} }, 'signedOut'],
    ['invalid_grant', { json: { error: 'invalid_grant' } }, 'signedOut'],
    ['an error of GraphQL', { json: { errors: [{ message: 'x' }], data: { refresh: null } } }, 'signedIn'],
    ['a page of a proxy', { headers: { 'content-type': 'text/html' }, body: '<h1>Hi</h1>' }, 'signedIn'],
    ['503', { status: 503 }, 'signedIn'],
    ['a dropped connection', 'drop', 'signedIn'],
  ])('a renewal that answers %s leaves the state %s', async (_, answer, status) => {
    await using server = await startServer(path => (path === '/refresh' ? answer : undefined));
    const { auth } = connect(server.origin);
    await auth.signIn('right');
    await auth.renew().catch(() => {});
    expect(auth.state.status).toBe(status);
  });

  test('an API that answers 200 and {} to nobody states so by "answer"', async () => {
    await using server = await startServer(path => (path === '/refresh' ? { json: {} } : undefined));
    const answer = (body: unknown) => (Object.keys((body as object | undefined) ?? {}).length > 0 ? {} : null);
    const { auth } = connect(server.origin, { answer, restore: true });
    expect([await auth.get(), auth.state.status]).toEqual([null, 'signedOut']);
  });

  test('isRejection reads an answer of its own', async () => {
    await using server = await startServer(path =>
      path === '/login' ? { status: 403, json: { code: 7 } } : undefined,
    );
    const { auth } = connect(server.origin, {
      isRejection: ({ status, body }) => status === 403 && 'code' in Object(body),
    });
    await expect(auth.signIn('right')).rejects.toMatchObject({ code: 'credentialsRejected' });
  });

  test('a manager without the option signIn says so', async () => {
    const auth = createTokenManager(cookieTokens({ renew: () => new Response() }));
    await expect(auth.signIn({})).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('"signIn"') as unknown,
    });
    expect(() => cookieTokens({ renew: undefined as never })).toThrow('"renew"');
  });
});
