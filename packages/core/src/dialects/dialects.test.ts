import { describe, expect, test } from 'vitest';
import { type RecordedAnswer, recordedAnswers } from '../../test/recordedAnswers.ts';
import { current, refusal, settled, signedIn } from '../../test/scriptedProvider.ts';
import { readBody } from '../adapter/readBody.ts';
import { type Dialect, defaultDialect, judge, type Verdict } from '../verdict/dialect.ts';
import type { GraphQLErrorLike, ResponseFacts } from '../verdict/responseFacts.ts';
import { fieldAt } from './fieldAt.ts';
import * as dialects from './index.ts';

const table = Object.entries(dialects) as [keyof typeof dialects, Dialect][];

/** The facts that an adapter reads from an answer. */
const factsOf = ({ status, body, closeCode, headers }: Omit<RecordedAnswer, 'cause' | 'verdict'>): ResponseFacts => ({
  sent: null,
  kind: 'query',
  status,
  closeCode,
  ...(body !== undefined && readBody(JSON.stringify(body))),
  response: () => ({ headers: new Headers(headers), url: 'https://api.example/graphql', redirected: false }),
});
const verdictOn = (dialect: Dialect, answer: Omit<RecordedAnswer, 'cause' | 'verdict'>) =>
  judge(factsOf(answer), dialect);

describe.each(table)('the dialect %s', (name, dialect) => {
  test.each(recordedAnswers[name])(
    'B82 the recorded answer for $cause has the verdict $verdict',
    ({ verdict, ...answer }) => {
      expect(verdictOn(dialect, answer)).toBe(verdict);
    },
  );

  test.each<readonly [string, number, unknown]>([
    ['an unknown field', 400, { errors: [{ message: 'Cannot query field "x" on type "Query".' }] }],
    [
      'an error with a code that is not about authorization',
      200,
      { errors: [{ message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    ],
    ['too many requests', 429, { message: 'Too many requests' }],
    ['a gateway whose server is down', 502, '<h1>Bad Gateway</h1>'],
    ['an answer with data', 200, { data: { me: null } }],
  ])('B83 the verdict on %s is ok', (_, status, body) => {
    expect(verdictOn(dialect, { status, body })).toBe('ok');
  });

  test('GQL-08 a message matches only as a whole', () => {
    const recorded = recordedAnswers[name].map(({ body }) => fieldAt(body, 'errors')).filter(Array.isArray);
    const messages = [
      ...recorded.flat().map(error => String(fieldAt(error, 'message'))),
      ...Object.keys(dialect.messages),
    ];
    for (const message of messages.filter(one => !one.includes(' | '))) // a code, and any text behind it
      for (const longer of [`Error: ${message}`, `${message} x`])
        expect(verdictOn(dialect, { status: 200, body: { errors: [{ message: longer }] } }), longer).toBe('ok');
  });

  test('GQL-07 judging malformed bodies does not throw', () => {
    const malformed = [
      null,
      undefined,
      7,
      '',
      'Unauthorized',
      [],
      {},
      { code: {} },
      { exception: null },
      { error: 'x' },
    ];
    const errors: unknown[] = [
      ...malformed,
      ...malformed.map(message => ({ message })),
      ...malformed.map(extensions => ({ message: null, extensions })),
      ...malformed.map(path => ({ message: 'x', path, originalError: path })),
    ];
    for (const body of malformed) expect(verdictOn(dialect, { status: 500, body })).toBe('ok');
    for (const list of [errors, ...errors.map(error => [error]), ...malformed])
      expect(() => judge({ ...refusal(null), errors: list as GraphQLErrorLike[] }, dialect)).not.toThrow();
  });

  test('SEC-04 a code that equals the name of an inherited property does not match', () => {
    for (const code of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const extensions = { code, classification: code, exception: { code }, error: { name: code } };
      const error = { message: `${code} | x`, errorType: code, type: code, extensions };
      expect(verdictOn(dialect, { status: 200, body: { errors: [error] } })).toBe('ok');
    }
  });
});

/** The verdicts for which a server has no answer, or none that a client can distinguish. */
const signalsLacking: Readonly<Partial<Record<keyof typeof dialects, readonly Verdict[]>>> = {
  yogaJwt: ['forbidden'], // the plugin checks only tokens
  graphqlShield: ['forbidden'],
  mercuriusAuth: ['forbidden'],
  keystone: ['forbidden'],
  collectiveAccess: ['forbidden'],
  postGraphile: ['forbidden'],
  supabase: ['forbidden'],
  payload: ['forbidden'],
  wpGraphQLJwt: ['forbidden'],
};

test('every dialect has a recorded answer for each verdict that its server can express', () => {
  for (const [name] of table) {
    const verdicts = new Set(recordedAnswers[name].map(({ verdict }) => verdict));
    const expected = (['unauthenticated', 'forbidden', 'ok'] as const).filter(
      verdict => !signalsLacking[name]?.includes(verdict),
    );
    expect([...verdicts].sort(), name).toEqual([...expected].sort());
  }
});

test.each(['Unauthorized', 7, {}, [null, 'x', 7]])(
  'GQL-07 a mutation with a 401 and the errors %j is retried with the renewed token',
  async errors => {
    const { auth, A, renewals } = signedIn();
    const retry = auth.settle(refusal(A, { kind: 'mutation', errors: errors as GraphQLErrorLike[] }));
    await settled();
    await renewals.last.answer('B');
    expect(await retry).toBe(current(auth));
  },
);

test.each(table.filter(([name]) => ['graphqlShield', 'mercuriusAuth', 'keystone'].includes(name)))(
  'B29 %s has one signal for both verdicts: a missing permission causes one renewal, and none during the cool-down',
  async (name, dialect) => {
    const { auth, A, renewals } = signedIn({ dialect });
    const recorded = recordedAnswers[name].find(({ cause }) => cause === 'a missing permission') ?? {};
    const refused = auth.settle({ ...factsOf(recorded), sent: A });
    await settled();
    await renewals.last.answer('B');
    expect(await refused).toBe(current(auth));
    for (const retried of [true, false])
      expect(auth.settle({ ...factsOf(recorded), sent: current(auth), retried })).toBeUndefined();
    await settled();
    expect(renewals.calls).toHaveLength(1);
  },
);

test('an application can write a dialect for its API', () => {
  const own: Dialect = {
    codes: { SESSION_OVER: 'unauthenticated', NOT_YOURS: 'forbidden' },
    statuses: { 401: 'unauthenticated', 403: 'forbidden' },
    messages: { 'please sign in': 'unauthenticated' },
  };
  const coded = (code: string) => ({ status: 200, body: { errors: [{ message: 'x', extensions: { code } }] } });
  expect(verdictOn(own, coded('SESSION_OVER'))).toBe('unauthenticated');
  expect(verdictOn(own, coded('NOT_YOURS'))).toBe('forbidden');
  expect(verdictOn(own, coded('UNAUTHENTICATED'))).toBe('ok');
  expect(verdictOn(own, { status: 200, body: { errors: [{ message: 'Please sign in.' }] } })).toBe('unauthenticated');
  expect(verdictOn(own, { status: 401, body: 'Unauthorized' })).toBe('unauthenticated');
});

test('a dialect is extended by spreading it: Hot Chocolate 13 used one code for a missing sign-in and a missing permission', () => {
  const { hotChocolate } = dialects;
  const old: Dialect = {
    ...hotChocolate,
    codes: { ...hotChocolate.codes, AUTH_NOT_AUTHORIZED: 'unauthenticated' },
  };
  const notAuthorized = recordedAnswers.hotChocolate.find(({ verdict }) => verdict === 'forbidden') ?? {};
  expect(verdictOn(old, notAuthorized)).toBe('unauthenticated');
  expect(verdictOn(hotChocolate, notAuthorized)).toBe('forbidden');
  expect(verdictOn(old, { status: 403 })).toBe('forbidden');
});

const codeOnly = (code: unknown) => ({ message: 'x', extensions: { code } });

test.each<readonly [string, Dialect, unknown, Verdict]>([
  [
    'nest: the status 401 of the exception',
    dialects.nest,
    { extensions: { originalError: { statusCode: 401 } } },
    'unauthenticated',
  ],
  [
    'nest: the status 403 of the exception',
    dialects.nest,
    { extensions: { originalError: { statusCode: 403 } } },
    'forbidden',
  ],
  [
    'nest: the status 500 of the exception',
    dialects.nest,
    { extensions: { originalError: { statusCode: 500 } } },
    'ok',
  ],
  ['graphqlShield: a code of its author', dialects.graphqlShield, codeOnly('UNAUTHENTICATED'), 'unauthenticated'],
  [
    'graphqlShield: another code',
    dialects.graphqlShield,
    { ...codeOnly('OUT_OF_STOCK'), message: 'Not Authorised!' },
    'ok',
  ],
  [
    'mercuriusAuth: a message that is a list',
    dialects.mercuriusAuth,
    { message: ['Failed auth policy check on me'] },
    'ok',
  ],
  ['saleor: a code without an exception', dialects.saleor, codeOnly('PermissionDenied'), 'forbidden'],
  ['strapi: a code without an error', dialects.strapi, codeOnly('UNAUTHENTICATED'), 'unauthenticated'],
  ['vendure: an operation without a response', dialects.vendure, codeOnly('FORBIDDEN'), 'forbidden'],
  ['wpGraphQLJwt: a message without a part', dialects.wpGraphQLJwt, { message: 'invalid-secret-key' }, 'ok'],
])('B82 %s', (_, dialect, error, verdict) => {
  expect(judge({ ...refusal(null, { status: 200 }), errors: [error as GraphQLErrorLike] }, dialect)).toBe(verdict);
});

test.each(['JWT issued at future', 'JWT not yet valid'])('B82 supabase: the 401 "%s" is about a clock', message => {
  expect(verdictOn(dialects.supabase, { status: 401, body: { message } })).toBe('ok');
});

test('B82 vendure: an operation whose response is not known is forbidden', () => {
  const facts = { ...refusal(null, { status: 200, errors: [codeOnly('FORBIDDEN')] }), response: () => undefined };
  expect(judge(facts, dialects.vendure)).toBe('forbidden');
});

test('the default dialect is that of Apollo Server', () => {
  expect(dialects.apolloServer).toBe(defaultDialect);
});
