import { expect, test } from 'vitest';
import { minutes, settled, signedIn } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import { waitInstead } from './waitInstead.ts';

const outage = new TokenError('unavailable');

/** A subscription that was refused with A, while the auth server is down. */
function scene() {
  const scripted = signedIn();
  scripted.renewals.always(() => Promise.reject(new Error('offline')));
  const seen: unknown[] = [];
  const attempt = {
    kind: 'subscription',
    sent: scripted.A,
    resume: (tokens: TokenSet | null) => void seen.push(tokens?.accessToken),
    fail: (error: unknown) => void seen.push(TokenError.is(error) ? error.code : error),
  } as const;
  return { ...scripted, attempt, seen };
}

test('B125 a subscription waits through an outage, and is resumed with the successor', async () => {
  const { auth, attempt, clock, renewals, seen } = scene();
  expect(waitInstead(auth, attempt, outage, {})).toBeTypeOf('function');
  await clock.advance(5 * minutes);
  expect(seen).toEqual([]);
  renewals.always(() => 'B');
  await clock.advance(minutes);
  expect(seen).toEqual(['B']);
});

test('B125 it fails with what is final, once', async () => {
  const { auth, attempt, clock, renewals, seen } = scene();
  waitInstead(auth, attempt, outage, {});
  await settled();
  renewals.always(() => null);
  await clock.advance(minutes);
  expect(seen).toEqual(['sessionExpired']);
});

test('B125 once it is stopped, nothing is called and no timer is left', async () => {
  const { auth, attempt, clock, seen } = scene();
  const stop = waitInstead(auth, attempt, outage, {});
  await settled();
  stop?.();
  await settled();
  expect([seen, clock.timers]).toEqual([[], []]);
});

test('B125 it leaves by the signal of its caller, with its reason', async () => {
  const { auth, attempt, seen } = scene();
  const controller = new AbortController();
  waitInstead(auth, attempt, outage, {}, controller.signal);
  await settled();
  controller.abort('gone');
  await settled();
  expect(seen).toEqual(['gone']);
});

test.each([
  ['a query', { kind: 'query' }, outage, {}],
  ['a mutation', { kind: 'mutation' }, outage, {}],
  ['another failure', {}, new TokenError('sessionExpired'), {}],
  ['an error of somebody else', {}, new Error('unavailable'), {}],
  ['the option', {}, outage, { subscriptions: 'fail' }],
] as const)('B86 it does not wait: %s', (_, facts, error, options) => {
  const { auth, attempt, renewals } = scene();
  expect(waitInstead(auth, { ...attempt, ...facts }, error, options)).toBeUndefined();
  expect(renewals.calls).toHaveLength(0);
});
