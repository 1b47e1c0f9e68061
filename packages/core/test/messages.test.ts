import { expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError, type TokenErrorCode } from '../src/errors/tokenError.ts';
import { hours, refusal, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';

// The words of each failure, of which a developer reads the log.

const failure = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

const failures: readonly (readonly [TokenErrorCode, string, () => Promise<unknown>])[] = [
  [
    'signedOut',
    'The user signed out',
    async () => {
      const { auth } = signedIn();
      const renewed = failure(auth.renew());
      await settled();
      await auth.signOut();
      return renewed;
    },
  ],
  [
    'signedOut',
    'was signed out meanwhile',
    async () => {
      const { auth } = signedIn();
      const renewed = failure(auth.renew());
      await settled();
      await auth.adopt('B');
      return renewed;
    },
  ],
  ['signedOut', 'Nobody is signed in', () => failure(scriptedProvider().auth.renew())],
  [
    'signedOut',
    'that this operation belonged to is over',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return failure(auth.renew({ refused: A }));
    },
  ],
  [
    'signedOut',
    'that this operation belonged to is over',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return failure(auth.settle(refusal(A)));
    },
  ],
  ['sessionExpired', 'Sign in again', () => failure(signedIn({ renew: () => null }).auth.renew())],
  ['credentialsRejected', 'refused the credentials', () => failure(signedIn({ signIn: () => null }).auth.signIn(ann))],
  ['misconfigured', 'no option "signIn"', () => failure(createTokenManager({ renew: () => null }).signIn(ann))],
  ['unavailable', 'could not be reached', () => failure(signedIn({ renew: () => Promise.reject(0) }).auth.renew())],
  [
    'unavailable',
    'mark it with auth: "omit"',
    async () => {
      const { auth, clock } = signedIn();
      const renewed = failure(auth.renew());
      await clock.advance(hours);
      return renewed;
    },
  ],
  [
    'noProgress',
    'brought the token that had just been refused',
    async () => {
      const { auth, A } = signedIn({ renew: () => 'A' });
      return failure(auth.renew({ refused: A }));
    },
  ],
  [
    'noProgress',
    'nothing to renew this token with',
    () => failure(signedIn({ renew: () => Promise.reject(new TokenError('noProgress', '')) }).auth.renew()),
  ],
  ['aborted', 'The caller stopped waiting', () => failure(signedIn().auth.renew({ signal: AbortSignal.abort() }))],
  [
    'aborted',
    'came in between',
    async () => {
      const { auth, signIns } = signedIn();
      const signed = failure(auth.signIn(ann));
      await auth.signOut();
      await signIns.last.answer({ accessToken: 'B' });
      return signed;
    },
  ],
  [
    'disposed',
    'was disposed of',
    async () => {
      const { auth } = signedIn();
      const renewed = failure(auth.renew());
      await settled();
      auth.dispose();
      return renewed;
    },
  ],
];
const ann = { username: 'ann', password: 'password of Ann' };

test.each(failures)('%s says: %s', async (code, words, fail) => {
  const error = await fail();
  expect(error).toBeInstanceOf(TokenError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
});

test('misconfigured says which callback it was that threw', async () => {
  const { auth, A } = signedIn({
    receive() {
      throw new Error('A bug.');
    },
  });
  const headers = new Headers();
  const response = () => ({ headers, url: '', redirected: false });
  const error = await failure(auth.settle({ ...refusal(A), status: 200, data: {}, response }));
  expect(error).toMatchObject({ code: 'misconfigured', message: expect.stringContaining('looked at a response') });
});

test('notRepeatable says why', async () => {
  const { auth, A } = signedIn();
  const error = await failure(auth.settle(refusal(A, { isConsumed: true })));
  expect(error).toMatchObject({ code: 'notRepeatable', message: expect.stringContaining('a stream') });
});
