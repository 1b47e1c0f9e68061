import { expect, test } from 'vitest';
import { errorsIn, headFacts } from './responseFacts.ts';

test('the head of an answer tells its status and its challenge, as far as they are there', () => {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
  expect(headFacts(new Response(null, { status: 401, headers }))).toEqual({
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  });
  expect(headFacts(new Response())).toEqual({ status: 200, challenge: null });
  expect(headFacts({ status: 500 })).toEqual({ status: 500, challenge: undefined });
  expect(headFacts(undefined)).toEqual({ status: undefined, challenge: undefined });
});

test('GQL-07 errors that are no list are none', () => {
  const errors = [{ message: 'no' }];
  expect(errorsIn({ errors })).toBe(errors);
  for (const odd of ['no', {}, undefined]) expect(errorsIn({ errors: odd as typeof errors })).toEqual([]);
});
