import { expect, test } from 'vitest';
import { refusal } from '../../test/scriptedProvider.ts';
import { defaultDialect } from './dialect.ts';
import { type MutationPolicy, mayRetry } from './mayRetry.ts';
import type { GraphQLErrorLike, ResponseFacts } from './responseFacts.ts';

const error = (path?: (string | number)[], code = 'UNAUTHENTICATED'): GraphQLErrorLike => ({
  message: 'Unauthorized',
  extensions: { code },
  ...(path && { path }),
});
const policies: readonly MutationPolicy[] = ['never', 'proven', 'safe', 'always'];

/** The policies that allow the retry of a mutation with these facts. */
const allowing = (facts: Partial<ResponseFacts>, dialect = defaultDialect) =>
  policies.filter(policy => mayRetry({ ...refusal(null), kind: 'mutation', status: 200, ...facts }, policy, dialect));

const whenProven = ['proven', 'safe', 'always'];
const whenSafe = ['safe', 'always'];
const onlyAlways = ['always'];

test.each<readonly [string, Partial<ResponseFacts>, readonly string[]]>([
  ['401 without a body', { status: 401 }, whenProven],
  ['401 whose body is not a GraphQL response', { status: 401, body: { message: 'Bad credentials' } }, whenProven],
  ['401 with request errors', { status: 401, errors: [error()] }, whenProven],
  ['401 with null data and without errors', { status: 401, data: null, body: { data: null } }, whenProven],
  ['401 with a batch that has a member with data', { status: 401, body: [{ data: { pay: 1 } }, 7] }, onlyAlways],
  ['401 with a batch that cannot be read', { status: 401, body: [{ errors: [error()] }, 7] }, whenProven],
  ['401 with data and without errors', { status: 401, data: { pay: 1 } }, onlyAlways],
  ['401 with data', { status: 401, data: { pay: null }, errors: [error()] }, onlyAlways],
  [
    '401 with an error that has a path, so that a resolver has run',
    { status: 401, errors: [error(['pay'])] },
    onlyAlways,
  ],
  ['400 whose body is not a GraphQL response', { status: 400, body: { code: 17 } }, onlyAlways],
  ['errors without data and without a path', { errors: [error(), error()] }, whenProven],
  ['errors without data, one with a path', { errors: [error(), error(['pay'])] }, onlyAlways],
  [
    'errors of HTTP 500 without data and path, as a context throws them',
    { status: 500, errors: [error()] },
    whenProven,
  ],
  ['no errors and no data', { errors: [] }, onlyAlways],
  ['a root field refused at its own path', { data: { pay: null }, errors: [error(['pay'])] }, whenSafe],
  [
    'each root field refused at its own path',
    { data: { a: null, b: null }, errors: [error(['a']), error(['b'])] },
    whenSafe,
  ],
  ['one of two root fields refused', { data: { a: null, b: null }, errors: [error(['a'])] }, onlyAlways],
  ['one root field refused, another executed', { data: { a: null, b: 1 }, errors: [error(['a'])] }, onlyAlways],
  [
    'a root field null for another reason',
    { data: { a: null, b: null }, errors: [error(['a']), error(['b'], 'OUT_OF_STOCK')] },
    onlyAlways,
  ],
  ['an error below a root field', { data: { pay: null }, errors: [error(['pay', 'receipt'])] }, onlyAlways],
  [
    'an error at a root field, and another below it, so that its resolver has run',
    { data: { pay: null }, errors: [error(['pay', 'receipt']), error(['pay'])] },
    onlyAlways,
  ],
  [
    'an auth error and another error at a root field',
    { data: { pay: null }, errors: [error(['pay']), error(['pay'], 'OUT_OF_STOCK')] },
    onlyAlways,
  ],
  [
    'an error of the request next to an auth error at a root field',
    { data: { pay: null }, errors: [error(['pay']), error(undefined, 'RATE_LIMITED')] },
    whenSafe,
  ],
  ['data and an error without a path', { data: { pay: null }, errors: [error()] }, onlyAlways],
  ['an empty path', { data: { pay: null }, errors: [error([])] }, onlyAlways],
  [
    'null data and an error without a path, as of a field that was executed',
    { data: null, errors: [error()] },
    onlyAlways,
  ],
  ['401 with null data', { status: 401, data: null, errors: [error()] }, onlyAlways],
  ['null data, and known root fields', { data: null, errors: [error(['pay'])], rootFields: () => ['pay'] }, whenSafe],
  [
    'null data, and a known root field without an error',
    { data: null, errors: [error(['a'])], rootFields: () => ['a', 'b'] },
    onlyAlways,
  ],
  [
    'null data, and root fields inside a fragment',
    { data: null, errors: [error(['pay'])], rootFields: () => undefined },
    onlyAlways,
  ],
  [
    'a known root field refused at its own path, but without data',
    { errors: [error(['pay'])], rootFields: () => ['pay'] },
    onlyAlways,
  ],
  [
    'an error that is null next to one at a root field',
    { data: { pay: null }, errors: JSON.parse(JSON.stringify([null, error(['pay'])])) },
    whenSafe,
  ],
  ['null data, and unknown root fields', { data: null, errors: [error(['pay'])] }, onlyAlways],
  ['data without fields', { data: {}, errors: [error()] }, onlyAlways],
  [
    'malformed errors',
    { data: { pay: null }, errors: JSON.parse('[null, "Unauthorized", {"path":"pay"}]') },
    onlyAlways,
  ],
])('B89 decides whether to retry a mutation refused with %s', (_, facts, expected) => {
  expect(allowing(facts)).toEqual(expected);
});

test('B89 refusals at the root prove that nothing executed when the server refuses before any resolver runs', () => {
  const dialect = { ...defaultDialect, refusesBeforeResolver: true };
  expect(allowing({ data: { pay: null }, errors: [error(['pay'])] }, dialect)).toEqual(whenProven);
  expect(allowing({ data: { a: null, b: 1 }, errors: [error(['a'])] }, dialect)).toEqual(onlyAlways);
});

test.each<readonly [string, Partial<ResponseFacts>, readonly string[]]>([
  ['a body without errors', { status: 400, body: { code: 209, error: 'Invalid session token' } }, whenProven],
  ['null data and an error without a path', { data: null, errors: [error()] }, whenProven],
  ['an error below a root field', { data: { pay: null }, errors: [error(['pay', 'receipt'])] }, onlyAlways],
  ['data', { status: 401, data: { pay: 1 } }, onlyAlways],
  ['data that is no object', { status: 401, data: 'paid' }, onlyAlways],
  [
    'an error at a root field, over a socket',
    { status: undefined, data: { pay: null }, errors: [error(['pay'])] },
    whenProven,
  ],
  ['nothing, because the network failed', { status: undefined, isNetworkError: true }, onlyAlways],
  ['nothing, because the socket was closed', { status: undefined, closeCode: 4401 }, onlyAlways],
  ['another error at a root field', { data: { a: null, b: null }, errors: [error(['a'], 'OUT')] }, onlyAlways],
])(
  'B89 a server that refuses before any resolver runs has executed nothing when it answers with %s',
  (_, facts, expected) => {
    expect(allowing(facts, { ...defaultDialect, refusesBeforeResolver: true })).toEqual(expected);
  },
);

test('B89 of a request that may not be GraphQL only a 401 proves that nothing was executed', () => {
  const unknown = { kind: 'unknown', errors: [error()] } as const;
  expect(allowing({ ...unknown, status: 207 })).toEqual(onlyAlways);
  expect(allowing({ ...unknown, status: 207 }, { ...defaultDialect, refusesBeforeResolver: true })).toEqual(onlyAlways);
  expect(allowing({ ...unknown, status: 401 })).toEqual(whenProven);
});

test('B89 errors without a path prove nothing for several root fields when the server’s errors lack paths', () => {
  const dialect = { ...defaultDialect, errorsLackPaths: true };
  const facts = (fields: string[] | undefined) => ({ errors: [error()], rootFields: () => fields });
  expect(allowing(facts(['pay']), dialect)).toEqual(whenProven);
  expect(allowing(facts(['pay', 'ship']), dialect)).toEqual(onlyAlways);
  expect(allowing(facts(undefined), dialect)).toEqual(onlyAlways);
  expect(allowing({ errors: [error()] }, dialect)).toEqual(onlyAlways);
  expect(allowing({ ...facts(['pay', 'ship']), status: 401 }, dialect)).toEqual(whenProven);
  expect(allowing(facts(['pay', 'ship']))).toEqual(whenProven);
});

test('B89 an operation of unknown kind counts as a mutation', () => {
  const facts = refusal(null, { kind: 'unknown', data: { a: 1 } });
  expect(policies.filter(policy => mayRetry(facts, policy, defaultDialect))).toEqual(onlyAlways);
});

test('B89 queries and subscriptions may be retried with every policy and answer', () => {
  for (const kind of ['query', 'subscription'] as const)
    expect(policies.every(policy => mayRetry(refusal(null, { kind, data: { a: 1 } }), policy, defaultDialect))).toBe(
      true,
    );
});

test('B85 a retried operation may not be retried again', () => {
  for (const kind of ['query', 'mutation', 'subscription', 'unknown'] as const)
    expect(mayRetry(refusal(null, { kind, retried: true }), 'always', defaultDialect)).toBe(false);
});

test('B94 after a part was delivered only a subscription may be retried', () => {
  const allowed = (kind: ResponseFacts['kind']) =>
    mayRetry(refusal(null, { kind, delivered: true }), 'always', defaultDialect);
  expect([allowed('query'), allowed('mutation'), allowed('subscription')]).toEqual([false, false, true]);
});
