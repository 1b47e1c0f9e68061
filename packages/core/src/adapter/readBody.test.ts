import { expect, test } from 'vitest';
import { answerWith, copyJson, isJson, isNodeStream, readBody, readParsedBody } from './readBody.ts';

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
  expect(await copyJson(response())).toBe(isOfJson ? '{"data":1}' : undefined);
});

test('B82 a body without a type is not JSON', () => {
  expect(isJson({ headers: new Headers() })).toBe(false);
  expect(isJson({})).toBe(false);
});

test('B82 copyJson() leaves the body to the client, and copies none that somebody has read', async () => {
  const response = Response.json({ data: 1 });
  expect(await copyJson(response)).toBe('{"data":1}');
  expect(await response.text()).toBe('{"data":1}');
  expect(await copyJson(response)).toBeUndefined();
});

test('B82 answerWith() gives an answer on whose body was read, with its status, headers, URL and redirect', async () => {
  const read = new Response(null, { status: 401, statusText: 'No', headers: { 'x-a': '1' } });
  Object.defineProperties(read, { url: { value: 'https://api.example/' }, redirected: { value: true } });
  const answer = answerWith('{"errors":[]}', read);
  const { status, statusText, url, redirected } = answer;
  expect([status, statusText, url, redirected]).toEqual([401, 'No', 'https://api.example/', true]);
  expect(answer.headers.get('x-a')).toBe('1');
  expect(await answer.text()).toBe('{"errors":[]}');
});

test('B82 answerWith() gives an answer without a body on where a body is forbidden', () => {
  expect(answerWith('', new Response(null, { status: 204 }))).toMatchObject({ status: 204, body: null });
});

test('isNodeStream() tells a stream of Node from a stream of the platform', () => {
  expect(isNodeStream({ body: { pipe: () => {} } } as never)).toBe(true);
  expect(isNodeStream({ body: { pipe: 'no' } } as never)).toBe(false);
  expect(isNodeStream(new Response('x'))).toBe(false);
  expect(isNodeStream(new Response(null))).toBe(false);
});
