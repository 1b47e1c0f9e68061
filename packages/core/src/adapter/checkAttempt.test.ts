import { expect, test } from 'vitest';
import { signedIn } from '../../test/scriptedProvider.ts';
import { checkAttempt } from './checkAttempt.ts';

const { A } = signedIn();
const aborted = AbortSignal.abort();
const notAborted = new AbortController().signal;

test.each([
  ['with a token', A, {}],
  ['without a token', null, {}],
  ['with a required token', A, { auth: 'required' }],
  ['without an optional token', null, { auth: 'optional' }],
  ['in its session', A, { session: A.session }],
  ['with a signal that is not aborted', A, { signal: notAborted }],
] as const)('an operation may be sent %s', (_, tokens, facts) => {
  expect(() => checkAttempt(tokens, facts)).not.toThrow();
});

test.each([
  ['B87', 'with an aborted signal', A, { signal: aborted }, 'aborted', /stopped waiting/],
  ['B91', 'that requires a token, without one,', null, { auth: 'required' }, 'signedOut', /Nobody/],
  ['B103', 'of a session that is over', A, { session: 'session-of-Bob' }, 'signedOut', /belonged to is over/],
  ['B103', 'of a session that was signed out', null, { session: A.session }, 'signedOut', /belonged to/],
] as const)('%s an operation %s is not sent', (_row, _what, tokens, facts, code, message) => {
  expect(() => checkAttempt(tokens, facts)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
