import { expect, test } from 'vitest';
import { jwt } from '../../test/scriptedProvider.ts';
import {
  after,
  isLasting,
  isOfOtherUser,
  makeSessionId,
  makeTokenSet,
  nowhere,
  positionAfter,
  subjectIn,
  subjectOf,
  type TokenParts,
  type TokenSet,
  tokenSetOf,
} from './tokenSet.ts';

const requestedAt = Date.UTC(2026, 10, 22);
const made = (parts: Partial<TokenParts>) =>
  makeTokenSet({ parts: { accessToken: 'A', ...parts }, requestedAt }, { sessionId: 'session-1', version: 1 });
const untyped = (expiresInS: unknown) => made(JSON.parse(JSON.stringify({ expiresInS })) as Partial<TokenParts>);

test.each([
  ['3600', 3_600_000],
  ['0.5', 500],
  ['1.25', 1_250],
])('B52 reads a lifetime from the string %s', (expiresInS, ms) => {
  expect(made({ expiresInS }).expiresAt).toBe(requestedAt + ms);
});

test.each(['in 3600', '3600 s', '1e3', '', '.5', '-1', true, [3600], { seconds: 3600 }])(
  'B52 ignores a lifetime of %j',
  value => {
    expect(untyped(value).expiresAt).toBeUndefined();
  },
);

test('B52 a lifetime of 0 means an unknown expiry and takes precedence over expiresAt', () => {
  expect(made({ expiresInS: 0, expiresAt: requestedAt + 1 }).expiresAt).toBeUndefined();
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('B52 ignores the time %d', expiresAt => {
  expect(made({ expiresAt }).expiresAt).toBeUndefined();
  expect(made({ refreshExpiresAt: expiresAt }).refreshExpiresAt).toBeUndefined();
});

test.each(['soon', '', '-5', true, {}, ['2030-01-01'], '9'.repeat(400)])('B52 ignores the time %j', stated => {
  expect(made({ expiresAt: stated as string, refreshExpiresAt: stated as string })).toMatchObject({
    expiresAt: undefined,
    refreshExpiresAt: undefined,
  });
});

test('B52 a time that states nothing leaves the expiry to the token itself', () => {
  const accessToken = jwt({ exp: requestedAt / 1000 + 60 });
  for (const expiresAt of ['soon', null, 0])
    expect(made({ accessToken, expiresAt }).expiresAt).toBe(requestedAt + 60_000);
});

test('a token set is a frozen plain object whose tokens are not enumerable', () => {
  const tokens = made({ refreshToken: 'rA', expiresInS: 60 });
  expect(Object.isFrozen(tokens)).toBe(true);
  expect(Object.getPrototypeOf(tokens)).toBe(Object.prototype);
  expect(Object.keys(tokens).sort()).toEqual([
    'expiresAt',
    'receivedAt',
    'refreshExpiresAt',
    'sessionId',
    'subject',
    'version',
  ]);
  expect(JSON.stringify(tokens)).not.toContain('rA');
  expect(structuredClone(tokens)).not.toHaveProperty('accessToken');
});

test('a token set can be read through a Proxy, as in a ref of Vue', () => {
  const tokens = new Proxy(made({ refreshToken: 'rA' }), {});
  expect([tokens.accessToken, tokens.refreshToken]).toEqual(['A', 'rA']);
});

test('the id of a session is of digits and letters, and never the same', () => {
  const ids = Array.from({ length: 100 }, () => makeSessionId(requestedAt));
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(new RegExp(`^${requestedAt.toString(36)}[0-9a-z]{6,}$`));
});

test('a token set that comes after the one in use has a greater version, and is otherwise the same', () => {
  const at = (version: number) => tokenSetOf({ ...made({}), accessToken: `A${version}`, refreshToken: 'rA', version });
  const next = at(2);
  expect(after(undefined, next)).toBe(next);
  expect(after(at(1), next)).toBe(next);
  for (const version of [2, 3])
    expect(after(at(version), next)).toMatchObject({ accessToken: 'A2', refreshToken: 'rA', version: version + 1 });
});

test('a token set lasts until its expiry, and without one for ever', () => {
  const expiresAt = requestedAt + 1_000;
  expect(isLasting(made({ expiresAt }), expiresAt - 1)).toBe(true);
  expect(isLasting(made({ expiresAt }), expiresAt)).toBe(false);
  expect(isLasting(made({}), Number.MAX_VALUE)).toBe(true);
});

test.each([
  ['ann', 'ann'],
  [7, '7'],
  [0, '0'],
  ['', undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [null, undefined],
  [true, undefined],
  [['ann'], undefined],
])('B110 the stated subject %j is %j', (stated, subject) => {
  expect(subjectIn(stated)).toBe(subject);
});

test('B110 a JWT states whose it is by issuer and subject, any other token by nothing', () => {
  expect(subjectOf(jwt({ iss: 'https://login.example', sub: 7 }))).toBe('["https://login.example","7"]');
  expect(subjectOf(jwt({ sub: 'ann' }))).toBe('[null,"ann"]');
  for (const token of [jwt({ iss: 'https://login.example' }), jwt({ sub: '' }), 'opaque', 'a.b.c'])
    expect(subjectOf(token)).toBeUndefined();
});

test('B50 a token set whose end lies before its arrival has none', () => {
  const arriving = (answeredAt: number | undefined) =>
    makeTokenSet(
      { parts: { accessToken: 'A', expiresInS: 60 }, requestedAt, ...(answeredAt !== undefined && { answeredAt }) },
      nowhere,
    ).expiresAt;
  const end = requestedAt + 60_000;
  expect([undefined, requestedAt - 1, end - 1].map(arriving)).toEqual([end, end, end]);
  expect([end, end + 1].map(arriving)).toEqual([undefined, undefined]);
});

test('B127 a token set is of a guest where that is stated, or where the one before is', () => {
  const guest = made({ isGuest: true });
  const renewed = (parts: Partial<TokenParts>, kept: TokenSet) =>
    makeTokenSet({ parts: { accessToken: 'B', ...parts }, requestedAt }, positionAfter(kept), kept);
  expect(guest.isGuest).toBe(true);
  expect(renewed({}, guest).isGuest).toBe(true);
  expect('isGuest' in renewed({ isGuest: false }, guest)).toBe(false);
  expect('isGuest' in renewed({}, made({}))).toBe(false);
});

test('B27 the refresh token of the one before stays where none is answered, with its expiry', () => {
  const before = made({ refreshToken: 'rA', refreshExpiresInS: 60 });
  const renewed = (refreshToken: string | null) =>
    makeTokenSet({ parts: { accessToken: 'B', refreshToken }, requestedAt }, positionAfter(before), before);
  for (const none of [null, ''])
    expect(renewed(none)).toMatchObject({ refreshToken: 'rA', refreshExpiresAt: requestedAt + 60_000, version: 2 });
  expect(renewed('rB')).toMatchObject({ refreshToken: 'rB', refreshExpiresAt: undefined });
});

test('B52 a moment below 100,000,000,000 counts seconds', () => {
  expect(made({ expiresAt: 99_999_999_999 }).expiresAt).toBe(99_999_999_999_000);
  const at = 100_000_000_000;
  expect(makeTokenSet({ parts: { accessToken: 'A', expiresAt: at }, requestedAt: 0 }, nowhere).expiresAt).toBe(at);
});

test.each(['soon', null, -60, Number.NaN, true])(
  'B52 a lifetime of %j states nothing, and the moment counts',
  lifetime => {
    const expiresAt = requestedAt + 60_000;
    expect(made({ expiresInS: lifetime as number, expiresAt }).expiresAt).toBe(expiresAt);
  },
);

test('B110 a token set is whose the answer states, else whose the token states, else whose the one before was', () => {
  const subjectAfter = (parts: Partial<TokenParts>) =>
    makeTokenSet({ parts: { accessToken: 'A', ...parts }, requestedAt }, { ...nowhere, subject: 'ann' }).subject;
  const accessToken = jwt({ sub: 'bob' });
  expect(subjectAfter({ accessToken, subject: 'eve' })).toBe('eve');
  expect(subjectAfter({ accessToken })).toBe('[null,"bob"]');
  expect(subjectAfter({})).toBe('ann');
});

test('B110 a token set is of another user where the one before has a subject, and this one has not the same', () => {
  const [ann, bob, nobody] = [made({ subject: 'ann' }), made({ subject: 'bob' }), made({})];
  expect([isOfOtherUser(bob, ann), isOfOtherUser(nobody, ann)]).toEqual([true, true]);
  expect([isOfOtherUser(ann, ann), isOfOtherUser(bob, nobody), isOfOtherUser(nobody, nobody)]).toEqual([
    false,
    false,
    false,
  ]);
});
