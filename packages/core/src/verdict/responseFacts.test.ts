import { expect, test } from 'vitest';
import { errorsIn } from './dialect.ts';
import { headFacts } from './responseFacts.ts';

test('headFacts() reads the status and the challenge of a response, if present', () => {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
  expect(headFacts(new Response(null, { status: 401, headers }))).toEqual({
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  });
  expect(headFacts(new Response())).toEqual({ status: 200, challenge: null });
  expect(headFacts({ status: 500 })).toEqual({ status: 500, challenge: undefined });
  expect(headFacts(undefined)).toEqual({ status: undefined, challenge: undefined });
});

test('GQL-07 errorsIn() ignores errors that are not a list', () => {
  const errors = [{ message: 'Unauthorized' }];
  expect(errorsIn({ errors })).toBe(errors);
  for (const malformed of ['Unauthorized', {}, undefined])
    expect(errorsIn({ errors: malformed as typeof errors })).toEqual([]);
});

test.each([
  ['plain headers', { 'www-authenticate': 'Bearer' }, 'Bearer'],
  ['no headers', undefined, undefined],
  ['headers that are null', null, undefined],
  ['a header that is a list', { 'www-authenticate': ['Bearer'] }, undefined],
])('headFacts() reads a response that a mock or a link has made, with %s', (_, headers, challenge) => {
  expect(headFacts({ status: 401, headers } as never)).toEqual({ status: 401, challenge });
});
