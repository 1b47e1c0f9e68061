import { createTokenManager } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import { oauth2 } from './oauth2.ts';
import { type Script, type ScriptedAnswer, startScript } from './startScript.ts';

const credentials = { username: 'mara.quill', password: 'tide/9^moss:' };
const tokens: ScriptedAnswer = { json: { access_token: 'A0', refresh_token: 'R0', token_type: 'bearer' } };
const oidc = '/realms/shop/.well-known/openid-configuration';
const rfc8414 = '/.well-known/oauth-authorization-server/realms/shop';

/** An auth server with an answer for each path; `origin` is its own. */
async function startAuthServer(answers: (origin: string) => Readonly<Record<string, ScriptedAnswer>>): Promise<Script> {
  const server: Script = await startScript(({ url }) => answers(server.origin)[url] ?? { status: 404 });
  return server;
}

const metadata = (origin: string, more: object = {}): ScriptedAnswer => ({
  json: {
    issuer: `${origin}/realms/shop`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/r`,
    ...more,
  },
});

const managerAt = ({ origin }: Script) =>
  createTokenManager(oauth2({ issuer: `${origin}/realms/shop`, clientId: 'app' }));

const urls = ({ requests }: Script) => requests.map(({ method, url }) => `${method} ${url}`);

describe('discovery', () => {
  test('appends the well-known path of OpenID Connect, once for all requests', async () => {
    await using server = await startAuthServer(origin => ({ [oidc]: metadata(origin), '/token': tokens, '/r': {} }));
    const auth = managerAt(server);
    await auth.signIn(credentials);
    await auth.renew();
    expect(urls(server)).toEqual([`GET ${oidc}`, 'POST /token', 'POST /token']);
  });

  test('inserts the well-known path of RFC 8414 when that of OpenID Connect is 404', async () => {
    await using server = await startAuthServer(origin => ({ [rfc8414]: metadata(origin), '/token': tokens }));
    await managerAt(server).signIn(credentials);
    expect(urls(server)).toEqual([`GET ${oidc}`, `GET ${rfc8414}`, 'POST /token']);
  });

  test('finds the revocation endpoint', async () => {
    await using server = await startAuthServer(origin => ({ [oidc]: metadata(origin), '/token': tokens, '/r': {} }));
    const { signIn, signOut } = oauth2({ issuer: `${server.origin}/realms/shop`, clientId: 'app' });
    const { signal } = new AbortController();
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt((await signIn(credentials, { signal })) ?? '');
    const current = auth.fresh();
    if (current) await signOut(current, { signal });
    expect(urls(server)).toEqual([`GET ${oidc}`, 'POST /token', 'POST /r', 'POST /r']);
  });

  test('of another issuer is misconfigured, and no credentials are sent', async () => {
    await using server = await startAuthServer(origin => ({
      [oidc]: metadata(origin, { issuer: 'https://evil.example/realms/shop' }),
      '/token': tokens,
    }));
    await expect(managerAt(server).signIn(credentials)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(urls(server)).toEqual([`GET ${oidc}`]);
  });

  test.each([
    ['relative', '/token'],
    ['plain http to another host', 'http://auth.example/token'],
    ['missing', undefined],
  ])('with a token endpoint that is %s is misconfigured', async (_, token_endpoint) => {
    await using server = await startAuthServer(origin => ({ [oidc]: metadata(origin, { token_endpoint }) }));
    await expect(managerAt(server).signIn(credentials)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('"token_endpoint"') as unknown,
    });
  });

  test.each(['token_endpoint', 'revocation_endpoint'])(
    'of an https issuer with a plain http %s is misconfigured',
    async name => {
      for (const allowInsecure of [false, true]) {
        const issuer = 'https://auth.example';
        await using server = await startAuthServer(origin => ({
          [oidc]: metadata(issuer, { [name]: `${origin}/${name}` }), // on this machine, which is allowed otherwise
          [`/${name}`]: tokens,
          '/token': tokens,
        }));
        const fetch: typeof globalThis.fetch = (url, init) =>
          globalThis.fetch(String(url as string).replace(issuer, server.origin), init);
        const auth = createTokenManager(
          oauth2({ issuer: `${issuer}/realms/shop`, clientId: 'app', fetch, allowInsecure }),
        );
        const failure = await auth.signIn(credentials).catch((error: unknown) => error);
        expect(failure).toMatchObject({
          code: 'misconfigured',
          message: expect.stringContaining(`"${name}"`) as unknown,
        });
        expect(String(failure)).toContain('plain http');
        expect(urls(server)).toEqual([`GET ${oidc}`]);
      }
    },
  );

  test.each<[string, ScriptedAnswer]>([
    ['is down', { status: 503, headers: { 'retry-after': '5' } }],
    ['refuses', { status: 401, json: { error: 'invalid_grant' } }],
    ['answers a page', { body: '<h1>Welcome</h1>', headers: { 'content-type': 'text/html' } }],
    ['answers malformed JSON', { body: '{' }],
    ['redirects', { status: 302, headers: { location: '/elsewhere' } }],
    ['drops the connection', 'drop'],
  ])('that %s is a transient failure, and the next request tries again', async (_, failing) => {
    let isUp = false;
    await using server = await startAuthServer(origin => ({
      [oidc]: isUp ? metadata(origin) : failing,
      '/token': tokens,
    }));
    const auth = managerAt(server);
    const failure = await auth.signIn(credentials).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(failure).not.toHaveProperty('status');
    isUp = true;
    await auth.signIn(credentials);
    expect(auth.fresh()).toMatchObject({ accessToken: 'A0' });
  });
});
