import { expect, test } from 'vitest';
import { readBody } from './readBody.ts';

const dead = { message: 'Unauthorized', path: ['me'] };

test.for([
  ['data', { data: { me: null } }, { data: { me: null } }],
  ['data that is null', { data: null }, { data: null }],
  ['errors', { errors: [dead] }, { data: undefined, errors: [dead] }],
  ['both', { data: null, errors: [dead] }, { data: null, errors: [dead] }],
  ['data beside errors that are a text', { data: null, errors: 'no' }, { data: null }],
] as const)('B82 a GraphQL answer with %s says that', ([, body, facts]) => {
  expect(readBody(JSON.stringify(body))).toStrictEqual(facts);
});

test.for([
  ['an object of somebody else', { code: 401 }],
  ['errors that are a text', { errors: 'token expired' }],
  ['null', null],
  ['a number', 3],
  ['a JSON text', 'no'],
  ['an empty list', []],
  ['a list of anything', [1]],
  ['a batch with something else in it', [{ data: null }, { code: 401 }]],
] as const)('B82 what is no GraphQL answer is kept as the body: %s', ([, body]) => {
  expect(readBody(JSON.stringify(body))).toStrictEqual({ body });
});

test.for(['', '<html>', '{"data":'])('B82 what is no JSON is kept as a text: %s', text => {
  expect(readBody(text)).toStrictEqual({ body: text });
});

test('B96 a batch says what its answers say together', () => {
  const batch = [{ data: { a: 1 } }, { data: null, errors: [dead] }, { errors: [dead] }];
  expect(readBody(JSON.stringify(batch))).toStrictEqual({ data: [{ a: 1 }, null, undefined], errors: [dead, dead] });
});

test('B96 a batch of refusals has no data', () => {
  expect(readBody(JSON.stringify([{ errors: [dead] }]))).toStrictEqual({ data: undefined, errors: [dead] });
});

test('B82 a list of lists, however deep, is no batch, and harms nobody', () => {
  const text = '['.repeat(100_000) + ']'.repeat(100_000);
  expect(Object.keys(readBody(text))).toEqual(['body']);
  expect(readBody('[[{"data":null}]]')).toEqual({ body: [[{ data: null }]] });
});
