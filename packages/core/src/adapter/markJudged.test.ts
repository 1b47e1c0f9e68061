import { expect, test } from 'vitest';
import { refusal, signedIn } from '../../test/scriptedProvider.ts';
import { isJudged, markJudged } from './markJudged.ts';

const refused = () => ({ message: 'Not signed in.', extensions: { code: 'UNAUTHENTICATED' } });

test('an error that was judged and delivered is delivered by the adapter in front, and renews nothing', () => {
  const { auth, A, renewals } = signedIn();
  const error = refused();
  markJudged(auth, [error, 'a string', null]);
  for (const errors of [[error], [{ ...refused(), originalError: error }]]) {
    expect(auth.settle(refusal(A, { status: 200, errors }))).toBeUndefined();
    expect(isJudged(auth, errors[0])).toBe(true);
  }
  expect(renewals.calls).toHaveLength(0);
  expect(auth.settle(refusal(A, { status: 200, errors: [refused()] }))).toBeDefined();
});

test('one error that was judged makes the whole answer a judged one, and an answer without errors is none', () => {
  const { auth, A } = signedIn();
  const error = refused();
  markJudged(auth, [error]);
  expect(auth.settle(refusal(A, { status: 200, errors: [refused(), error] }))).toBeUndefined();
  expect(auth.settle(refusal(A))).toBeDefined();
});

test.each([undefined, null, 'a string', 7, {}, { originalError: 'a string' }, { originalError: null }])(
  '%j was not judged',
  error => {
    const { auth } = signedIn();
    expect(isJudged(auth, error)).toBe(false);
    markJudged(auth, [refused()]);
    expect(isJudged(auth, error)).toBe(false);
  },
);

test('a mark is of one token manager', () => {
  const [one, other] = [signedIn(), signedIn()];
  const error = refused();
  markJudged(one.auth, [error]);
  expect(isJudged(other.auth, error)).toBe(false);
  expect(other.auth.settle(refusal(other.A, { status: 200, errors: [error] }))).toBeDefined();
});
