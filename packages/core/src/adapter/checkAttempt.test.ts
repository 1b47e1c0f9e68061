import { expect, test } from 'vitest';
import { signedIn } from '../../test/scriptedProvider.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { AuthChoice } from '../verdict/responseFacts.ts';
import { checkAttempt } from './checkAttempt.ts';

interface Facts {
  readonly auth?: AuthChoice;
  readonly sessionId?: string;
  readonly signal?: AbortSignal;
}
const check = (tokens: TokenSet | null, { auth, sessionId, signal }: Facts) =>
  checkAttempt(tokens, auth, sessionId, signal);

const { A } = signedIn();
const { A: guest } = signedIn({}, { isGuest: true });
const reason = new Error('The user has left.');
const aborted = AbortSignal.abort(reason);
const notAborted = new AbortController().signal;

test.each([
  ['with a token', A, {}],
  ['without a token', null, {}],
  ['with a required token', A, { auth: 'required' }],
  ['without an optional token', null, { auth: 'optional' }],
  ['in its session', A, { sessionId: A.sessionId }],
  ['with a signal that is not aborted', A, { signal: notAborted }],
] as const)('an operation may be sent %s', (_, tokens, facts) => {
  expect(() => check(tokens, facts)).not.toThrow();
});

test.each([
  ['B91', 'that requires a token, without one,', null, { auth: 'required' }, 'signedOut', /Nobody/],
  ['B127', 'that requires a token, of a guest,', guest, { auth: 'required' }, 'signedOut', /Nobody/],
  ['B103', 'of a session that is over', A, { sessionId: 'session-of-Bob' }, 'signedOut', /belonged to has ended/],
  ['B103', 'of a session that was signed out', null, { sessionId: A.sessionId }, 'signedOut', /belonged to/],
] as const)('%s an operation %s is not sent', (_row, _what, tokens, facts, code, message) => {
  expect(() => check(tokens, facts)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('B87 an operation with an aborted signal fails with its reason, and is not sent', () => {
  expect(() => check(A, { signal: aborted })).toThrow(reason);
});
