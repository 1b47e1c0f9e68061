import { createTokenManager, type TokenSet } from '@latchkey/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type HeaderTokenOptions, headerToken } from './headerToken.ts';
import { operate } from './operate.ts';
import { type ScriptedAnswer, startScript } from './startScript.ts';

const url = 'https://api.example/graphql';
const signIn = { document: '{ login { id } }', variables: () => ({}) };
const right: HeaderTokenOptions<object, object> = { url, signIn, tokenHeaders: ['x-authorization', 'authorization'] };

afterEach(() => vi.unstubAllGlobals());

interface Answer {
  readonly data?: object | null;
  readonly url: string;
}

/** The access token that is received with an answer to an operation of a signed-in user. */
function receive(headers: Headers, { data, url: from }: Answer): string | null {
  const auth = createTokenManager({ renewal: 'never' });
  void auth.adopt('opaque');
  const sent = auth.fresh();
  if (!sent) throw new Error('The user is not signed in.');
  const response = () => ({ headers, url: from, redirected: false });
  return headerToken(right).receive({ sent, kind: 'query', data, response }, sent, 0)?.parts.accessToken ?? null;
}

const jwt = (claims: object) => ['e30', btoa(JSON.stringify(claims)).replace(/=+$/, ''), 'c2ln'].join('.');

describe('a token in response headers', () => {
  const facts = { data: { me: { name: 'Till' } }, url };

  test.each<[string, Record<string, string>, string | null | undefined]>([
    ['is found', { 'x-authorization': 'A1' }, 'A1'],
    ['may have its scheme in front', { 'x-authorization': 'Bearer A1' }, 'A1'],
    ['may have its scheme in any case', { 'x-authorization': 'bearer  A1' }, 'A1'],
    ['is read from the first header that has one', { authorization: 'Bearer A2', 'x-authorization': 'A1' }, 'A1'],
    [
      'is read from the next header when the first is empty',
      { authorization: 'Bearer A2', 'x-authorization': '' },
      'A2',
    ],
    ['may be missing', {}, null],
    ['may be empty', { 'x-authorization': '' }, null],
    ['may be only a scheme', { 'x-authorization': 'Bearer ' }, null],
    ['may be the string "null" or "undefined"', { 'x-authorization': 'Bearer null', authorization: 'undefined' }, null],
    ['may be of another scheme', { authorization: 'Basic YTpi' }, null],
  ])('%s', (_, headers, token) => {
    expect(receive(new Headers(headers), facts)).toBe(token);
  });

  test.each([
    'https://api.example:8443/graphql',
    'http://api.example/graphql',
    'https://api.example.evil.example/graphql',
    'https://api.example@evil.example/graphql',
    '',
    'about:blank',
  ])('is not accepted from %s', other => {
    expect(receive(new Headers({ 'x-authorization': 'A1' }), { ...facts, url: other })).toBeNull();
  });

  test("of an answer with nothing but null is not accepted: the server has ended the session, and it is a guest's", () => {
    for (const data of [{ activeCustomer: null }, { activeCustomer: null, cart: null }])
      expect(receive(new Headers({ 'x-authorization': 'A1' }), { url, data })).toBeNull();
  });

  test('without data in the response is accepted only as a JWT, whose subject the core compares', () => {
    const received = (token: string, data?: null) =>
      receive(new Headers({ 'x-authorization': token }), { url, ...(data !== undefined && { data }) });
    expect(received('anonymous')).toBeNull();
    expect(received('anonymous', null)).toBeNull();
    expect(received(jwt({ sub: '71' }))).toBe(jwt({ sub: '71' }));
  });

  test('that is missing at the sign-in is misconfigured, naming the header that exposes it', async () => {
    const answer = { json: { data: { login: { id: 1 } } } };
    await using server = await startScript(() => answer);
    const auth = createTokenManager(headerToken({ ...right, url: `${server.origin}/graphql` }));
    await expect(auth.signIn({})).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('Access-Control-Expose-Headers') as unknown,
    });
  });

  test('next to a null field is anonymous: the credentials are rejected', async () => {
    const anonymous: ScriptedAnswer = { headers: { 'x-authorization': 'anonymous' }, json: { data: { login: null } } };
    await using server = await startScript(() => anonymous);
    const auth = createTokenManager(headerToken({ ...right, url: `${server.origin}/graphql` }));
    await expect(auth.signIn({})).rejects.toMatchObject({ code: 'credentialsRejected' });
  });

  test.each<[string, Record<string, string>]>([
    ['without a token', {}],
    ['next to an anonymous token', { 'x-authorization': 'anonymous' }],
  ])('B128 a wrong password that is answered as data, %s, is a rejection', async (_, headers) => {
    let login: object = {};
    await using server = await startScript(() => ({ headers, json: { data: { login } } }));
    const at = { ...right, url: `${server.origin}/graphql` };
    const answer = ({ login: { id } }: { readonly login: { readonly id?: number } }) => (id ? { id } : null);
    const own = { ...signIn, answer: answer as NonNullable<typeof right.signIn.answer> };
    for (login of [
      { __typename: 'InvalidCredentialsError', message: 'The credentials did not match.' },
      { errorCode: 'INVALID_CREDENTIALS' },
      { success: false },
      { errors: [{ message: 'The credentials did not match.' }] },
    ])
      for (const options of [at, { ...at, signIn: own }]) {
        const auth = createTokenManager(headerToken(options));
        await expect(auth.signIn({})).rejects.toMatchObject({ code: 'credentialsRejected' });
        expect(auth.state.status).toBe('signedOut');
      }
  });

  test('replaces the one that was sent, in the order of the requests, if it is of the same user', async () => {
    const answers: readonly [string, string][] = [
      [jwt({ sub: '71', n: 1 }), jwt({ sub: '71', n: 1 })], // the token in the answer, and the one used afterwards
      [jwt({ n: 3 }), jwt({ sub: '71', n: 1 })],
      [jwt({ sub: '71', n: 4 }), jwt({ sub: '71', n: 4 })],
    ];
    await using server = await startScript((_, index) => ({
      headers: { 'x-authorization': index === 0 ? jwt({ sub: '71' }) : (answers[index - 1]?.[0] ?? '') },
      json: { data: { login: { id: 71 }, me: { name: 'Till' } } },
    }));
    const auth = createTokenManager(headerToken({ ...right, url: `${server.origin}/graphql` }));
    await auth.signIn({});
    for (const [, used] of answers) {
      await operate(auth, `${server.origin}/graphql`);
      expect(auth.fresh()?.accessToken).toBe(used);
    }
  });
});

test('headerToken does not need URL.canParse, which older Safari and Hermes lack', () => {
  vi.stubGlobal(
    'URL',
    class extends URL {
      static override canParse = undefined as never;
    },
  );
  const facts = { data: {} };
  const headers = new Headers({ 'x-authorization': 'a.b.c' });
  for (const [from, received] of [
    [url, 'a.b.c'],
    ['https://evil.example/graphql', null],
    ['', null], // a response that was not fetched
  ] as const)
    expect(receive(headers, { ...facts, url: from })).toBe(received);
});

describe("B127 a guest's session", () => {
  /** A shop that answers a request without a known token with a new one, and keeps the cart of a guest who signs in. */
  const startShop = () => {
    const carts = new Map<string, number>();
    return startScript(({ headers, body }) => {
      const sent = headers.authorization?.replace('Bearer ', '') ?? '';
      const isSignIn = body.includes('login');
      const token = carts.has(sent) && !isSignIn ? sent : `${isSignIn ? 'user' : 'guest'}-${carts.size + 1}`;
      const items = (carts.get(sent) ?? 0) + (body.includes('addItem') ? 1 : 0);
      carts.set(token, items);
      return {
        headers: token === sent ? {} : { 'x-authorization': token },
        json: { data: isSignIn ? { login: { id: 7 } } : { cart: { items } } },
      };
    });
  };

  test('begins with the first answer, and its cart is kept through the sign-in', async () => {
    await using server = await startShop();
    const url = `${server.origin}/graphql`;
    const auth = createTokenManager(headerToken({ ...right, url }));
    for (const items of [1, 2])
      expect(await operate(auth, url, 'mutation { addItem }')).toMatchObject({ data: { cart: { items } } });
    expect(auth.state.status).toBe('signedOut');
    await auth.signIn({});
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer guest-1',
      'Bearer guest-1',
    ]);
    expect([auth.state.status, auth.fresh()?.accessToken]).toEqual(['signedIn', 'user-2']);
    expect(await operate(auth, url, '{ cart }')).toMatchObject({ data: { cart: { items: 2 } } });
    await auth.signIn({});
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined(); // Ada's token is not sent for Bob
  });

  test('is sent to the sign-in as the document states', async () => {
    await using server = await startShop();
    const url = `${server.origin}/graphql`;
    const headers = (guest?: TokenSet) => ({ 'woocommerce-session': `Session ${guest?.accessToken}` });
    const auth = createTokenManager(headerToken({ ...right, url, signIn: { ...signIn, headers } }));
    await operate(auth, url, 'mutation { addItem }');
    await auth.signIn({});
    expect(server.requests.at(-1)?.headers).toMatchObject({ 'woocommerce-session': 'Session guest-1' });
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('becomes the user’s where the server keeps it through the sign-in, and not with a wrong password', async () => {
    let login: object = { success: false, message: 'Wrong password' };
    await using server = await startScript(({ headers, body }) => ({
      headers: headers.authorization ? {} : { 'x-authorization': 'session-1' },
      json: { data: body.includes('login') ? { login } : { cart: null } },
    }));
    const url = `${server.origin}/graphql`;
    const auth = createTokenManager(headerToken({ ...right, url }));
    await operate(auth, url, '{ cart }');
    await expect(auth.signIn({})).rejects.toMatchObject({ code: 'credentialsRejected' });
    expect([auth.state.status, auth.fresh()?.accessToken]).toEqual(['signedOut', 'session-1']);
    login = { id: 7 };
    await auth.signIn({});
    expect([auth.state.status, auth.fresh()?.accessToken]).toEqual(['signedIn', 'session-1']);
  });

  test('does not begin with a token of another origin', async () => {
    await using server = await startShop();
    const auth = createTokenManager(headerToken(right));
    await operate(auth, `${server.origin}/graphql`, 'mutation { addItem }');
    expect(auth.fresh()).toBeNull();
  });
});

describe('a wrong option', () => {
  test.each<[string, object, string]>([
    ['a relative address', { url: '/graphql' }, 'url'],
    ['no headers', { tokenHeaders: [] }, 'tokenHeaders'],
    ['an invalid header name', { tokenHeaders: ['x authorization'] }, 'tokenHeaders'],
    ['no document', { signIn: { ...signIn, document: '' } }, 'signIn'],
  ])('as %s throws, naming the option', (_, options, named) => {
    const attempt = () => headerToken({ ...right, ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
  });
});
