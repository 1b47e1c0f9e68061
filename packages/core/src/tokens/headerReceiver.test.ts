import { expect, test } from 'vitest';
import {
  current,
  scriptedStore,
  jwt,
  outcome,
  recordA,
  refusal,
  scriptedProvider,
  settled,
  signedIn,
  success,
} from '../../test/scriptedProvider.ts';
import { memoryStore } from '../store/memoryStore.ts';
import type { ResponseFacts } from '../verdict/responseFacts.ts';
import type { TokenSet } from './tokenSet.ts';

const api = 'https://api.example/graphql';
const receive = (headers: Headers, { url }: { readonly url: string }) => (url === api ? headers.get('x-token') : null);

/** A good answer to a request with `sent` whose headers bring `token`. */
const bringing = (token: string, sent: TokenSet | null, response: object = {}, facts: Partial<ResponseFacts> = {}) =>
  success(sent, {
    response: () => ({ headers: new Headers({ 'x-token': token }), url: api, redirected: false, ...response }),
    ...facts,
  });

test('B104 a token that a response brought is used at once, saved, and of the same session', async () => {
  const store = scriptedStore();
  const { auth, A, events } = signedIn({ receive, store });
  expect(auth.settle(bringing('B', A))).toBeUndefined();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rA', session: A.session, version: 2 });
  expect(events).toEqual(['renewed']);
  await settled();
  expect(store.record?.accessToken).toBe('B');
});

test('B104 of two answers in the wrong order the one to the older token changes nothing', () => {
  const { auth, A } = signedIn({ receive });
  void auth.settle(bringing('B', A));
  void auth.settle(bringing('old', A));
  expect(current(auth).accessToken).toBe('B');
  void auth.settle(bringing('C', current(auth)));
  expect(current(auth)).toMatchObject({ accessToken: 'C', version: 3 });
});

test.each<readonly [string, string, object]>([
  ['an empty value', '', {}],
  ['the token we have', 'A', {}],
  ['a redirected response', 'B', { redirected: true }],
  ['another origin, where the provider says so', 'B', { url: 'https://elsewhere.example/graphql' }],
])('B104 %s is not taken over', (_, token, response) => {
  const { auth, A, events } = signedIn({ receive });
  expect(auth.settle(bringing(token, A, response))).toBeUndefined();
  expect(auth.fresh()).toBe(A);
  expect(events).toEqual([]);
});

test('B104 an anonymous or another user’s token is not taken over, the same user’s is', () => {
  const ofAnn = jwt({ sub: 'ann', jti: 1 });
  const { auth, A } = signedIn({ receive }, { accessToken: ofAnn });
  for (const token of [jwt({ jti: 2 }), jwt({ sub: 'bob' }), jwt({ sub: 'ann', iss: 'elsewhere' })]) {
    void auth.settle(bringing(token, A));
    expect(auth.fresh()).toBe(A);
  }
  void auth.settle(bringing(jwt({ sub: 'ann', jti: 2 }), A));
  expect(current(auth).version).toBe(2);
});

test('B104 where only one of the two tells whose it is, the new one is taken over', () => {
  for (const [before, after] of [
    ['opaque', jwt({ sub: 'ann' })],
    [jwt({ sub: 'ann' }), 'opaque'],
  ] as const) {
    const { auth, A } = signedIn({ receive }, { accessToken: before });
    void auth.settle(bringing(after, A));
    expect(current(auth).accessToken).toBe(after);
  }
});

test('B104 an answer to an anonymous operation, or a refusal, brings no token', async () => {
  const { auth, A, renewals } = signedIn({ receive });
  void auth.settle(bringing('B', null));
  expect(auth.fresh()).toBe(A);
  renewals.always(() => 'C');
  await auth.settle({ ...bringing('B', A), ...refusal(A), data: undefined });
  expect(current(auth).accessToken).toBe('C');
});

test('B103 a late response of another session brings no token', async () => {
  const { auth, A } = signedIn({ receive });
  await auth.adopt('token-of-Bob');
  expect(await outcome(auth.settle(bringing('B', A)) ?? Promise.resolve())).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B104 a token that comes during a renewal wins, and nothing is revoked: both may hang on one grant', async () => {
  const { auth, A, renewals, revocations } = signedIn({ receive });
  const renew = outcome(auth.renew());
  await settled();
  void auth.settle(bringing('B', A));
  await renewals.last.answer({ accessToken: 'C', refreshToken: 'rA' });
  expect(await renew).toBe('B');
  expect(current(auth).accessToken).toBe('B');
  expect(revocations.calls).toHaveLength(0);
});

test('B27 a token that comes during a renewal does not cost the refresh token that the renewal brings', async () => {
  const { auth, A, renewals } = signedIn({ receive });
  const renew = outcome(auth.renew());
  await settled();
  void auth.settle(bringing('B', A));
  await renewals.last.answer({ accessToken: 'C', refreshToken: 'rC' });
  expect(await renew).toBe('C');
  expect(current(auth)).toMatchObject({ accessToken: 'C', refreshToken: 'rC' });
});

test('B104 a token that comes while a renewal is being saved: memory and store agree in the end', async () => {
  const store = memoryStore();
  const save: typeof store.save = (record, expected) => settled().then(() => store.save(record, expected));
  const { auth, A, renewals } = signedIn({ receive, store: { ...store, save } });
  await settled();
  await settled();
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  void auth.settle(bringing('received', A));
  await renew;
  for (let turn = 0; turn < 5; turn++) await settled();
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
  expect(store.load()).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B104 the store says that somebody else was faster: theirs is taken', async () => {
  const store = scriptedStore(recordA());
  const { auth } = scriptedProvider({ receive, store });
  const A = await auth.get();
  store.saves.always(() => false);
  store.record = recordA({ version: 3, accessToken: 'theirs' });
  void auth.settle(bringing('B', A));
  expect(current(auth).accessToken).toBe('B');
  await settled();
  expect(current(auth).accessToken).toBe('theirs');
});

test('B42 signOut from inside the renewed event of a received token: the final state is empty', async () => {
  const store = scriptedStore(recordA());
  const { auth } = scriptedProvider({ receive, store });
  const A = await auth.get();
  auth.on('renewed', () => void auth.signOut());
  void auth.settle(bringing('B', A));
  await settled();
  expect(auth.fresh()).toBeNull();
  expect(store.record).toBeNull();
});

test('B101 a receive that throws is an error of that operation only', async () => {
  const { auth, A, events } = signedIn({
    receive() {
      throw new Error('a bug');
    },
  });
  await expect(auth.settle(bringing('B', A))).rejects.toMatchObject({ code: 'misconfigured' });
  expect([auth.fresh(), events]).toEqual([A, []]);
});

test('the headers are wanted only where somebody receives', () => {
  expect(signedIn({ receive }).auth.receivesTokens).toBe(true);
  expect(signedIn().auth.receivesTokens).toBe(false);
});

test('a token that no header could carry is not adopted, and the answer that brought it is good all the same', () => {
  const { auth, A } = signedIn({ receive: headers => (headers.get('x-token') ? 'two words' : null) });
  expect(auth.settle(bringing('x', A))).toBeUndefined();
  expect(current(auth)).toBe(A);
});
