import { inspect } from 'node:util';
import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import { altrata } from './altrata.ts';
import { collectiveAccess } from './collectiveAccess.ts';
import { directus } from './directus.ts';
import { oauth2 } from './oauth2.ts';
import { oli } from './oli.ts';
import { realItems } from './realItems.ts';
import { type ScriptedAnswer, type ScriptedRequest, startScript } from './startScript.ts';
import { toggle } from './toggle.ts';

/** Every secret of these tests contains it. */
const mark = 'CANARY';
const marked = /canary|Q0FOQVJZ|NBTkFSW|DQU5BUl/i; // the last three: its Base64, at each of the three offsets
const credentials = { username: 'mara.quill', password: `${mark}/password^` };
const tokens = { accessToken: `${mark}-access`, refreshToken: `${mark}-refresh` };

const providers: Readonly<Record<string, (origin: string, fetch?: typeof globalThis.fetch) => object>> = {
  'oauth2 with basic': (origin, fetch = globalThis.fetch) =>
    oauth2({
      tokenUrl: `${origin}/token`,
      clientId: 'app',
      clientSecret: `${mark}-secret`,
      headers: { 'x-api-key': `${mark}-key` },
      fetch,
    }),
  'oauth2 with post': (origin, fetch = globalThis.fetch) =>
    oauth2({
      tokenUrl: `${origin}/token?key=${mark}`,
      clientId: 'app',
      clientSecret: `${mark}-secret`,
      clientAuth: 'post',
      fetch,
    }),
  'oauth2 by discovery': (origin, fetch = globalThis.fetch) =>
    oauth2({ issuer: origin, clientId: 'app', clientSecret: `${mark}-secret`, fetch }),
  oli: (origin, fetch = globalThis.fetch) => oli({ tokenUrl: `${origin}/token`, fetch }),
  collectiveAccess: (origin, fetch = globalThis.fetch) => collectiveAccess({ baseUrl: origin, fetch }),
  realItems: (origin, fetch = globalThis.fetch) =>
    realItems({ tokenUrl: `${origin}/token`, clientId: 'app', clientSecret: `${mark}-secret`, fetch }),
  altrata: (origin, fetch = globalThis.fetch) => altrata({ tokenUrl: `${origin}/token`, apiKey: `${mark}-key`, fetch }),
  toggle: (origin, fetch = globalThis.fetch) => toggle({ url: `${origin}/graphql`, fetch }),
  directus: (origin, fetch = globalThis.fetch) => directus({ baseUrl: origin, fetch }),
};

/** The request, for a server that echoes it. */
const echo = ({ headers, body, url }: ScriptedRequest) =>
  `${url} ${JSON.stringify(headers)} ${body} ${decodeURIComponent(body)}`;

const answers: Readonly<Record<string, (request: ScriptedRequest) => ScriptedAnswer>> = {
  'echoes in error_description': request => ({
    status: 400,
    json: { error: 'invalid_grant', error_description: echo(request) },
  }),
  'echoes in error': request => ({ status: 401, json: { error: echo(request) } }),
  'echoes in errors': request => ({
    json: { errors: [{ message: echo(request), extensions: { code: echo(request), debugMessage: echo(request) } }] },
  }),
  'echoes in a challenge': request => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer error="invalid_token", error_description="${encodeURIComponent(echo(request))}"`,
    },
  }),
  'echoes as plain text': request => ({ status: 500, body: echo(request) }),
  'answers truncated tokens': () => ({ body: `${mark}{"access_token":"${mark}-next"` }),
  'answers tokens of another type': () => ({ json: { access_token: `${mark}-next`, token_type: mark } }),
  'answers tokens that no header can carry': () => ({
    json: {
      access_token: `${mark}\nnext`,
      token_type: 'bearer',
      data: { login: { jwt: `${mark}\nnext`, refresh: mark, user: null }, refresh: { jwt: `${mark}\nnext` } },
    },
  }),
  'redirects to an address with the request in it': request => ({
    status: 302,
    headers: { location: `/?${encodeURIComponent(echo(request))}` },
  }),
  'drops the connection': () => 'drop',
};

const echoed = async (request: Request) =>
  `${request.url} ${JSON.stringify(Object.fromEntries(request.headers))} ${await request.text()}`;

/** Signs in and renews, which both fail, and collects everything that the program gets to see. */
async function everythingSeen(options: TokenManagerOptions<typeof credentials>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const auth = createTokenManager(options);
  for (const name of ['renewalFailed', 'signedOut', 'storeFailed'] as const) auth.on(name, event => seen.push(event));
  seen.push(await auth.signIn(credentials).catch((error: unknown) => error), auth.state);
  await auth.adopt(tokens);
  seen.push(await auth.renew().catch((error: unknown) => error), auth.state);
  return seen;
}

function expectNoSecret(seen: readonly unknown[]) {
  for (const value of seen) {
    const cause = value instanceof Error ? value.cause : undefined;
    for (const printed of [
      String(value),
      JSON.stringify(value),
      JSON.stringify(cause ?? null),
      inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
    ])
      expect(printed).not.toMatch(marked);
  }
}

describe.each(Object.entries(providers))('no secret of %s is visible', (_, provider) => {
  test.each(Object.entries(answers))('when the server %s', async (_name, answer) => {
    await using server = await startScript(request =>
      request.url.includes('.well-known')
        ? { json: { issuer: `http://${request.headers.host}`, token_endpoint: `http://${request.headers.host}/token` } }
        : answer(request),
    );
    const seen = await everythingSeen(provider(server.origin));
    expect(seen.filter(value => value instanceof Error)).toHaveLength(2);
    expectNoSecret(seen);
  });

  test('when "fetch" throws an error that holds the whole request', async () => {
    const fetch: typeof globalThis.fetch = async (...request) => {
      const message = await echoed(new Request(...request));
      throw Object.assign(new Error(message, { cause: new Error(message) }), { code: message, request });
    };
    const seen = await everythingSeen(provider('http://localhost:9', fetch));
    expect(seen.filter(value => value instanceof Error)).toHaveLength(2);
    expectNoSecret(seen);
  });
});

test('no secret of a failing function "clientAuth" is visible', async () => {
  const clientAuth = () => {
    throw new Error(`${mark}-key is not a key`);
  };
  const seen = await everythingSeen(oauth2({ tokenUrl: 'http://localhost:9/token', clientId: 'app', clientAuth }));
  expect(seen.filter(value => value instanceof Error)).toMatchObject([
    { code: 'unavailable' },
    { code: 'unavailable' },
  ]);
  expectNoSecret(seen);
});
