import { expect, test } from 'vitest';
import { parseChallenges } from '../src/tokens/parseChallenges.ts';
import { type Dialect, defaultDialect, judge, type Verdict } from '../src/verdict/dialect.ts';
import type { GraphQLErrorLike, ResponseFacts } from '../src/verdict/responseFacts.ts';
import { refusal } from './scriptedProvider.ts';
import { wwwAuthenticate } from './vectors.ts';

const verdictOn = (facts: Partial<ResponseFacts>, dialect: Dialect = defaultDialect) =>
  judge({ ...refusal(null), status: 200, ...facts }, dialect);
const coded = (code: unknown, message = 'Something about it.'): GraphQLErrorLike => ({ message, extensions: { code } });

test.each<readonly [string, Verdict]>([
  ['FORBIDDEN', 'forbidden'],
  ['AUTH_NOT_AUTHORIZED', 'forbidden'],
  ['KS_ACCESS_DENIED', 'forbidden'],
  ['UNAUTHENTICATED', 'unauthenticated'],
  ['AUTH_NOT_AUTHENTICATED', 'unauthenticated'],
  ['invalid-jwt', 'unauthenticated'],
  ['TOKEN_EXPIRED', 'unauthenticated'],
  ['UNAUTHORIZED', 'ok'],
  ['unauthenticated', 'ok'],
  ['NOT_UNAUTHENTICATED', 'ok'],
  ['INTERNAL_SERVER_ERROR', 'ok'],
  ['__proto__', 'ok'],
  ['constructor', 'ok'],
  ['toString', 'ok'],
])('B82 the verdict on HTTP 200 with the code %s is %s', (code, verdict) => {
  expect(verdictOn({ errors: [coded(code)] })).toBe(verdict);
});

test.each<readonly [number, Verdict]>([
  [200, 'ok'],
  [294, 'ok'],
  [400, 'ok'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'ok'],
  [407, 'ok'],
  [429, 'ok'],
  [500, 'ok'],
  [503, 'ok'],
])('B82 the verdict on HTTP %i is %s with any body', (status, verdict) => {
  for (const facts of [{}, { body: '<h1>no</h1>' }, { body: null }, { errors: [] }, { errors: [{ message: 'no' }] }])
    expect(verdictOn({ status, ...facts })).toBe(verdict);
});

test.each<readonly [string, Verdict]>([
  ['Unauthorized', 'unauthenticated'],
  ['Unauthenticated', 'unauthenticated'],
  ['unauthorized', 'unauthenticated'],
  ['UNAUTHENTICATED.', 'unauthenticated'],
  [' Unauthorized. ', 'unauthenticated'],
  ['Unauthorized..', 'ok'],
  ['Un.authorized', 'ok'],
  ['Unauthorized!', 'ok'],
  ['Unauthorized access', 'ok'],
  ['You are Unauthorized', 'ok'],
  ['Not Authorised!', 'ok'],
  ['Forbidden', 'ok'],
  ['__proto__', 'ok'],
  ['', 'ok'],
])('B82 the verdict on an error without a code and with the message %j is %s', (message, verdict) => {
  expect(verdictOn({ errors: [{ message }] })).toBe(verdict);
  expect(verdictOn({ errors: [{ message, extensions: {} }] })).toBe(verdict);
  expect(verdictOn({ errors: [{ message, extensions: null }] })).toBe(verdict);
});

test('B82 a code takes precedence over the message', () => {
  expect(verdictOn({ errors: [coded('NOT_FOUND', 'Unauthorized')] })).toBe('ok');
  expect(verdictOn({ errors: [coded('FORBIDDEN', 'Unauthorized')] })).toBe('forbidden');
  expect(verdictOn({ errors: [coded(17, 'Unauthorized')] })).toBe('ok');
  expect(verdictOn({ errors: [coded(['FORBIDDEN'], 'Unauthorized')] })).toBe('ok');
});

test.each<readonly [number, Verdict]>([
  [4401, 'unauthenticated'],
  [4403, 'unauthenticated'],
  ...[1000, 1006, 1011, 4400, 4406, 4408, 4409, 4429, 4500].map(code => [code, 'ok'] as const),
])('B121 B122 the verdict on a socket closed with %i is %s', (closeCode, verdict) => {
  expect(verdictOn({ status: undefined, closeCode })).toBe(verdict);
});

test('B121 close codes do not depend on the statuses of a dialect, and a dialect can replace them', () => {
  const dialect: Dialect = { ...defaultDialect, statuses: {} };
  expect(verdictOn({ status: undefined, closeCode: 4401 }, dialect)).toBe('unauthenticated');
  const replaced: Dialect = { ...dialect, closeCodes: { 3000: 'unauthenticated' } };
  expect(verdictOn({ status: undefined, closeCode: 3000 }, replaced)).toBe('unauthenticated');
  expect(verdictOn({ status: undefined, closeCode: 4401 }, replaced)).toBe('ok');
});

test.each<readonly [number, string, Verdict]>([
  [401, 'Bearer error="invalid_token"', 'unauthenticated'],
  [400, 'Bearer error="invalid_token"', 'unauthenticated'],
  [500, 'DPoP error="invalid_token"', 'unauthenticated'],
  [403, 'Bearer error="invalid_token"', 'forbidden'],
  [403, 'Bearer error="insufficient_scope", scope="a b"', 'forbidden'],
  [401, 'Bearer error="insufficient_scope"', 'forbidden'],
  [400, 'Bearer error="invalid_request"', 'ok'],
  [401, 'Bearer error="insufficient_user_authentication", acr_values="x"', 'stepUp'],
  [403, 'Bearer error="insufficient_user_authentication"', 'stepUp'],
  [400, 'Basic error="invalid_token"', 'ok'],
  [407, 'Bearer error="invalid_token"', 'ok'],
  [200, 'Bearer error="invalid_token"', 'ok'],
  [400, 'Bearer error="constructor"', 'ok'],
  [400, 'Bearer', 'ok'],
  [400, '', 'ok'],
])('B83 the verdict on HTTP %i with the challenge %j is %s', (status, challenge, verdict) => {
  expect(verdictOn({ status, challenge })).toBe(verdict);
});

test('B83 forbidden takes precedence over unauthenticated', () => {
  expect(verdictOn({ errors: [coded('UNAUTHENTICATED'), coded('FORBIDDEN')] })).toBe('forbidden');
  expect(verdictOn({ status: 401, errors: [coded('FORBIDDEN')] })).toBe('forbidden');
  expect(verdictOn({ status: 403, errors: [coded('UNAUTHENTICATED')] })).toBe('forbidden');
});

test('B82 one unauthenticated field makes the verdict unauthenticated', () => {
  expect(verdictOn({ data: { a: 1, b: null }, errors: [{ message: 'no' }, coded('UNAUTHENTICATED')] })).toBe(
    'unauthenticated',
  );
});

test('B82 the verdict on malformed errors is ok', () => {
  const errors: GraphQLErrorLike[] = JSON.parse(
    '[null, "Unauthorized", 7, [], {}, {"message":null}, {"message":{}}, {"extensions":"UNAUTHENTICATED"}, {"extensions":{"code":{}}}, {"extensions":{"code":null},"message":7}]',
  );
  expect(verdictOn({ errors })).toBe('ok');
  for (const error of errors) expect(verdictOn({ errors: [error] })).toBe('ok');
});

test('a dialect can replace or extend each step', () => {
  const spring: Dialect = {
    ...defaultDialect,
    codes: { UNAUTHORIZED: 'unauthenticated' },
    codeOf: ({ extensions }) => extensions?.classification,
  };
  expect(verdictOn({ errors: [{ extensions: { classification: 'UNAUTHORIZED' } }] }, spring)).toBe('unauthenticated');
  expect(verdictOn({ errors: [coded('UNAUTHENTICATED', 'x')] }, spring)).toBe('ok');
  const strapi: Dialect = {
    ...defaultDialect,
    judgeError: error => (error.message === 'expired' ? 'unauthenticated' : undefined),
  };
  expect(verdictOn({ errors: [coded('FORBIDDEN', 'expired')] }, strapi)).toBe('unauthenticated');
  expect(verdictOn({ errors: [coded('FORBIDDEN')] }, strapi)).toBe('forbidden');
  const supabase: Dialect = {
    ...defaultDialect,
    judge: ({ body }) => (body === 'JWT issued at future' ? 'ok' : undefined),
  };
  expect(verdictOn({ status: 401, body: 'JWT issued at future' }, supabase)).toBe('ok');
  expect(verdictOn({ status: 401, body: 'JWT expired' }, supabase)).toBe('unauthenticated');
});

test('judge of a dialect is called for HTTP 200 bodies and socket closes, but not for answers with data alone', () => {
  const dialect: Dialect = { ...defaultDialect, judge: () => 'unauthenticated' };
  expect(verdictOn({ body: { expiredToken: true } }, dialect)).toBe('unauthenticated');
  expect(verdictOn({ status: undefined, closeCode: 4401 }, dialect)).toBe('unauthenticated');
  expect(verdictOn({ data: {} }, dialect)).toBe('ok');
});

test.each(wwwAuthenticate)('CHL-01 parses the challenges of %j', (header, challenges) => {
  expect(parseChallenges(header)).toStrictEqual(challenges);
});

test('CHL-01 a parameter without a scheme before it is ignored', () => {
  expect(parseChallenges('realm="x", Basic')).toStrictEqual([{ scheme: 'basic', params: {} }]);
});

test('CHL-01 a parameter named __proto__ does not change the prototype', () => {
  const [challenge] = parseChallenges('Bearer __proto__="x", error="invalid_token"');
  expect(challenge?.params.error).toBe('invalid_token');
  expect(Object.getPrototypeOf(challenge?.params)).toBe(Object.prototype);
});

test('CHL-01 a parameter whose quotes are not closed is ignored', () => {
  expect(
    parseChallenges(`Basic realm="x", Bearer error="${'\\"'.repeat(1_000)}`).map(({ scheme }) => scheme),
  ).toContain('basic');
  expect(parseChallenges('Bearer error="invalid_token')).toContainEqual({ scheme: 'bearer', params: {} });
});

test('an operation without an answer is a refusal only where the dialect has it so', () => {
  expect(verdictOn({ status: undefined, isNetworkError: true })).toBe('ok');
  const dialect: Dialect = { ...defaultDialect, networkError: 'unauthenticated' };
  expect(verdictOn({ status: undefined, isNetworkError: true }, dialect)).toBe('unauthenticated');
  expect(verdictOn({ status: undefined }, dialect)).toBe('ok');
  expect(verdictOn({ status: 200, data: {} }, dialect)).toBe('ok');
});
