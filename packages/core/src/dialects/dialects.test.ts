import { describe, expect, test } from 'vitest';
import { type RecordedAnswer, recordedAnswers } from '../../test/recordedAnswers.ts';
import { current, refusal, settled, signedIn } from '../../test/scriptedProvider.ts';
import { readBody } from '../adapter/readBody.ts';
import { type Dialect, defaultDialect, judge, type Verdict } from '../verdict/dialect.ts';
import type { GraphQLErrorLike, ResponseFacts } from '../verdict/responseFacts.ts';
import { fieldAt } from './fieldAt.ts';
import * as dialects from './index.ts';

const table = Object.entries(dialects) as [keyof typeof dialects, Dialect][];

/** As the adapters read it. */
const factsOf = ({ status, body, closeCode }: Omit<RecordedAnswer, 'to' | 'verdict'>): ResponseFacts => ({
  sent: null,
  kind: 'query',
  status,
  closeCode,
  ...(body !== undefined && readBody(JSON.stringify(body))),
});
const verdictOn = (dialect: Dialect, answer: Omit<RecordedAnswer, 'to' | 'verdict'>) => judge(factsOf(answer), dialect);

describe.each(table)('the dialect %s', (name, dialect) => {
  test.each(recordedAnswers[name])('B82 recorded: the answer to $to is $verdict', ({ verdict, ...answer }) => {
    expect(verdictOn(dialect, answer)).toBe(verdict);
  });

  test.each<readonly [string, number, unknown]>([
    ['an unknown field', 400, { errors: [{ message: 'Cannot query field "x" on type "Query".' }] }],
    ['a coded fault', 200, { errors: [{ message: 'Oh.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] }],
    ['too many requests', 429, { message: 'Too many requests' }],
    ['a gateway without its server', 502, '<h1>Bad Gateway</h1>'],
    ['a good answer', 200, { data: { me: null } }],
  ])('B83 %s is ok', (_, status, body) => {
    expect(verdictOn(dialect, { status, body })).toBe('ok');
  });

  test('GQL-08 no message matches as a part of another', () => {
    const recorded = recordedAnswers[name].flatMap(({ body }) => fieldAt(body, 'errors')).filter(Array.isArray);
    const messages = [
      ...recorded.flat().map(error => String(fieldAt(error, 'message'))),
      ...Object.keys(dialect.messages),
    ];
    for (const message of messages)
      for (const longer of [`Error: ${message}`, `${message} x`])
        expect(verdictOn(dialect, { status: 200, body: { errors: [{ message: longer }] } }), longer).toBe('ok');
  });

  test('GQL-07 what no server should send is read without a throw', () => {
    const odd = [null, undefined, 7, '', 'Unauthorized', [], {}, { code: {} }, { exception: null }, { error: 'x' }];
    const errors: unknown[] = [
      ...odd,
      ...odd.map(message => ({ message })),
      ...odd.map(extensions => ({ message: null, extensions })),
      ...odd.map(path => ({ message: 'x', path, originalError: path })),
    ];
    for (const body of odd) expect(verdictOn(dialect, { status: 500, body })).toBe('ok');
    for (const list of [errors, ...errors.map(error => [error]), ...odd])
      expect(() => judge({ ...refusal(null), errors: list as GraphQLErrorLike[] }, dialect)).not.toThrow();
  });

  test('SEC-04 a code with the name of an inherited field is no code', () => {
    for (const code of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const extensions = { code, classification: code, exception: { code }, error: { name: code } };
      const error = { message: `${code} | x`, errorType: code, type: code, extensions };
      expect(verdictOn(dialect, { status: 200, body: { errors: [error] } })).toBe('ok');
    }
  });
});

/** What a server has no answer for, or none that a client can tell apart. */
const signalsLacking: Readonly<Partial<Record<keyof typeof dialects, readonly Verdict[]>>> = {
  yogaJwt: ['forbidden'], // the plugin looks at tokens, and at nothing else
  graphqlShield: ['forbidden'],
  mercuriusAuth: ['forbidden'],
  keystone: ['forbidden'],
  collectiveAccess: ['forbidden'],
  postGraphile: ['forbidden'],
  supabase: ['forbidden'],
  wpGraphQLJwt: ['forbidden'],
};

test('every dialect has an answer recorded for each verdict that its server can say', () => {
  for (const [name] of table) {
    const verdicts = new Set(recordedAnswers[name].map(({ verdict }) => verdict));
    const said = (['unauthenticated', 'forbidden', 'ok'] as const).filter(
      verdict => !signalsLacking[name]?.includes(verdict),
    );
    expect([...verdicts].sort(), name).toEqual([...said].sort());
  }
});

test.each(['Unauthorized', 7, {}, [null, 'x', 7]])(
  'GQL-07 errors %j beside a 401: the token is renewed, no mutation is lost',
  async errors => {
    const { auth, A, renewals } = signedIn();
    const settled401 = auth.settle(refusal(A, { kind: 'mutation', errors: errors as GraphQLErrorLike[] }));
    await settled();
    await renewals.last.answer('B');
    expect(await settled401).toBe(current(auth));
  },
);

test.each(table.filter(([name]) => ['graphqlShield', 'mercuriusAuth', 'keystone'].includes(name)))(
  'B29 %s has one signal for two things: somebody who may not costs one renewal, and then none for the pause',
  async (name, dialect) => {
    const { auth, A, renewals } = signedIn({ dialect });
    const recorded = recordedAnswers[name].find(({ to }) => to === 'somebody who may not') ?? {};
    const refused = auth.settle({ ...factsOf(recorded), sent: A });
    await settled();
    await renewals.last.answer('B');
    expect(await refused).toBe(current(auth));
    for (const repeated of [true, false])
      expect(auth.settle({ ...factsOf(recorded), sent: current(auth), repeated })).toBeUndefined();
    await settled();
    expect(renewals.calls).toHaveLength(1);
  },
);

test("an API's own dialect is five lines", () => {
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
  expect(verdictOn(own, { status: 401, body: 'no' })).toBe('unauthenticated');
});

test('a dialect is extended by spreading it: Hot Chocolate 13 gave a missing sign-in the code of a missing right', () => {
  const { hotChocolate } = dialects;
  const old: Dialect = {
    ...hotChocolate,
    codes: { ...hotChocolate.codes, AUTH_NOT_AUTHORIZED: 'unauthenticated' },
  };
  const missing = recordedAnswers.hotChocolate.find(({ verdict }) => verdict === 'forbidden') ?? {};
  expect(verdictOn(old, missing)).toBe('unauthenticated');
  expect(verdictOn(hotChocolate, missing)).toBe('forbidden');
  expect(verdictOn(old, { status: 403 })).toBe('forbidden');
});

test("Apollo Server's convention is the default", () => {
  expect(dialects.apolloServer).toBe(defaultDialect);
});
