import { expect, test } from 'vitest';
import { detailsOf, TokenError } from './tokenError.ts';

const details = {
  status: 400,
  retryAfterMs: 5_000,
  oauthError: 'invalid_request',
  mayBeRejection: false,
  refusal: { status: 401, messages: ['Expired'] },
};

test('a TokenError has the properties that were stated, and no others', () => {
  expect(Object.keys(new TokenError('aborted')).sort()).toEqual(['code', 'name']);
  expect('cause' in new TokenError('aborted')).toBe(false);
  expect(Object.assign({}, new TokenError('unavailable', 'Down.', details))).toEqual({
    name: 'TokenError',
    code: 'unavailable',
    ...details,
  });
  expect(new TokenError('unavailable', 'Down.', { cause: null })).toMatchObject({ cause: null });
});

test('detailsOf() is what the auth server has stated', () => {
  const { refusal, ...stated } = details;
  expect(refusal).toBeDefined();
  expect(detailsOf(new TokenError('unavailable', 'Down.', details))).toEqual(stated);
});
