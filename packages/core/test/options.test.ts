import { expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { type PlainStore, sharedSession } from '../src/store/sharedSession.ts';
import { longestTimerMs } from '../src/time/clock.ts';
import type { TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import { memoryStore } from './memoryStore.ts';
import { outcome, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';

const renew = () => null;
const signIn = () => null;
const { lock, ...unlocked } = memoryStore();

/** Options that the types forbid, as a JavaScript program can pass them. */
const untyped = (name: string, value: unknown): Partial<TokenManagerOptions> => Object.fromEntries([[name, value]]);

const invalid: readonly (readonly [string, TokenManagerOptions, RegExp])[] = [
  ['neither renew nor signIn', {}, /"renew" nor "signIn".*Pass one/],
  [
    'a renew that is not a function',
    untyped('renew', Promise.resolve('A')),
    /"renew" must be a function.*Pass the function/,
  ],
  ['a signIn that is not a function', { renew, ...untyped('signIn', 'x') }, /"signIn" must be a function/],
  ['a signOut that is not a function', { renew, ...untyped('signOut', {}) }, /"signOut" must be a function/],
  [
    'a credentials that is not a function',
    { signIn, ...untyped('credentials', { password: 'canary' }) },
    /"credentials" must be a function/,
  ],
  ['a headers that is not a function', { renew, ...untyped('headers', {}) }, /"headers" must be a function/],
  ['a receive that is not a function', { renew, ...untyped('receive', 'x-token') }, /"receive" must be a function/],
  ['credentials without signIn', { renew, credentials: () => null }, /"credentials" needs "signIn".*Pass/],
  ['restore without renew', { signIn, restore: true }, /"restore" needs "renew".*Pass/],
  ['an unknown renewal', { renew, ...untyped('renewal', 'always') }, /"renewal" must be.*Leave it out/],
  ['the name of a dialect', { renew, ...untyped('dialect', 'hasura') }, /"dialect" must have "codes".*Spread/],
  ['a dialect without tables', { renew, ...untyped('dialect', {}) }, /"dialect" must have/],
  ['a clock without timers', { renew, ...untyped('clock', { now: () => 0 }) }, /"clock" must have.*Leave it out/],
  ['a store that is null', { renew, ...untyped('store', null) }, /"store" must be a function/],
  ['the name of a store', { renew, ...untyped('store', 'localStorage') }, /"store" must be a function/],
  ['a clock that is null', { renew, ...untyped('clock', null) }, /"clock" must have/],
  ['a dialect that is null', { renew, ...untyped('dialect', null) }, /"dialect" must have/],
  ['restore as a string', { renew, ...untyped('restore', 'yes') }, /"restore" must be true, false, or a function/],
  ['isRejection that is a list', { renew, ...untyped('isRejection', [404]) }, /"isRejection" must be a function/],
  ['no options', undefined as unknown as TokenManagerOptions, /no options.*Pass an object/],
  ['options that are null', null as unknown as TokenManagerOptions, /no options/],
  ['a function instead of options', renew as unknown as TokenManagerOptions, /no options/],
  [
    'renewAheadMs as a string',
    { renew, ...untyped('renewAheadMs', '60000') },
    /"renewAheadMs" must be a number.*Leave it out/,
  ],
  ['renewAheadMs below 0', { renew, renewAheadMs: -1 }, /"renewAheadMs"/],
  ['renewTimeoutMs that is NaN', { renew, renewTimeoutMs: Number.NaN }, /"renewTimeoutMs"/],
  ['cooldownMs that is infinite', { renew, cooldownMs: Number.POSITIVE_INFINITY }, /"cooldownMs"/],
  ['lockWaitMs longer than a timer', { renew, lockWaitMs: longestTimerMs + 1 }, /"lockWaitMs"/],
  [
    'lockWaitMs shorter than renewTimeoutMs',
    { renew, renewTimeoutMs: 2_000, lockWaitMs: 1_999 },
    /"lockWaitMs" is less.*Make it/,
  ],
  ['lockWaitMs shorter than the default of renewTimeoutMs', { renew, lockWaitMs: 9_999 }, /"lockWaitMs" is less/],
  [
    'a place that is not wrapped',
    { renew, ...untyped('store', { load: () => null, save: () => true }) },
    /"store" must be a function.*sharedSession\(\{ load, save \}\)/,
  ],
  [
    'exclusive with a store without a lock',
    { renew, exclusive: true, store: sharedSession(unlocked) },
    /"exclusive".*needs a store with a lock.*Pass "lock"/,
  ],
];
test.each(invalid)(
  '%s throws at construction, and the message names the option and the remedy',
  (_, options, message) => {
    const create = () => createTokenManager(options);
    expect(create).toThrow(TokenError);
    expect(create).toThrow(expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(message) }));
    expect(create).not.toThrow(/canary/);
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
