import { TokenError } from './errors/tokenError.ts';
import { longestTimerMs } from './time/clock.ts';
import type { TokenManagerOptions } from './tokenManagerOptions.ts';

type Check = (options: TokenManagerOptions<never>) => string | false | undefined;

const functions = [
  'renew',
  'signIn',
  'signOut',
  'credentials',
  'headers',
  'receive',
  'store',
  'isRejection',
  'waitUntil',
] as const;
const milliseconds = ['renewAheadMs', 'renewTimeoutMs', 'lockWaitMs', 'cooldownMs'] as const;

const hints: Partial<Record<(typeof functions)[number], string>> = {
  receive: 'Pass headerReceiver(fn).',
  store: 'Pass keyValueStore(…) or sharedSession({ load, save }), or leave it out to keep the token set in memory.',
};

const wrongFunction: Check = options => {
  const name = functions.find(key => options[key] !== undefined && typeof options[key] !== 'function');
  return name && `Option "${name}" must be a function. ${hints[name] ?? 'Pass the function itself, not its result.'}`;
};

const wrongTime: Check = options => {
  const isWrong = (value?: number) =>
    value !== undefined && !(Number.isFinite(value) && value >= 0 && value <= longestTimerMs);
  const name = milliseconds.find(key => isWrong(options[key]));
  return (
    name &&
    `Option "${name}" must be a number of milliseconds from 0 to ${longestTimerMs}. Leave it out for the default.`
  );
};

const wrongClock: Check = ({ clock }) =>
  clock !== undefined &&
  [clock?.now, clock?.setTimeout, clock?.clearTimeout].some(method => typeof method !== 'function') &&
  'Option "clock" must have the functions "now", "setTimeout" and "clearTimeout". Leave it out for the system\'s.';

const wrongDialect: Check = ({ dialect }) =>
  dialect !== undefined &&
  (!dialect?.codes || !dialect.statuses || !dialect.messages) &&
  'Option "dialect" must have "codes", "statuses" and "messages". Spread one that has: { ...defaultDialect, … }.';

const checks: readonly Check[] = [
  options =>
    (typeof options !== 'object' || options === null) &&
    'There are no options. Pass an object with "renew" or "signIn", or a provider: createTokenManager(oli({ … })).',
  wrongFunction,
  wrongTime,
  ({ renew, signIn, renewal }) =>
    !renew &&
    !signIn &&
    renewal !== 'never' &&
    'Neither "renew" nor "signIn" is given. Pass one, or spread a provider: createTokenManager({ ...oli({ … }) }).',
  ({ credentials, signIn }) =>
    credentials && !signIn && 'Option "credentials" needs "signIn". Pass the function that signs in with them.',
  ({ restore }) =>
    restore !== undefined &&
    typeof restore !== 'boolean' &&
    typeof restore !== 'function' &&
    'Option "restore" must be true, false, or a function that answers whether somebody was signed in. Leave it out to start signed out.',
  ({ rotates }) =>
    rotates !== undefined &&
    typeof rotates !== 'boolean' &&
    'Option "rotates" must be true or false. Leave it out where a renewal may replace the refresh token.',
  ({ restore, renew, renewal }) =>
    restore &&
    !renew &&
    renewal !== 'never' &&
    'Option "restore" needs "renew". Pass the function that answers a token after a reload.',
  ({ renewal = 'auto' }) =>
    !['auto', 'refused', 'never'].includes(renewal) &&
    'Option "renewal" must be "auto", "refused" or "never". Leave it out for "auto".',
  ({ exclusive }) =>
    exclusive !== undefined && typeof exclusive !== 'boolean' && 'Option "exclusive" must be true or false.',
  ({ store }) =>
    store?.length === 2 &&
    'Option "store" is a function that makes one. Call it: store: keyValueStore("auth", localStorage).',
  wrongDialect,
  wrongClock,
  ({ lockWaitMs, renewTimeoutMs = 10_000 }) =>
    (lockWaitMs ?? renewTimeoutMs) < renewTimeoutMs &&
    'Option "lockWaitMs" is less than "renewTimeoutMs". Make it at least as long: the holder of the lock may need that time.',
];

/**
 * Checks the options in development; a production build does not contain it.
 *
 * @throws TokenError `misconfigured`, naming the option and the remedy
 */
export function checkOptions(options: TokenManagerOptions<never>): void {
  for (const check of checks) {
    const message = check(options);
    if (message) throw new TokenError('misconfigured', message);
  }
}
