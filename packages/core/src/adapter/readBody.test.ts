import { expect, test } from 'vitest';
import { isJson, readBody, readJson, readParsedBody } from './readBody.ts';

const unauthorized = { message: 'Unauthorized', path: ['me'] };

test.for([
  ['data', { data: { me: null } }, { data: { me: null } }],
  ['data that is null', { data: null }, { data: null }],
  ['errors', { errors: [unauthorized] }, { data: undefined, errors: [unauthorized] }],
  ['data and errors', { data: null, errors: [unauthorized] }, { data: null, errors: [unauthorized] }],
  ['data and errors that are a string', { data: null, errors: 'Unauthorized' }, { data: null }],
] as const)('B82 reads a GraphQL response with %s', ([, body, facts]) => {
  expect(readBody(JSON.stringify(body))).toStrictEqual(facts);
});

test.for([
  ['an unrelated object', { code: 401 }],
  ['errors that are a string', { errors: 'token expired' }],
  ['null', null],
  ['a number', 3],
  ['a JSON string', 'Unauthorized'],
  ['an empty list', []],
  ['a list of numbers', [1]],
  ['a batch with an unrelated object in it', [{ data: null }, { code: 401 }]],
] as const)('B82 JSON that is not a GraphQL response is returned as the body: %s', ([, body]) => {
  expect(readBody(JSON.stringify(body))).toStrictEqual({ body });
});

test.for([{ data: { a: 1 } }, [{ data: { a: 1 } }], { code: 401 }, 'Unauthorized', null, '{"data":1}'])(
  'B82 a body that the client has parsed is read like its text: %j',
  body => {
    expect(readParsedBody(body)).toStrictEqual(readBody(JSON.stringify(body)));
  },
);

test.for(['', '<html>', '{"data":'])('B82 a body that is not JSON is returned as a string: %s', body => {
  expect(readBody(body)).toStrictEqual({ body });
});

test('B96 the data and errors of a batch are collected', () => {
  const batch = [{ data: { a: 1 } }, { data: null, errors: [unauthorized] }, { errors: [unauthorized] }];
  expect(readBody(JSON.stringify(batch))).toStrictEqual({
    data: [{ a: 1 }, null, undefined],
    errors: [unauthorized, unauthorized],
  });
});

test('B96 the data of a batch without any data is undefined', () => {
  expect(readBody(JSON.stringify([{ errors: [unauthorized] }]))).toStrictEqual({
    data: undefined,
    errors: [unauthorized],
  });
});

test('B82 nested lists of any depth are not a batch and do not overflow the stack', () => {
  const nested = '['.repeat(100_000) + ']'.repeat(100_000);
  expect(Object.keys(readBody(nested))).toEqual(['body']);
  expect(readBody('[[{"data":null}]]')).toEqual({ body: [[{ data: null }]] });
});

test.each([
  ['application/json', true],
  ['application/graphql-response+json', true],
  ['APPLICATION/JSON; charset=utf-8', true],
  ['application/json , text/html', true],
  ['application/json-seq', false],
  ['application/jsonx', false],
  ['text/html', false],
  ['text/html; profile=application/json', false],
  ['text/html, application/json', false],
  ['json', false],
  ['', false],
  [undefined, false],
])('B82 a body of the type %j is JSON: %s', async (type, isOfJson) => {
  const response = () => new Response('{"data":1}', { headers: type === undefined ? {} : { 'content-type': type } });
  expect(isJson(response())).toBe(isOfJson);
  expect((await readJson(response()))[0]).toBe(isOfJson ? '{"data":1}' : undefined);
});

test('B82 a body without a type is not JSON', () => {
  expect(isJson({ headers: new Headers() })).toBe(false);
  expect(isJson({})).toBe(false);
});

test('B82 an answer that somebody reads already is given as it is', async () => {
  const answered = Response.json({ data: 1 });
  await answered.text();
  expect(await readJson(answered)).toEqual([undefined, answered]);
});

const json = { headers: { 'content-type': 'application/json', 'x-one': '1' } };

/** An answer that no program can make, but fetch can. */
function answeredWith(body: string | null, shown: object): Response {
  const answered = new Response(body, json);
  for (const [name, value] of Object.entries(shown)) Object.defineProperty(answered, name, { value });
  return answered;
}

test.for([
  [200, 'a'],
  [401, ''],
  [204, ''],
  [205, 'a'],
  [600, 'a'],
] as const)('an answer that was read is as before: %i with the body %j', async ([status, body]) => {
  const shown = { status, statusText: 'Café', ok: status < 300, url: 'http://a/b', redirected: true, type: 'cors' };
  const [text, answer] = await readJson(answeredWith(body, shown));
  expect(text).toBe(body);
  expect(answer).toMatchObject(shown);
  expect(answer.headers.get('x-one')).toBe('1');
  expect(await answer.clone().text()).toBe(body);
  expect(await answer.text()).toBe(body);
});

test('a body that breaks off does so for the next reader, too', async () => {
  const error = new Error('terminated');
  const broken = new Response(new ReadableStream({ start: body => body.error(error) }), { status: 502, ...json });
  const [text, answer] = await readJson(broken);
  expect([text, answer.status]).toEqual([undefined, 502]);
  await expect(answer.text()).rejects.toBe(error);
});

test.for([
  ['of another type', new Response('a')],
  // a mock has only what its test needs
  ['of a mock', { headers: { 'content-type': 'application/json' }, text: () => '' } as unknown as Response],
] as const)('an answer %s is given as it is', async ([, answered]) => {
  expect(await readJson(answered)).toEqual([undefined, answered]);
});
