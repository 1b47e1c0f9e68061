import { expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError, type TokenErrorCode } from '../src/errors/tokenError.ts';
import type { TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import { hours, refusal, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';

// The messages of the errors, as a developer reads them in a log.

const errorOf = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

/** As in browsers of before 2022. */
const abortedWithoutReason = () => Object.defineProperty(AbortSignal.abort(), 'reason', { value: undefined });

const failures: readonly (readonly [TokenErrorCode, string, () => Promise<unknown>])[] = [
  [
    'signedOut',
    'session ended during the renewal',
    async () => {
      const { auth } = signedIn();
      const renewalError = errorOf(auth.renew());
      await settled();
      await auth.signOut();
      return renewalError;
    },
  ],
  [
    'signedOut',
    'session ended during the renewal',
    async () => {
      const { auth } = signedIn();
      const renewalError = errorOf(auth.renew());
      await settled();
      await auth.adopt('B');
      return renewalError;
    },
  ],
  ['signedOut', 'Nobody is signed in', () => errorOf(scriptedProvider().auth.renew())],
  [
    'signedOut',
    'that this operation belonged to has ended',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return errorOf(auth.renew({ refused: A }));
    },
  ],
  [
    'signedOut',
    'that this operation belonged to has ended',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return errorOf(auth.settle(refusal(A)));
    },
  ],
  ['sessionExpired', 'Sign in again', () => errorOf(signedIn({ renew: () => null }).auth.renew())],
  ['credentialsRejected', 'rejected the credentials', () => errorOf(signedIn({ signIn: () => null }).auth.signIn(ann))],
  ['misconfigured', 'no option "signIn"', () => errorOf(createTokenManager({ renew: () => null }).signIn(ann))],
  ['unavailable', 'could not be reached', () => errorOf(signedIn({ renew: () => Promise.reject(0) }).auth.renew())],
  [
    'unavailable',
    'mark it with auth: "omit"',
    async () => {
      const { auth, clock } = signedIn();
      const renewalError = errorOf(auth.renew());
      await clock.advance(hours);
      return renewalError;
    },
  ],
  [
    'noProgress',
    'answered the token that had just been refused',
    async () => {
      const { auth, A } = signedIn({ renew: () => 'A' });
      return errorOf(auth.renew({ refused: A }));
    },
  ],
  [
    'noProgress',
    'nothing to renew this token with',
    () => errorOf(signedIn({ renew: () => Promise.reject(new TokenError('noProgress', '')) }).auth.renew()),
  ],
  ['aborted', 'The caller stopped waiting', () => errorOf(signedIn().auth.renew({ signal: abortedWithoutReason() }))],
  [
    'aborted',
    'Superseded by another sign-in or sign-out',
    async () => {
      const { auth, signIns } = signedIn();
      const signInError = errorOf(auth.signIn(ann));
      await auth.signOut();
      await signIns.last.answer({ accessToken: 'B' });
      return signInError;
    },
  ],
  [
    'disposed',
    'was disposed of',
    async () => {
      const { auth } = signedIn();
      const renewalError = errorOf(auth.renew());
      await settled();
      auth.dispose();
      return renewalError;
    },
  ],
];
const ann = { username: 'ann', password: 'password of Ann' };

test.each(failures)('the message of %s contains: %s', async (code, message, fail) => {
  const error = await fail();
  expect(error).toBeInstanceOf(TokenError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
});

test('the message of misconfigured names the callback that threw', async () => {
  const { auth, A } = signedIn({
    receive() {
      throw new Error('A bug.');
    },
  });
  const headers = new Headers();
  const response = () => ({ headers, url: '', redirected: false });
  const error = await errorOf(auth.settle({ ...refusal(A), status: 200, data: {}, response }));
  expect(error).toMatchObject({ code: 'misconfigured', message: expect.stringContaining('read a response') });
});

test('the message of the error of a consumed body gives the reason', async () => {
  const { auth, A } = signedIn();
  const error = await errorOf(auth.settle(refusal(A, { isConsumed: true })));
  expect(error).toMatchObject({ code: 'notRetryable', message: expect.stringContaining('a stream') });
});

test('in production a message is one sentence for its code', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const { auth } = signedIn();
  expect(await errorOf(auth.adopt('a b'))).toMatchObject({ message: 'The configuration is wrong.' });
  expect(await errorOf(auth.renew({ signal: abortedWithoutReason() }))).toMatchObject({ message: 'Aborted.' });
  vi.unstubAllEnvs();
});

test('a page without a bundler, which has no process, counts as production', async () => {
  const { auth } = signedIn();
  vi.stubGlobal('process', undefined);
  const error = errorOf(auth.adopt('a b'));
  const options = { renew: 'not a function' } as unknown as TokenManagerOptions;
  expect(() => createTokenManager(options)).not.toThrow();
  vi.unstubAllGlobals();
  expect(await error).toMatchObject({ code: 'misconfigured', message: 'The configuration is wrong.' });
});
