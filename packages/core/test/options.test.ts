import { expect, test, vi } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { keyValueStore } from '../src/store/keyValueStore.ts';
import { type PlainStore, sharedSession } from '../src/store/sharedSession.ts';
import { longestTimerMs } from '../src/time/clock.ts';
import type { TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import { defaultDialect } from '../src/verdict/dialect.ts';
import { memoryStore } from './memoryStore.ts';
import { outcome, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';

const renew = () => null;
const signIn = () => null;
const { lock, ...unlocked } = memoryStore();

/** Options that the types forbid, as a JavaScript program can pass them. */
const untyped = (name: string, value: unknown): Partial<TokenManagerOptions> => Object.fromEntries([[name, value]]);

const mustBeFunction = (name: string) =>
  `Option "${name}" must be a function. Pass the function itself, not its result.`;
const mustBeTime = (name: string) =>
  `Option "${name}" must be a number of milliseconds from 0 to 2147483647. Leave it out for the default.`;
const noOptions =
  'There are no options. Pass an object with "renew" or "signIn", or a provider: createTokenManager(oli({ … })).';
const storeMustBeFunction =
  'Option "store" must be a function. Pass keyValueStore(…) or sharedSession({ load, save }), or leave it out to keep the token set in memory.';
const wrongDialect =
  'Option "dialect" must have "codes", "statuses" and "messages". Spread one that has: { ...defaultDialect, … }.';
const wrongClock =
  'Option "clock" must have the functions "now", "setTimeout" and "clearTimeout". Leave it out for the system\'s.';
const shortLockWait =
  'Option "lockWaitMs" is less than "renewTimeoutMs". Make it at least as long: the holder of the lock may need that time.';
const clock = { now: () => 0, setTimeout: () => 0, clearTimeout() {} };
const { codes, statuses, messages } = defaultDialect;

const invalid: readonly (readonly [string, TokenManagerOptions, string])[] = [
  [
    'neither renew nor signIn',
    {},
    'Neither "renew" nor "signIn" is given. Pass one, or spread a provider: createTokenManager({ ...oli({ … }) }).',
  ],
  ['a renew that is not a function', untyped('renew', Promise.resolve('A')), mustBeFunction('renew')],
  ['a signIn that is not a function', { renew, ...untyped('signIn', 'x') }, mustBeFunction('signIn')],
  ['a signOut that is not a function', { renew, ...untyped('signOut', {}) }, mustBeFunction('signOut')],
  [
    'a credentials that is not a function',
    { signIn, ...untyped('credentials', { password: 'canary' }) },
    mustBeFunction('credentials'),
  ],
  ['a headers that is not a function', { renew, ...untyped('headers', {}) }, mustBeFunction('headers')],
  ['isRejection that is a list', { renew, ...untyped('isRejection', [404]) }, mustBeFunction('isRejection')],
  ['a waitUntil that is not a function', { renew, ...untyped('waitUntil', {}) }, mustBeFunction('waitUntil')],
  [
    'a receive that is not a function',
    { renew, ...untyped('receive', 'x-token') },
    'Option "receive" must be a function. Pass headerReceiver(fn).',
  ],
  ['a store that is null', { renew, ...untyped('store', null) }, storeMustBeFunction],
  ['the name of a store', { renew, ...untyped('store', 'localStorage') }, storeMustBeFunction],
  [
    'a place that is not wrapped',
    { renew, ...untyped('store', { load: () => null, save: () => true }) },
    storeMustBeFunction,
  ],
  [
    'the function that makes a store',
    { renew, ...untyped('store', keyValueStore) },
    'Option "store" is a function that makes one. Call it: store: keyValueStore("auth", localStorage).',
  ],
  [
    'credentials without signIn',
    { renew, credentials: () => null },
    'Option "credentials" needs "signIn". Pass the function that signs in with them.',
  ],
  [
    'restore without renew',
    { signIn, restore: true },
    'Option "restore" needs "renew". Pass the function that answers a token after a reload.',
  ],
  [
    'restore as a string',
    { renew, ...untyped('restore', 'yes') },
    'Option "restore" must be true, false, or a function that answers whether somebody was signed in. Leave it out to start signed out.',
  ],
  [
    'rotates as a string',
    { renew, ...untyped('rotates', 'no') },
    'Option "rotates" must be true or false. Leave it out where a renewal may replace the refresh token.',
  ],
  ['exclusive as a string', { renew, ...untyped('exclusive', 'no') }, 'Option "exclusive" must be true or false.'],
  [
    'an unknown renewal',
    { renew, ...untyped('renewal', 'always') },
    'Option "renewal" must be "auto", "refused" or "never". Leave it out for "auto".',
  ],
  ['the name of a dialect', { renew, ...untyped('dialect', 'hasura') }, wrongDialect],
  ['a dialect that is null', { renew, ...untyped('dialect', null) }, wrongDialect],
  ['a dialect without codes', { renew, ...untyped('dialect', { statuses, messages }) }, wrongDialect],
  ['a dialect without statuses', { renew, ...untyped('dialect', { codes, messages }) }, wrongDialect],
  ['a dialect without messages', { renew, ...untyped('dialect', { codes, statuses }) }, wrongDialect],
  ['a clock that is null', { renew, ...untyped('clock', null) }, wrongClock],
  ['a clock without now', { renew, ...untyped('clock', { ...clock, now: 0 }) }, wrongClock],
  ['a clock without setTimeout', { renew, ...untyped('clock', { ...clock, setTimeout: undefined }) }, wrongClock],
  ['a clock without clearTimeout', { renew, ...untyped('clock', { ...clock, clearTimeout: undefined }) }, wrongClock],
  // wrong types, as JavaScript may pass them
  ['no options', undefined as unknown as TokenManagerOptions, noOptions],
  ['options that are null', null as unknown as TokenManagerOptions, noOptions],
  ['a function instead of options', renew as unknown as TokenManagerOptions, noOptions],
  ['renewAheadMs as a string', { renew, ...untyped('renewAheadMs', '60000') }, mustBeTime('renewAheadMs')],
  ['renewAheadMs below 0', { renew, renewAheadMs: -1 }, mustBeTime('renewAheadMs')],
  ['renewTimeoutMs that is NaN', { renew, renewTimeoutMs: Number.NaN }, mustBeTime('renewTimeoutMs')],
  ['cooldownMs that is infinite', { renew, cooldownMs: Number.POSITIVE_INFINITY }, mustBeTime('cooldownMs')],
  ['lockWaitMs longer than a timer', { renew, lockWaitMs: longestTimerMs + 1 }, mustBeTime('lockWaitMs')],
  ['lockWaitMs shorter than renewTimeoutMs', { renew, renewTimeoutMs: 2_000, lockWaitMs: 1_999 }, shortLockWait],
  ['lockWaitMs shorter than the default of renewTimeoutMs', { renew, lockWaitMs: 9_999 }, shortLockWait],
];
test.each(invalid)(
  '%s throws at construction, and the message names the option and the remedy',
  (_, options, message) => {
    const create = () => createTokenManager(options);
    expect(create).toThrow(TokenError);
    expect(create).toThrow(expect.objectContaining({ code: 'misconfigured', message }));
  },
);

test('exclusive with a store without a lock throws at construction, and the message names the option and the remedy', () => {
  const create = () => createTokenManager({ renew, exclusive: true, store: sharedSession(unlocked) });
  const message = expect.stringMatching(/"exclusive".*needs a store with a lock.*Pass "lock"/);
  expect(create).toThrow(expect.objectContaining({ code: 'misconfigured', message }));
});

test.each(['cooldownMs', 'renewAheadMs', 'renewTimeoutMs', 'lockWaitMs'])(
  '%s that no timer can have throws at construction, also in production',
  name => {
    vi.stubEnv('NODE_ENV', 'production');
    for (const ms of [-1, longestTimerMs + 1, Number.NaN]) {
      const create = () => createTokenManager({ renew, [name]: ms });
      expect(create).toThrow(
        expect.objectContaining({ code: 'misconfigured', message: 'The configuration is wrong.' }),
      );
    }
    vi.unstubAllEnvs();
  },
);

test.each([
  ['an object that is not a store', {}],
  ['a store without save', { load: () => null }],
  ['null', null],
  ['a name', 'localStorage'],
])('sharedSession throws for %s, and the message names the option and the remedy', (_, place) => {
  expect(() => sharedSession(place as PlainStore)).toThrow(
    expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(/"store" must have.*Pass/) }),
  );
});

const valid: readonly (readonly [string, TokenManagerOptions])[] = [
  ['only renew', { renew }],
  ['only signIn', { signIn }],
  ['credentials with signIn', { renew, signIn, credentials: () => null, initial: null }],
  ['restore that is false', { renew, restore: false }],
  ['restore as a hint', { renew, restore: () => false }],
  ['restore without renew, with renewal "never"', { renewal: 'never', restore: () => false }],
  ['rotates and exclusive', { renew, rotates: false, exclusive: false }],
  ['renewal "auto"', { renew, renewal: 'auto' }],
  ['renewal "refused"', { renew, renewal: 'refused' }],
  ['a clock', { renew, clock }],
  ['a dialect', { renew, dialect: defaultDialect }],
  ['neither renew nor signIn, with renewal "never"', { renewal: 'never' }],
  ['zero for each duration', { renew, renewAheadMs: 0, renewTimeoutMs: 0, lockWaitMs: 0, cooldownMs: 0 }],
  ['the longest durations', { renew, renewTimeoutMs: longestTimerMs, lockWaitMs: longestTimerMs }],
  ['exclusive without a store', { renew, exclusive: true }],
  ['exclusive with a store that has a lock', { renew, exclusive: true, store: sharedSession(memoryStore()) }],
  [
    'exclusive with a store that no one else uses',
    { renew, exclusive: true, store: sharedSession({ ...unlocked, lock: run => run() }) },
  ],
];
test.each(valid)('%s is valid', (_, options) => {
  expect(createTokenManager(options).fresh()).toBeNull();
  expect(lock).toBeDefined();
});

test('no timer is longer than the longest, also by the defaults of other options', async () => {
  const store: PlainStore = { ...memoryStore(), lock: () => new Promise(() => {}) };
  const { auth, clock } = signedIn({ renewTimeoutMs: longestTimerMs, store });
  await settled();
  void outcome(auth.renew());
  await settled();
  expect(new Set(clock.timers)).toEqual(new Set([longestTimerMs]));
});

test('construction loads from the store, and starts no renewal, save or timer', async () => {
  const store: PlainStore = { load: () => null, save: () => expect.unreachable() };
  const { clock, renewals, events } = scriptedProvider({ store });
  await settled();
  expect([clock.timers, renewals.calls, events]).toEqual([[], [], []]);
});

test('signIn() without the option fails with misconfigured, and the message names the option', async () => {
  const auth = createTokenManager({ renew });
  await expect(auth.signIn({})).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('"signIn"'),
  });
});
