import { afterEach, expect, test, vi } from 'vitest';
import { allowedOrigins } from '../src/adapter/allowedOrigins.ts';
import { checkAttempt } from '../src/adapter/checkAttempt.ts';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError, type TokenErrorCode } from '../src/errors/tokenError.ts';
import { sharedSession } from '../src/store/sharedSession.ts';
import type { TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import { authServerError, readTokens } from '../src/tokens/readTokens.ts';
import { checkHeaders, createRequestHeaders, type TokenHeaders } from '../src/tokens/requestHeaders.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { memoryStore } from './memoryStore.ts';
import { entryOf, scriptedPlace } from './scriptedPlace.ts';
import { hours, refusal, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';

// The messages of the errors, as a developer reads them in a log.

const ann = { username: 'ann', password: 'password of Ann' };
const renew = () => null;
const down = () => Promise.reject(new Error('offline'));
const broken = () => {
  throw new Error('A bug.');
};

const errorOf = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const headersBy = (headers: (tokens: TokenSet) => TokenHeaders) => createRequestHeaders(headers)(signedIn().A);
const answered = (status: number, code?: string) => authServerError({ status, headers: new Headers(), code });

/** As in browsers of before 2022. */
const abortedWithoutReason = () => Object.defineProperty(AbortSignal.abort(), 'reason', { value: undefined });

const failures: readonly (readonly [TokenErrorCode, string, () => unknown])[] = [
  [
    'signedOut',
    'The session ended during the renewal.',
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
    'The session ended during the renewal.',
    async () => {
      const { auth } = signedIn();
      const renewalError = errorOf(auth.renew());
      await settled();
      await auth.adopt('B');
      return renewalError;
    },
  ],
  ['signedOut', 'Nobody is signed in.', () => errorOf(scriptedProvider().auth.renew())],
  ['signedOut', 'Nobody is signed in.', () => thrownBy(() => checkAttempt(null, 'required'))],
  [
    'signedOut',
    'The session that this operation belonged to has ended.',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return errorOf(auth.renew({ refused: A }));
    },
  ],
  [
    'signedOut',
    'The session that this operation belonged to has ended.',
    async () => {
      const { auth, A } = signedIn();
      await auth.adopt('B');
      return errorOf(auth.settle(refusal(A)));
    },
  ],
  [
    'sessionExpired',
    'The session has ended. Sign in again.',
    () => errorOf(signedIn({ renew: () => null }).auth.renew()),
  ],
  [
    'sessionExpired',
    'The auth server rejected the token request (invalid_grant).',
    () => answered(400, 'invalid_grant'),
  ],
  [
    'credentialsRejected',
    'The auth server rejected the credentials.',
    () => errorOf(signedIn({ signIn: () => null }).auth.signIn(ann)),
  ],
  [
    'misconfigured',
    'There is no option "signIn". Pass one, or use "adopt".',
    () => errorOf(createTokenManager({ renew }).signIn(ann)),
  ],
  [
    'misconfigured',
    'There is nothing to restore with. Pass the option "renew".',
    () => errorOf(createTokenManager({ signIn: () => null }).restore()),
  ],
  [
    'misconfigured',
    'Option "renewal" is "never". Leave it out to renew.',
    () => errorOf(createTokenManager({ renew, renewal: 'never' }).renew()),
  ],
  [
    'misconfigured',
    'Options "initial" and "store" exclude each other: the store holds the session. Leave one out.',
    () => thrownBy(() => createTokenManager({ renew, initial: 'A', store: sharedSession(memoryStore()) })),
  ],
  [
    'misconfigured',
    'Option "isRejection" threw.',
    () => errorOf(signedIn({ renew: down, isRejection: broken }).auth.renew()),
  ],
  ['misconfigured', 'Option "headers" threw.', () => thrownBy(() => headersBy(broken))],
  [
    'misconfigured',
    'Option "headers" must return headers synchronously. Return an object, not a promise.',
    () => thrownBy(() => headersBy(() => Promise.resolve({}) as never)),
  ],
  [
    'misconfigured',
    'Option "headers" does not make a valid header "x-key". Pass a non-empty string of ASCII characters without line breaks.',
    () => thrownBy(() => headersBy(() => ({ 'x-key': 'é' }))),
  ],
  [
    'misconfigured',
    'Option "apiKey" does not make a valid header "x-key". Pass a non-empty string of ASCII characters without line breaks.',
    () => thrownBy(() => checkHeaders({ 'x-key': '' }, 'Option "apiKey"')),
  ],
  [
    'misconfigured',
    'Option "origins" must be a list of absolute URLs. Write each out: https://….',
    () => thrownBy(() => allowedOrigins(['api.example'])),
  ],
  [
    'misconfigured',
    'The access token must not be empty, too long or hold characters that a header cannot carry. Pass the token alone, without scheme, quotes or line break.',
    () => errorOf(signedIn().auth.adopt('a b')),
  ],
  [
    'misconfigured',
    'The refresh token must be a string, got number. Pass the token alone, without scheme, quotes or line break.',
    () => errorOf(signedIn().auth.adopt({ accessToken: 'B', refreshToken: 7 as never })),
  ],
  [
    'misconfigured',
    'The access token must be a string, got null. Pass the token alone, without scheme, quotes or line break.',
    () => errorOf(signedIn().auth.adopt(null as never)),
  ],
  [
    'misconfigured',
    'The auth server does not accept this client (invalid_client).',
    () => answered(401, 'invalid_client'),
  ],
  [
    'misconfigured',
    'The token type is not "Bearer", the only one that is supported. Change the registration of the client.',
    () => errorOf(readTokens(Response.json({ access_token: 'A', token_type: 'DPoP' }))),
  ],
  [
    'misconfigured',
    'A callback threw while it read a response.',
    () => {
      const { auth, A } = signedIn({ receive: broken });
      const response = () => ({ headers: new Headers(), url: '', redirected: false });
      return errorOf(auth.settle({ ...refusal(A), status: 200, data: {}, response }));
    },
  ],
  [
    'unavailable',
    'The auth server could not be reached, or its answer could not be read.',
    () => errorOf(signedIn({ renew: () => Promise.reject(0) }).auth.renew()),
  ],
  ['unavailable', 'The auth server answered 503.', () => answered(503)],
  ['unavailable', 'The auth server answered 200 and null.', () => errorOf(readTokens(Response.json(null)))],
  ['unavailable', 'The auth server answered 200 without a token.', () => errorOf(readTokens(Response.json({})))],
  [
    'unavailable',
    'The provider answered no tokens. Return them, or null when the auth server rejected the request.',
    () => errorOf(signedIn({ renew: () => ({}) as never }).auth.renew()),
  ],
  [
    'unavailable',
    "The store's lock was lost before the token request was sent.",
    async () => {
      const place = scriptedPlace(entryOf());
      place.isHeld = () => false;
      const { auth } = scriptedProvider({ store: place.store });
      await auth.get();
      return errorOf(auth.renew());
    },
  ],
  [
    'unavailable',
    'Whether somebody is signed in is not known here: option "renewal" is "never". The page asks with "restore".',
    () => errorOf(createTokenManager({ restore: true, renewal: 'never' }).get()),
  ],
  [
    'unavailable',
    'The auth server did not answer in time. If the request goes through a client that waits for this token manager, mark it with auth: "omit".',
    async () => {
      const { auth, clock } = signedIn();
      const renewalError = errorOf(auth.renew());
      await clock.advance(hours);
      return renewalError;
    },
  ],
  [
    'noProgress',
    'The renewal answered the token that had just been refused.',
    async () => {
      const { auth, A } = signedIn({ renew: () => 'A' });
      return errorOf(auth.renew({ refused: A }));
    },
  ],
  [
    'noProgress',
    'There is nothing to renew this token with. It is used until it expires.',
    () => errorOf(signedIn({ renew: () => Promise.reject(new TokenError('noProgress', '')) }).auth.renew()),
  ],
  [
    'notRetryable',
    'The operation was refused, and its body is a stream, which cannot be sent twice.',
    async () => {
      const { auth, A } = signedIn();
      return errorOf(auth.settle(refusal(A, { isConsumed: true })));
    },
  ],
  [
    'aborted',
    'The caller stopped waiting for the token.',
    () => errorOf(signedIn().auth.renew({ signal: abortedWithoutReason() })),
  ],
  [
    'aborted',
    'Superseded by another sign-in or sign-out.',
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
    'The token manager was disposed of.',
    async () => {
      const { auth } = signedIn();
      const renewalError = errorOf(auth.renew());
      await settled();
      auth.dispose();
      return renewalError;
    },
  ],
];

afterEach(() => void vi.unstubAllEnvs());

test.each(failures)('the message of %s is: %s', async (code, message, fail) => {
  const error = await fail();
  expect(error).toBeInstanceOf(TokenError);
  expect(error).toMatchObject({ code, message });
});

const sentences: Readonly<Record<TokenErrorCode, string>> = {
  signedOut: 'Signed out.',
  sessionExpired: 'The session has expired.',
  credentialsRejected: 'The auth server rejected the credentials.',
  unavailable: 'The auth server is not available.',
  misconfigured: 'The configuration is wrong.',
  noProgress: 'The renewal answered no new token.',
  notRetryable: 'The operation cannot be sent again.',
  aborted: 'Aborted.',
  disposed: 'The token manager was disposed of.',
};

test.each(failures)('in production one sentence for %s stands in place of: %s', async (code, _, fail) => {
  vi.stubEnv('NODE_ENV', 'production');
  expect(await fail()).toMatchObject({ code, message: sentences[code] });
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
