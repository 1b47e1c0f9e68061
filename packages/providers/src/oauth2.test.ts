import { createTokenManager, type TokenManagerOptions } from '@latchkey/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import vectors from '../fixtures/vectors.json' with { type: 'json' };
import { type OAuth2Options, oauth2 } from './oauth2.ts';
import { type ScriptedAnswer, type ScriptedRequest, startScript } from './startScript.ts';

const credentials = { username: 'mara.quill', password: 'tide/9^moss:' };
const tokens = (n: number, more: object = {}): ScriptedAnswer => ({
  json: { access_token: `A${n}`, refresh_token: `R${n}`, token_type: 'bearer', expires_in: 300, ...more },
});
const form = ({ body }: ScriptedRequest) => Object.fromEntries(new URLSearchParams(body));

/** A token endpoint that sends `answers` in turn, and then the last one each time. */
const startTokenEndpoint = (...answers: ScriptedAnswer[]) =>
  startScript((_, index) => answers[Math.min(index, answers.length - 1)] ?? 'drop');

async function signedIn(options: OAuth2Options & { grant?: 'password' }, more: TokenManagerOptions = {}) {
  const auth = createTokenManager({ ...oauth2(options), ...(more as object) });
  return { auth, answer: await auth.signIn(credentials) };
}

describe('the password grant', () => {
  test('sends the documented form byte for byte, and accepts JSON', async () => {
    await using server = await startTokenEndpoint(tokens(0));
    const { credentials, expect: body } = vectors.form[0] as (typeof vectors.form)[0];
    const tokenUrl = `${server.origin}/token`;
    const auth = createTokenManager(
      oauth2({
        tokenUrl,
        clientId: 'app',
        clientSecret: 'x',
        clientAuth: 'basic',
        parameters: { grant_type: 'password' },
      }),
    );
    await auth.signIn(credentials);
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body,
      },
    ]);
  });

  test('resolves to the other fields of the answer', async () => {
    await using server = await startTokenEndpoint(tokens(0, { scope: 'read', id: '31' }));
    const { answer } = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    expect(answer).toEqual({ scope: 'read', id: '31' });
  });

  test('is refreshed with the newest refresh token, and requests its scope only at sign-in', async () => {
    await using server = await startTokenEndpoint(tokens(0), tokens(1), tokens(2, { refresh_token: null }), tokens(3));
    const { auth } = await signedIn({
      tokenUrl: `${server.origin}/token`,
      clientId: 'app',
      scope: 'read write',
      parameters: { audience: 'shop' },
      headers: { 'x-api-key': 'k3y' },
    });
    for (const accessToken of ['A1', 'A2', 'A3']) expect(await auth.renew()).toMatchObject({ accessToken });
    expect(server.requests.map(form)).toEqual([
      { audience: 'shop', scope: 'read write', ...credentials, grant_type: 'password', client_id: 'app' },
      { audience: 'shop', refresh_token: 'R0', grant_type: 'refresh_token', client_id: 'app' },
      { audience: 'shop', refresh_token: 'R1', grant_type: 'refresh_token', client_id: 'app' },
      { audience: 'shop', refresh_token: 'R1', grant_type: 'refresh_token', client_id: 'app' },
    ]);
    for (const { headers } of server.requests) expect(headers).toMatchObject({ 'x-api-key': 'k3y' });
  });

  test('without a refresh token ends the session when the access token is refused', async () => {
    await using server = await startTokenEndpoint(tokens(0, { refresh_token: undefined }));
    const { auth } = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    const refused = auth.fresh() ?? undefined;
    await expect(auth.renew(refused && { refused })).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(server.requests).toHaveLength(1);
  });

  test('without a refresh token but with credentials signs in again', async () => {
    await using server = await startTokenEndpoint(tokens(0, { refresh_token: undefined }), tokens(1));
    const { auth } = await signedIn(
      { tokenUrl: `${server.origin}/token`, clientId: 'app' },
      { credentials: () => credentials },
    );
    const refused = auth.fresh() ?? undefined;
    expect(await auth.renew(refused && { refused })).toMatchObject({ accessToken: 'A1' });
    expect(server.requests.map(form)).toMatchObject([{ grant_type: 'password' }, { grant_type: 'password' }]);
  });

  test('without a refresh token keeps the access token until it expires', async () => {
    const { renew } = oauth2({ tokenUrl: 'https://auth.example/token', clientId: 'app' });
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt({ accessToken: 'A0', expiresInS: 300 });
    const current = auth.fresh() ?? undefined;
    const { signal } = new AbortController();
    const kept = { accessToken: 'A0', expiresAt: current?.expiresAt };
    expect(await renew({ current, reason: 'ahead', signal })).toEqual(kept);
    const noProgress = { code: 'noProgress' };
    await expect(renew({ current, reason: 'expired', signal })).rejects.toMatchObject(noProgress);
    await expect(renew({ current: undefined, reason: 'restore', signal })).rejects.toMatchObject(noProgress);
  });

  test('without a refresh token keeps the session when a renewal is requested before the expiry', async () => {
    await using server = await startTokenEndpoint(tokens(0, { refresh_token: undefined }));
    const { auth } = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'noProgress' });
    expect(auth.fresh()).toMatchObject({ accessToken: 'A0' });
  });

  test('sends nothing when a credential is not a string', async () => {
    await using server = await startTokenEndpoint(tokens(0));
    const auth = createTokenManager(oauth2({ tokenUrl: `${server.origin}/token`, clientId: 'app' }));
    const broken = { ...credentials, password: undefined } as never;
    await expect(auth.signIn(broken)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('the client credentials grant', () => {
  const options = { clientId: 'app', clientSecret: 'secret', grant: 'client_credentials' } as const;
  afterEach(() => void vi.useRealTimers());

  test('signs in unattended, and again when each token has expired, never with a refresh token', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using server = await startTokenEndpoint(tokens(0), tokens(1), tokens(2));
    const auth = createTokenManager(oauth2({ ...options, tokenUrl: `${server.origin}/token`, scope: 'read' }));
    for (const accessToken of ['A0', 'A1', 'A2']) {
      const current = await auth.get();
      expect(current).toMatchObject({ accessToken, refreshToken: undefined });
      vi.setSystemTime(Date.now() + 400_000);
    }
    const grant = { grant_type: 'client_credentials', scope: 'read' };
    expect(server.requests.map(form)).toEqual([grant, grant, grant]);
  });

  test('does not sign in after a sign-out until the program does', async () => {
    await using server = await startTokenEndpoint(tokens(0), tokens(1));
    const auth = createTokenManager(oauth2({ ...options, tokenUrl: `${server.origin}/token` }));
    await auth.get();
    await auth.signOut();
    expect(await auth.get()).toBeNull();
    await auth.signIn();
    expect(await auth.get()).toMatchObject({ accessToken: 'A1' });
  });

  test('leaves the parameters in the query of the token URL out of the body', async () => {
    await using server = await startTokenEndpoint(tokens(0));
    const tokenUrl = `${server.origin}/token?grant_type=client_credentials&tenant=a%20b`;
    await createTokenManager(oauth2({ ...options, tokenUrl })).get();
    expect(server.requests).toMatchObject([
      {
        url: '/token?grant_type=client_credentials&tenant=a%20b',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
        body: '',
      },
    ]);
  });

  test('that is answered with invalid_grant is credentialsRejected', async () => {
    await using server = await startTokenEndpoint({ status: 400, json: { error: 'invalid_grant' } });
    const auth = createTokenManager(oauth2({ ...options, tokenUrl: `${server.origin}/token` }));
    await expect(auth.get()).rejects.toMatchObject({ code: 'credentialsRejected' });
  });
});

describe('sign-out', () => {
  const revoked = (...answers: ScriptedAnswer[]) => startTokenEndpoint(tokens(0), ...answers);
  async function signOut(server: Awaited<ReturnType<typeof revoked>>, more: Partial<OAuth2Options>) {
    const { signIn, signOut } = oauth2({
      tokenUrl: `${server.origin}/token`,
      clientId: 'app',
      ...more,
    } as OAuth2Options & {
      grant?: 'password';
    });
    const { signal } = new AbortController();
    const parts = await signIn(credentials, { signal });
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt(parts ?? '');
    const current = auth.fresh();
    if (current) await signOut(current, { signal });
  }

  test('revokes the refresh token, then the access token', async () => {
    await using server = await revoked({});
    await signOut(server, {
      revocationUrl: `${server.origin}/revoke`,
      clientSecret: 'secret',
      headers: { 'x-api-key': 'k3y' },
    });
    const [, ...revocations] = server.requests;
    expect(revocations.map(form)).toEqual([
      { token_type_hint: 'refresh_token', token: 'R0' },
      { token_type_hint: 'access_token', token: 'A0' },
    ]);
    for (const { method, url, headers } of revocations) {
      expect({ method, url }).toEqual({ method: 'POST', url: '/revoke' });
      expect(headers).toMatchObject({ authorization: 'Basic YXBwOnNlY3JldA==', 'x-api-key': 'k3y' });
    }
  });

  test('continues when a kind of token cannot be revoked', async () => {
    await using server = await revoked({ status: 400, json: { error: 'unsupported_token_type' } }, {});
    await signOut(server, { revocationUrl: `${server.origin}/revoke` });
    expect(server.requests).toHaveLength(3);
  });

  test('reports when the tokens are not revoked', async () => {
    await using server = await revoked({ status: 503, headers: { 'retry-after': '3' } });
    const attempt = signOut(server, { revocationUrl: `${server.origin}/revoke` });
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 3000 });
  });

  test('ends the session of the refresh token with a logoutUrl', async () => {
    await using server = await revoked({ status: 204 });
    await signOut(server, { logoutUrl: `${server.origin}/logout` });
    expect(server.requests.slice(1)).toMatchObject([{ url: '/logout', body: 'refresh_token=R0&client_id=app' }]);
  });

  test('sends nothing when the auth server has no such endpoint', async () => {
    await using server = await revoked({});
    await signOut(server, {});
    expect(server.requests).toHaveLength(1);
  });
});

describe('a failing token endpoint', () => {
  test.each([301, 302, 307, 308])('that redirects with %i is not followed', async status => {
    await using elsewhere = await startScript(() => tokens(0));
    await using server = await startTokenEndpoint({ status, headers: { location: `${elsewhere.origin}/token` } });
    const attempt = signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable' });
    expect(elsewhere.requests).toHaveLength(0);
  });

  test.each<[string, ScriptedAnswer]>([
    ['drops the connection', 'drop'],
    ['is down', { status: 503 }],
    ['answers a page', { body: '<h1>Welcome</h1>', headers: { 'content-type': 'text/html' } }],
    ['answers malformed JSON', { body: 'refresh_expires_in' }],
  ])('that %s ends no session', async (_, answer) => {
    await using server = await startTokenEndpoint(tokens(0), answer);
    const { auth } = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'unavailable' });
    expect(auth.fresh()).toMatchObject({ accessToken: 'A0' });
  });

  test('that cannot be reached is named, with the network code', async () => {
    const server = await startTokenEndpoint(tokens(0));
    await server[Symbol.asyncDispose]();
    const attempt = signedIn({ tokenUrl: `${server.origin}/token?key=Canary-1`, clientId: 'app' });
    await expect(attempt).rejects.toThrow(`${server.origin} could not be reached (ECONNREFUSED).`);
  });

  test('that sends Retry-After is an error with its milliseconds', async () => {
    await using server = await startTokenEndpoint({ status: 429, headers: { 'retry-after': '9' }, json: {} });
    const attempt = signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app' });
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', status: 429, retryAfterMs: 9000 });
  });
});

test('a request has no cookies, no cache and no referrer, and is kept alive only at sign-out', async () => {
  await using server = await startTokenEndpoint(tokens(0), {});
  const sent: RequestInit[] = [];
  const fetch: typeof globalThis.fetch = (url, init = {}) => {
    sent.push(init);
    return globalThis.fetch(url, init);
  };
  const { auth } = await signedIn({
    tokenUrl: `${server.origin}/token`,
    clientId: 'app',
    logoutUrl: `${server.origin}/out`,
    fetch,
  });
  await auth.signOut();
  await vi.waitFor(() => expect(sent).toHaveLength(2)); // nothing waits for the revocation
  const isolated = { redirect: 'manual', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' };
  expect(sent).toMatchObject([isolated, { ...isolated, keepalive: true }]);
  expect(sent[0]?.keepalive).toBeUndefined();
});

describe('in a page', () => {
  beforeEach(() => {
    vi.stubGlobal('window', {});
    vi.stubGlobal('document', {});
  });
  afterEach(() => vi.unstubAllGlobals());

  test('every token request is kept alive, so that its answer arrives although the page is left', async () => {
    await using server = await startTokenEndpoint(tokens(0), tokens(1));
    const sent: RequestInit[] = [];
    const { auth } = await signedIn({
      tokenUrl: `${server.origin}/token`,
      clientId: 'app',
      fetch(url, init = {}) {
        sent.push(init);
        return globalThis.fetch(url, init);
      },
    });
    await auth.renew();
    expect(sent.map(({ keepalive }) => keepalive)).toEqual([true, true]);
  });
});

test('B11 a runtime that does not know the option "cache" gets none', async () => {
  await using server = await startTokenEndpoint(tokens(0));
  vi.stubGlobal('Request', class {});
  try {
    const fetch: typeof globalThis.fetch = (url, init = {}) => {
      if ('cache' in init) throw new TypeError("The 'cache' field is not implemented.");
      return globalThis.fetch(url, init);
    };
    const { auth } = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app', fetch });
    expect(auth.state.status).toBe('signedIn');
  } finally {
    vi.unstubAllGlobals();
  }
});

describe('B128 what a rejection is', () => {
  const html = { 'content-type': 'text/html' };
  type Judge = NonNullable<OAuth2Options['isRejection']>;
  const field = (body: unknown, name: string) => (body as Record<string, unknown> | null)?.[name];
  test.each<[string, ScriptedAnswer, Judge]>([
    ['a status without a body', { status: 403 }, ({ status }) => status === 403],
    ['a numeric code', { json: { code: 20_103 } }, ({ body }) => field(body, 'code') === 20_103],
    [
      'the message of a page',
      { body: '<p>Wrong password</p>', headers: html },
      ({ body }) => /Wrong/.test(String(body)),
    ],
    ['a header', { status: 503, headers: { 'x-denied': '1' } }, ({ headers }) => headers.has('x-denied')],
  ])('the option states by %s, at a sign-in and at a renewal', async (_, answer, isRejection) => {
    await using server = await startTokenEndpoint(answer);
    const options = { tokenUrl: `${server.origin}/token`, clientId: 'app' };
    await expect(signedIn(options)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(signedIn({ ...options, isRejection })).rejects.toMatchObject({ code: 'credentialsRejected' });
    const auth = createTokenManager(oauth2({ ...options, isRejection }));
    await auth.adopt({ accessToken: 'A0', refreshToken: 'R0' });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
  });

  test('false keeps the session, undefined leaves the answer to the rules, and tokens are not asked about', async () => {
    await using server = await startTokenEndpoint(tokens(0), { status: 401 }, { status: 401 });
    const answers = [false, undefined];
    const options = { tokenUrl: `${server.origin}/token`, clientId: 'app', isRejection: () => answers.shift() };
    const { auth } = await signedIn(options, { cooldownMs: 0 });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'unavailable', status: 401 });
    expect(auth.state.status).toBe('signedIn');
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test("the manager's own option is asked at a sign-in, too", async () => {
    await using server = await startTokenEndpoint({ status: 403 });
    const attempt = signedIn(
      { tokenUrl: `${server.origin}/token`, clientId: 'app' },
      { isRejection: ({ status }) => status === 403 },
    );
    await expect(attempt).rejects.toMatchObject({ code: 'credentialsRejected' });
  });

  test('an option that throws is misconfigured, and shows nothing of the answer', async () => {
    await using server = await startTokenEndpoint({ status: 403, json: { echo: 'Canary-1' } });
    const isRejection: Judge = ({ body }) => {
      throw new Error(JSON.stringify(body));
    };
    const failure = await signedIn({ tokenUrl: `${server.origin}/token`, clientId: 'app', isRejection }).catch(String);
    expect(failure).toContain('"isRejection" threw');
    expect(failure).not.toContain('Canary');
  });
});

describe('a wrong option', () => {
  const right = { tokenUrl: 'https://auth.example/token', clientId: 'app' };
  test.each<[string, object, string, string]>([
    ['no address', { tokenUrl: undefined }, 'tokenUrl', 'Pass'],
    ['two addresses', { issuer: 'https://auth.example' }, 'issuer', 'Leave out one'],
    ['a relative address', { tokenUrl: '/oauth/token' }, 'tokenUrl', 'Write it out'],
    ['http to another host', { tokenUrl: 'http://auth.example/token' }, 'tokenUrl', 'Use https'],
    ['a relative revocation address', { revocationUrl: '/revoke' }, 'revocationUrl', 'Write it out'],
    ['a relative logout address', { logoutUrl: '/logout' }, 'logoutUrl', 'Write it out'],
    ['a relative issuer', { tokenUrl: undefined, issuer: 'auth.example' }, 'issuer', 'Write it out'],
    [
      'two ways to sign out',
      { logoutUrl: 'https://a.example/o', revocationUrl: 'https://a.example/r' },
      'logoutUrl',
      'Leave out one',
    ],
    ['an unknown grant', { grant: 'implicit' }, 'grant', 'Leave it out'],
    ['no client', { clientId: undefined }, 'clientId', 'Pass the id'],
    [
      'a secret without a method that uses it',
      { clientAuth: 'none', clientSecret: 'Canary-1' },
      'clientSecret',
      'Leave out',
    ],
    ['an authorization header', { headers: { Authorization: 'Basic Canary-1' } }, 'headers', 'clientAuth'],
    ['a header without a value', { headers: { 'x-api-key': undefined } }, 'headers', 'Pass a non-empty string'],
    ['an empty header', { headers: { 'x-api-key': ' ' } }, 'headers', 'Pass a non-empty string'],
    ['a header with a line break', { headers: { 'x-api-key': 'Canary-1\r\nx: y' } }, 'headers', 'line breaks'],
    ['a header that is not ASCII', { headers: { 'x-api-key': 'Canary-clé' } }, 'headers', 'ASCII'],
    ['a header whose name no request can carry', { headers: { 'x key': 'Canary-1' } }, 'headers', 'ASCII'],
    ['a secret among the parameters', { parameters: { client_secret: 'Canary-1' } }, 'parameters', 'clientSecret'],
    ['a password among the parameters', { parameters: { password: 'Canary-1' } }, 'parameters', 'Leave it out'],
    ['another grant among the parameters', { parameters: { grant_type: 'implicit' } }, 'parameters', 'Leave it out'],
    ['a parameter that is not a string', { parameters: { audience: undefined } }, 'parameters', 'leave it out'],
  ])('as %s throws, naming the option and the remedy', (_, options, named, remedy) => {
    const attempt = () => oauth2({ ...right, ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
    expect(attempt).toThrow(remedy);
    expect(attempt).not.toThrow('Canary');
  });

  test('as a secret in a page throws, unless allowInsecure is set', () => {
    vi.stubGlobal('window', {});
    vi.stubGlobal('document', {});
    try {
      const attempt = (allowInsecure: boolean) => () => oauth2({ ...right, clientSecret: 'Canary-1', allowInsecure });
      expect(attempt(false)).toThrow('"clientSecret"');
      expect(attempt(true)).not.toThrow();
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
