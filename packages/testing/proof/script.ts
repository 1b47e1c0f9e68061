import type { AuthChoice } from '@latchkey/core/adapter';
import fc from 'fast-check';

// What one operation meets: its answers, byte by byte, and what happens meanwhile. It is plain data, so that it can be printed.

/** How a body stops: as it should, in the middle, or before its head. `stall`: it goes on until the client closes it. */
export type End = 'end' | 'cut' | 'reset' | 'stall';

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly type: string | null;
  /** The body, or the payloads of a stream. */
  readonly payloads: readonly string[];
  readonly charset: 'utf8' | 'utf16le' | 'latin1';
  /** `gzip?`: declared only. */
  readonly coding: 'none' | 'gzip' | 'br' | 'gzip?';
  /** Where its chunks begin, in parts of its length. */
  readonly chunks: readonly number[];
  readonly end: End;
  /** It comes after a redirect: within the API, or to another origin. */
  readonly redirect: { readonly status: number; readonly to: 'api' | 'elsewhere' } | null;
}

export interface Script {
  readonly kind: 'query' | 'mutation';
  /** `rest` and `batch` are for fetch only; other clients post. */
  readonly shape: 'post' | 'get' | 'rest' | 'batch';
  /** Through the whole client, or through its links or exchanges alone. */
  readonly surface: 'client' | 'link';
  /** Of Apollo Client; `ignore` would hide what is compared. */
  readonly errorPolicy: 'none' | 'all';
  readonly isSignedIn: boolean;
  readonly auth: AuthChoice | null;
  /** Whether the token has a header that redirects would keep. */
  readonly hasKey: boolean;
  /** The caller's. */
  readonly headers: Readonly<Record<string, string>>;
  /** `elsewhere`: an origin that is not listed. */
  readonly target: 'api' | 'elsewhere';
  readonly first: Answer;
  /** To the second attempt. */
  readonly second: Answer;
  readonly abort: {
    readonly at: 'start' | 'request' | 'head' | 'renewal';
    readonly by: 'signal' | 'unsubscribe';
  } | null;
  readonly renewal: 'token' | 'rejection' | 'failure';
}

const rarely = <T>(usual: T, arbitrary: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight, arbitrary });

const refusals: readonly unknown[] = [
  { message: 'x', extensions: { code: 'UNAUTHENTICATED' } },
  { message: 'Unauthorized' },
  { message: ' UNAUTHENTICATED. ' },
  { message: 'x', path: ['n'], extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } },
  { message: 'x', path: ['n', 'm'], extensions: { code: 'TOKEN_EXPIRED' } },
  { extensions: { code: 'invalid-jwt' } },
];
const otherErrors: readonly unknown[] = [
  { message: 'You may not', extensions: { code: 'FORBIDDEN' } },
  { message: 'Unauthorized to see the field', path: ['n'], locations: [{ line: 1, column: 3 }] },
  { message: 'x', extensions: null },
  { message: 7, path: 'n', extensions: 'UNAUTHENTICATED' },
  { message: 'x', extensions: { code: ['UNAUTHENTICATED'] } },
  {},
  null,
  'UNAUTHENTICATED',
  7,
];
const error = fc.oneof(fc.constantFrom(...refusals), fc.constantFrom(...otherErrors));
const errors = fc.oneof(
  { weight: 8, arbitrary: fc.array(error, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>([], null, 'Unauthorized', { message: 'Unauthorized' }, 401, true) },
);
const data = fc.constantFrom<unknown>({ n: 1 }, { n: 'é€😀' }, { n: null }, {}, null, 7, 'x', [], {
  n: { m: [1, null] },
});
const good = JSON.stringify({ data: { n: 1 } });

const graphql = fc
  .record(
    {
      data,
      errors,
      extensions: fc.constantFrom<unknown>(null, {}, { cost: 1 }, 'x'),
      hasNext: fc.boolean(),
      incremental: fc.constantFrom<unknown>(
        [],
        [{ path: [], data: { n: 2 } }],
        [{ path: ['n'], errors: refusals.slice(0, 1) }],
      ),
      status: fc.constant(401),
    },
    { requiredKeys: [] },
  )
  .map(body => JSON.stringify(body));
const plainGraphql = fc.record({ data, errors }, { requiredKeys: [] }).map(body => JSON.stringify(body));
const oddBodies: readonly string[] = [
  '',
  ' ',
  'null',
  '7',
  '"Unauthorized"',
  'true',
  '[]',
  '[null]',
  '{',
  '{"data":{"n":1}',
  '{"data":{"n":1}}{"data":{"n":2}}',
  '\ufeff{"data":{"n":1}}',
  '<!doctype html><title>401 Unauthorized</title>',
  'Unauthorized',
  'error=unauthenticated&data=1',
  '{"__proto__":{"data":{"n":1}}}',
  '{"data":{"n":1},"data":null}',
  '{"errors":[{"message":"Unauthorized"}],"errors":[]}',
  '{"message":"Unauthorized","statusCode":401}',
  '[{"data":{"n":1}},{"errors":[{"message":"Unauthorized"}]}]',
  '[{"errors":[{"message":"Unauthorized"}]}]',
  `{"data":{"n":"${'long '.repeat(4_000)}"}}`,
];
const noise = fc
  .array(fc.integer({ min: 0, max: 0x2fff }), { maxLength: 30 })
  .map(codes => String.fromCharCode(...codes));
const body = fc.oneof(
  { weight: 5, arbitrary: plainGraphql },
  { weight: 3, arbitrary: graphql },
  { weight: 3, arbitrary: fc.constantFrom(...oddBodies) },
  { weight: 1, arbitrary: noise },
);

const jsonTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'application/graphql-response+json',
  'application/graphql-response+json; charset=utf-8',
  'Application/JSON',
  'application/problem+json',
  'application/json, text/html',
];
const otherTypes = [
  'text/html',
  'text/plain',
  'text/plain; charset=iso-8859-1',
  'application/octet-stream',
  '',
  'x',
  ';',
  'text/json',
];
const streamTypes = [
  'multipart/mixed; boundary="-"',
  'multipart/mixed; boundary=graphql; deferSpec=20220824',
  'multipart/mixed',
  'text/event-stream',
];

const status = fc.oneof(
  { weight: 5, arbitrary: fc.constant(200) },
  { weight: 4, arbitrary: fc.constant(401) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      201,
      204,
      205,
      206,
      207,
      299,
      300,
      304,
      400,
      403,
      404,
      407,
      408,
      419,
      422,
      429,
      498,
      499,
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(500, 502, 503, 504, 511, 599) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }).filter(code => code !== 421) }, // after which fetch itself sends again
);

const header = fc.constantFrom<readonly [string, string]>(
  ['www-authenticate', 'Bearer'],
  ['www-authenticate', 'Bearer error="invalid_token", error_description="a, b"'],
  ['www-authenticate', 'Bearer error="insufficient_scope", scope="a b"'],
  ['www-authenticate', 'Basic realm="x", DPoP error="invalid_token"'],
  ['www-authenticate', '"'],
  ['retry-after', '1'],
  ['set-cookie', 'a=b; HttpOnly'],
  ['set-cookie', 'c=d; Path=/'],
  ['vary', '*'],
  ['cache-control', 'public, max-age=1000'],
  ['etag', '"1"'],
  ['x-odd', 'caf\u00e9 \u0080\u00ff'],
  ['x-empty', ''],
  ['content-language', 'en'],
  ['location', '/somewhere'],
  ['link', '<a>; rel=b'],
  ['refresh', '0; url=/x'],
);

/** Other headers come once. */
const keyOf = ([name, value]: readonly [string, string]) => (/^(?:set-cookie|www-)/.test(name) ? value : name);

const answer: fc.Arbitrary<Answer> = fc
  .record({
    status,
    reason: fc.constantFrom('', 'OK', 'Unauthorized', 'Caf\u00e9 \u00ff', 'x y\tz'),
    headers: fc.uniqueArray(header, { maxLength: 3, selector: keyOf }),
    type: fc.oneof(
      { weight: 7, arbitrary: fc.constantFrom<string | null>(...jsonTypes) },
      { weight: 2, arbitrary: fc.constantFrom<string | null>(null, ...otherTypes) },
      { weight: 1, arbitrary: fc.constantFrom<string | null>(...streamTypes) },
    ),
    payloads: rarely<readonly string[]>([good], fc.array(body, { minLength: 1, maxLength: 3 }), 15),
    charset: rarely<Answer['charset']>('utf8', fc.constantFrom('utf16le', 'latin1')),
    coding: rarely<Answer['coding']>('none', fc.constantFrom('gzip', 'br', 'gzip?')),
    chunks: rarely<readonly number[]>([], fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), 5),
    end: rarely<End>('end', fc.constantFrom('cut', 'reset')),
    redirect: rarely<Answer['redirect']>(
      null,
      fc.record({ status: fc.constantFrom(301, 302, 303, 307, 308), to: fc.constantFrom('api', 'elsewhere') }),
    ),
  })
  .map(whole => (whole.end === 'cut' ? { ...whole, coding: 'none' } : whole)); // which of both is met first is chance

/** A retry is mostly good, as in life. */
const secondAnswer = fc.oneof(
  answer,
  answer.map(odd => ({ ...odd, status: 200, type: 'application/json', payloads: [good], end: 'end' }) as const),
);

const abort = fc.record({
  at: fc.constantFrom<'start' | 'request' | 'head' | 'renewal'>('start', 'request', 'head', 'renewal'),
  by: fc.constantFrom<'signal' | 'unsubscribe'>('signal', 'unsubscribe'),
});

/** An answer during which somebody aborts does not end before. */
function withStall(script: Script): Script {
  const { abort: aborted, first } = script;
  if (aborted?.at !== 'request' && aborted?.at !== 'head') return script;
  return { ...script, first: { ...first, end: 'stall', redirect: null } };
}

export const script: fc.Arbitrary<Script> = fc
  .record({
    kind: fc.constantFrom<Script['kind']>('query', 'mutation'),
    shape: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Script['shape']>('post') },
      { weight: 1, arbitrary: fc.constantFrom<Script['shape']>('get', 'rest', 'batch') },
    ),
    surface: fc.constantFrom<Script['surface']>('client', 'link'),
    errorPolicy: fc.constantFrom<Script['errorPolicy']>('none', 'all'),
    isSignedIn: rarely(true, fc.constant(false)),
    auth: rarely<AuthChoice | null>(null, fc.constantFrom('omit', 'optional', 'required', 'unjudged')),
    hasKey: rarely(false, fc.constant(true), 2),
    headers: fc.dictionary(
      fc.constantFrom('x-one', 'Accept', 'X-Two', 'accept-language'),
      fc.constantFrom('a', 'b, c', ''),
      {
        maxKeys: 2,
        noNullPrototype: true,
      },
    ),
    target: rarely<Script['target']>('api', fc.constant('elsewhere')),
    first: answer,
    second: secondAnswer,
    abort: rarely<Script['abort']>(null, abort),
    renewal: rarely<Script['renewal']>('token', fc.constantFrom('rejection', 'failure')),
  })
  .map(withStall);
