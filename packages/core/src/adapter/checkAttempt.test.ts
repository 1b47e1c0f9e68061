import { expect, test } from 'vitest';
import { signedIn } from '../../test/scriptedProvider.ts';
import { checkAttempt } from './checkAttempt.ts';

const { A } = signedIn();
const left = AbortSignal.abort();
const here = new AbortController().signal;

test.each([
  ['with a token', A, {}],
  ['without one', null, {}],
  ['with the token that it requires', A, { auth: 'required' }],
  ['without the one that it would take', null, { auth: 'optional' }],
  ['again, in its session', A, { session: A.session }],
  ['for a caller who is there', A, { signal: here }],
] as const)('an operation may be sent %s', (_, tokens, facts) => {
  expect(() => checkAttempt(tokens, facts)).not.toThrow();
});

test.each([
  ['B87', 'whose caller has left', A, { signal: left }, 'aborted', /stopped waiting/],
  ['B91', 'that requires a token where there is none', null, { auth: 'required' }, 'signedOut', /Nobody/],
  ['B103', 'of a session that is over', A, { session: 'session-of-Bob' }, 'signedOut', /belonged to is over/],
  ['B103', 'of a session after which nobody signed in', null, { session: A.session }, 'signedOut', /belonged to/],
] as const)('%s an operation %s is not sent', (_row, _what, tokens, facts, code, message) => {
  expect(() => checkAttempt(tokens, facts)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
