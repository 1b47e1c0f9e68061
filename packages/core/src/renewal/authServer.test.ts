import { expect, test } from 'vitest';
import { hours, outcome, scriptedProvider, settled, signedIn } from '../../test/scriptedProvider.ts';
import { TokenError, type TokenErrorOptions } from '../errors/tokenError.ts';
import { failureOf, isDropped } from './authServer.ts';

const unavailable = (options?: TokenErrorOptions) => new TokenError('unavailable', 'Down.', options);
const withCode = (code: unknown) => unavailable({ cause: Object.assign(new Error('Failed'), { code }) });

test.each([
  ['a TypeError, as fetch throws it', unavailable({ cause: new TypeError('fetch failed') }), true],
  ['ECONNRESET', withCode('ECONNRESET'), true],
  ['EPIPE', withCode('EPIPE'), true],
  ['ERR_NETWORK, as axios states it', withCode('ERR_NETWORK'), true],
  ['UND_ERR_SOCKET, as undici states it', withCode('UND_ERR_SOCKET'), true],
  ['another code', withCode('MY_ECONNRESET'), false],
  ['a number as code', withCode(7), false],
  ['a list as code', withCode(['ECONNRESET']), false],
  ['no cause', unavailable(), false],
  ['a cause that is null', unavailable({ cause: null }), false],
  ['a status', unavailable({ status: 503, cause: new TypeError('fetch failed') }), false],
  ['another failure', new TokenError('misconfigured', 'No.', { cause: new TypeError('fetch failed') }), false],
])('B35 whether the connection was dropped, by %s', (_, error, isOfNetwork) => {
  expect(isDropped(error)).toBe(isOfNetwork);
});

test.each(['sessionExpired', 'credentialsRejected', 'unavailable', 'misconfigured', 'noProgress'] as const)(
  'a callback may throw a TokenError of the code %s',
  code => {
    const details = { status: 400, oauthError: 'invalid_request', mayBeRejection: true, retryAfterMs: 7 };
    const failure = failureOf(new TokenError(code, 'About canary.', { ...details, cause: 'canary' }), ['canary']);
    expect(failure).toMatchObject({ code, message: 'About [redacted].', ...details, cause: { message: '[redacted]' } });
    expect('cause' in failureOf(new TokenError(code), [])).toBe(false);
  },
);

test.each(['signedOut', 'notRetryable', 'aborted', 'disposed'] as const)(
  'a TokenError of the code %s is about another token manager, and a transient failure here',
  code => {
    expect(failureOf(new TokenError(code), [])).toMatchObject({ code: 'unavailable', cause: { name: 'TokenError' } });
  },
);

test('B127 a sign-in gets the tokens of the guest who is there, and none of a user or of an expired guest', async () => {
  const { auth, clock } = scriptedProvider({
    signIn: (_, { guest }) => ({ accessToken: `after-${guest?.accessToken}` }),
  });
  const signIn = async () => {
    await auth.signIn({ username: 'ann', password: 'p' });
    return auth.fresh()?.accessToken;
  };
  expect(await signIn()).toBe('after-undefined');
  await auth.adopt('of-a-user');
  expect(await signIn()).toBe('after-undefined');
  await auth.adopt({ accessToken: 'of-a-guest', isGuest: true, expiresInS: 3600 });
  clock.jump(hours - 1);
  expect(await signIn()).toBe('after-of-a-guest');
  await auth.adopt({ accessToken: 'of-a-guest', isGuest: true, expiresInS: 3600 });
  clock.jump(hours);
  expect(await signIn()).toBe('after-undefined');
});

test.each([
  ['a rejection', new TokenError('sessionExpired', 'No.', { status: 400 }), { status: 400 }],
  ['a rejection by code', new TokenError('credentialsRejected'), {}],
  ['a null', null, {}],
  ['a null token', { accessToken: null }, {}],
])('B31 a sign-in that gets %s fails with credentialsRejected', async (_, answer, details) => {
  const { auth } = signedIn({ signIn: () => (answer instanceof Error ? Promise.reject(answer) : (answer as never)) });
  await expect(auth.signIn({ username: 'ann', password: 'p' })).rejects.toMatchObject({
    code: 'credentialsRejected',
    message: 'The auth server rejected the credentials.',
    ...details,
  });
});

test('B43 a revocation that takes too long is aborted', async () => {
  const { auth, clock, revocations } = signedIn({ renewTimeoutMs: 1_000 });
  await auth.signOut();
  expect(revocations.last.argument.accessToken).toBe('A');
  await clock.advance(999);
  expect(revocations.last.signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(revocations.last.signal?.aborted).toBe(true);
});

test('B11 after dispose a sign-out revokes nothing, and a sign-in fails with disposed', async () => {
  const { auth, revocations, signIns } = signedIn();
  const pending = outcome(auth.signIn({ username: 'ann', password: 'p' }));
  await settled();
  auth.dispose();
  expect(await pending).toBe('disposed');
  expect(signIns.last.signal?.aborted).toBe(true);
  await auth.signOut();
  expect(revocations.calls).toEqual([]);
});

test('B36 the option isRejection decides where it answers true, and only there', async () => {
  const answers: unknown[] = [true, 'yes'];
  const results = await Promise.all(
    answers.map(answer => {
      const { auth } = signedIn({ renew: () => Promise.reject(unavailable()), isRejection: () => answer as boolean });
      return outcome(auth.renew());
    }),
  );
  expect(results).toEqual(['sessionExpired', 'unavailable']);
});
