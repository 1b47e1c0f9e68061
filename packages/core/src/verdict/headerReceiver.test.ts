import { expect, test } from 'vitest';
import { memoryStore } from '../../test/memoryStore.ts';
import {
  current,
  jwt,
  outcome,
  recordA,
  refusal,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  success,
  successorOf,
} from '../../test/scriptedProvider.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from './responseFacts.ts';

const api = 'https://api.example/graphql';
const receive = (headers: Headers, { url }: { readonly url: string }) => (url === api ? headers.get('x-token') : null);

/** A success of an operation with the token set `sent` and with `token` in the headers of the response. */
const responseWith = (
  token: string,
  sent: TokenSet | null,
  response: object = {},
  facts: Partial<ResponseFacts> = {},
) =>
  success(sent, {
    response: () => ({ headers: new Headers({ 'x-token': token }), url: api, redirected: false, ...response }),
    ...facts,
  });

test('B104 a token from a response header is used at once and saved, in the same session', async () => {
  const store = scriptedStore();
  const { auth, A, events } = signedIn({ receive, store });
  expect(auth.settle(responseWith('B', A))).toBeUndefined();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rA', sessionId: A.sessionId, version: 2 });
  expect(events).toEqual(['renewed']);
  await settled();
  expect(store.record?.accessToken).toBe('B');
});

test('B104 a token from a late response to an older token is ignored', () => {
  const { auth, A } = signedIn({ receive });
  void auth.settle(responseWith('B', A));
  void auth.settle(responseWith('old', A));
  expect(current(auth).accessToken).toBe('B');
  void auth.settle(responseWith('C', current(auth)));
  expect(current(auth)).toMatchObject({ accessToken: 'C', version: 3 });
});

test.each<readonly [string, string, object]>([
  ['an empty value', '', {}],
  ['the current token', 'A', {}],
  ['a redirected response', 'B', { redirected: true }],
  ['a token that the provider ignores because of its origin', 'B', { url: 'https://elsewhere.example/graphql' }],
])('B104 %s is not adopted', (_, token, response) => {
  const { auth, A, events } = signedIn({ receive });
  expect(auth.settle(responseWith(token, A, response))).toBeUndefined();
  expect(auth.fresh()).toBe(A);
  expect(events).toEqual([]);
});

test('B104 an anonymous token is not adopted, a token with the same subject is', () => {
  const ofAnn = jwt({ sub: 'ann', jti: 1 });
  const { auth, A } = signedIn({ receive }, { accessToken: ofAnn });
  void auth.settle(responseWith(jwt({ jti: 2 }), A));
  expect(auth.fresh()).toBe(A);
  void auth.settle(responseWith(jwt({ sub: 'ann', jti: 2 }), A));
  expect(current(auth).version).toBe(2);
});

test.each([{ sub: 'bob' }, { sub: 'ann', iss: 'elsewhere' }])(
  'B110 a token with another subject begins another session: %o',
  async claims => {
    const { auth, A, events } = signedIn({ receive }, { accessToken: jwt({ sub: 'ann' }) });
    expect(await outcome(auth.settle(responseWith(jwt(claims), A)) as Promise<unknown>)).toBe('signedOut');
    expect(current(auth)).toMatchObject({ accessToken: jwt(claims), version: 1, refreshToken: undefined });
    expect(events).toEqual(['signedOut', 'signedIn']);
  },
);

test('B104 a token is adopted when only one of the two tokens has a subject', () => {
  for (const [before, after] of [
    ['opaque', jwt({ sub: 'ann' })],
    [jwt({ sub: 'ann' }), 'opaque'],
  ] as const) {
    const { auth, A } = signedIn({ receive }, { accessToken: before });
    void auth.settle(responseWith(after, A));
    expect(current(auth).accessToken).toBe(after);
  }
});

test.each([
  ['a token that states nothing, with data', 'opaque', { me: 'Ann' }, 'opaque'],
  ['a token that states nothing, without fields', 'opaque', {}, 'opaque'],
  ['a token that states nothing, with a field of several', 'opaque', { me: null, shop: 'x' }, 'opaque'],
  ['a token that states nothing, with text', 'opaque', 'text', 'opaque'],
  ['a token that states nothing, with null', 'opaque', null, undefined],
  ['a token that states nothing, with fields that are null', 'opaque', { me: null, cart: null }, undefined],
  ['an anonymous JWT, with data', jwt({ jti: 2 }), { me: 'Ann' }, undefined],
])('B104 after a JWT of a user, %s is adopted or not: %#', (_, token, data, adopted) => {
  const before = jwt({ sub: 'ann' });
  const { auth, A } = signedIn({ receive }, { accessToken: before });
  void auth.settle(responseWith(token, A, {}, { data }));
  expect(current(auth).accessToken).toBe(adopted ?? before);
});

test('B104 after a token that states no user, a JWT that states none is adopted', () => {
  const { auth, A } = signedIn({ receive });
  void auth.settle(responseWith(jwt({ jti: 2 }), A));
  expect(current(auth).accessToken).toBe(jwt({ jti: 2 }));
});

test.each([
  [
    { accessToken: 'B', refreshToken: 'rB' },
    { accessToken: 'B', refreshToken: 'rB' },
  ],
  [
    { accessToken: 'B', refreshToken: null },
    { accessToken: 'B', refreshToken: 'rA' },
  ],
  [
    { accessToken: 'B', refreshToken: 'two parts' },
    { accessToken: 'A', refreshToken: 'rA' },
  ],
])('B104 what a response brings is adopted as a whole, or not: %j', (received, { accessToken, refreshToken }) => {
  const { auth, A } = signedIn({ receive: () => received });
  void auth.settle(responseWith('x', A));
  expect(current(auth)).toMatchObject({ accessToken, refreshToken });
});

test('B104 a token from the response of an anonymous operation or of a refusal is not adopted', async () => {
  const { auth, A, renewals } = signedIn({ receive });
  void auth.settle(responseWith('B', null));
  expect(auth.fresh()).toBe(A);
  renewals.always(() => 'C');
  await auth.settle({ ...responseWith('B', A), ...refusal(A), data: undefined });
  expect(current(auth).accessToken).toBe('C');
});

test('B103 a token from a late response of the last session is not adopted', async () => {
  const { auth, A } = signedIn({ receive });
  await auth.adopt('token-of-Bob');
  expect(await outcome(auth.settle(responseWith('B', A)) ?? Promise.resolve())).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B104 a token from a response during a renewal wins, and nothing is revoked, because both may belong to one grant', async () => {
  const { auth, A, renewals, revocations } = signedIn({ receive });
  const renew = outcome(auth.renew());
  await settled();
  void auth.settle(responseWith('B', A));
  await renewals.last.answer({ accessToken: 'C', refreshToken: 'rA' });
  expect(await renew).toBe('B');
  expect(current(auth).accessToken).toBe('B');
  expect(revocations.calls).toHaveLength(0);
});

test('B27 a token from a response during a renewal does not lose the new refresh token of the renewal', async () => {
  const { auth, A, renewals } = signedIn({ receive });
  const renew = outcome(auth.renew());
  await settled();
  void auth.settle(responseWith('B', A));
  await renewals.last.answer({ accessToken: 'C', refreshToken: 'rC' });
  expect(await renew).toBe('C');
  expect(current(auth)).toMatchObject({ accessToken: 'C', refreshToken: 'rC' });
});

test('B104 after a token from a response during the save of a renewal, memory and the store hold the same token set', async () => {
  const store = memoryStore();
  const save: typeof store.save = record => settled().then(() => store.save(record));
  const { auth, A, renewals } = signedIn({ receive, store: { ...store, save } });
  await settled();
  await settled();
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  void auth.settle(responseWith('received', A));
  await renew;
  for (let turn = 0; turn < 5; turn++) await settled();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect(store.load()).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B104 an answer to a token set whose refresh token was rotated since brings nothing', async () => {
  const { auth, A, renewals } = signedIn({ receive });
  renewals.always(() => ({ accessToken: 'A', refreshToken: 'rotated', expiresInS: 3600 }));
  await auth.renew();
  void auth.settle(responseWith('late', A));
  expect(current(auth)).toMatchObject({ accessToken: 'A', refreshToken: 'rotated' });
});

test('B104 the newer token set of the store replaces one from a response', async () => {
  const store = scriptedStore(recordA());
  const { auth } = scriptedProvider({ receive, store });
  const A = await auth.get();
  store.record = successorOf(store.record, { accessToken: 'from-another-tab' });
  void auth.settle(responseWith('B', A));
  expect(current(auth).accessToken).toBe('B');
  await settled();
  expect(current(auth).accessToken).toBe('from-another-tab');
});

test('B42 signOut from a listener of renewed for a received token leaves memory and the store empty', async () => {
  const store = scriptedStore(recordA());
  const { auth } = scriptedProvider({ receive, store });
  const A = await auth.get();
  auth.on('renewed', () => void auth.signOut());
  expect(await outcome(auth.settle(responseWith('B', A)) as Promise<unknown>)).toBe('signedOut');
  await settled();
  expect(auth.fresh()).toBeNull();
  expect(store.record).toBeNull();
});

test('B101 a receive that throws fails only that operation', async () => {
  const { auth, A, events } = signedIn({
    receive() {
      throw new Error('A bug.');
    },
  });
  await expect(auth.settle(responseWith('B', A))).rejects.toMatchObject({ code: 'misconfigured' });
  expect([auth.fresh(), events]).toEqual([A, []]);
});

test('receivesTokens is true only with the option receive', () => {
  expect(signedIn({ receive }).auth.receivesTokens).toBe(true);
  expect(signedIn().auth.receivesTokens).toBe(false);
});

test('an invalid token from a response is not adopted, and the response is delivered', () => {
  const { auth, A } = signedIn({ receive: headers => (headers.get('x-token') ? 'two parts' : null) });
  expect(auth.settle(responseWith('x', A))).toBeUndefined();
  expect(current(auth)).toBe(A);
});
