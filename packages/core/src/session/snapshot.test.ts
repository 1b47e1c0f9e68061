import { expect, test } from 'vitest';
import { TokenError } from '../errors/tokenError.ts';
import { neverDue } from '../tokens/schedule.ts';
import { type TokenSet, tokenSetOf } from '../tokens/tokenSet.ts';
import type { SessionState } from './sessionState.ts';
import { snapshotOf } from './snapshot.ts';

const tokens = (fields: Partial<TokenSet> = {}): TokenSet =>
  tokenSetOf({
    sessionId: 'of-ann',
    version: 1,
    accessToken: 'A',
    refreshToken: undefined,
    receivedAt: 0,
    expiresAt: 7,
    refreshExpiresAt: undefined,
    subject: undefined,
    ...fields,
  });
const signedIn = (fields?: Partial<TokenSet>): SessionState => ({
  status: 'signedIn',
  tokens: tokens(fields),
  schedule: neverDue,
  maySignIn: false,
});
const error = new TokenError('unavailable');

test.each<readonly [string, SessionState, object]>([
  ['a user', signedIn(), { status: 'signedIn', sessionId: 'of-ann', expiresAt: 7 }],
  ['a user whose token states no end', signedIn({ expiresAt: undefined }), { status: 'signedIn', sessionId: 'of-ann' }],
  ['a guest', signedIn({ isGuest: true }), { status: 'signedOut' }],
  ['nobody', { status: 'signedOut', maySignIn: false }, { status: 'signedOut' }],
  ['nobody yet, with credentials', { status: 'signedOut', maySignIn: true }, { status: 'unknown' }],
  ['a store that has not answered', { status: 'loading', maySignIn: false }, { status: 'unknown' }],
  ['a restore', { status: 'restoring', maySignIn: false }, { status: 'unknown' }],
  ['dispose', { status: 'disposed', maySignIn: false }, { status: 'signedOut' }],
])('the snapshot of %s', (_, state, shown) => {
  expect(snapshotOf(undefined, state, false, undefined)).toStrictEqual({ ...shown, renewing: false });
  expect(snapshotOf(undefined, state, true, error)).toStrictEqual({ ...shown, renewing: true, error });
});

test('the snapshot is frozen, and the same until something that it shows has changed', () => {
  const last = snapshotOf(undefined, signedIn(), false, error);
  expect(Object.isFrozen(last)).toBe(true);
  expect(snapshotOf(last, signedIn({ version: 2, accessToken: 'B' }), false, error)).toBe(last);
  for (const next of [
    snapshotOf(last, { status: 'signedOut', maySignIn: false }, false, error),
    snapshotOf(last, signedIn({ sessionId: 'of-bob' }), false, error),
    snapshotOf(last, signedIn({ expiresAt: 8 }), false, error),
    snapshotOf(last, signedIn(), true, error),
    snapshotOf(last, signedIn(), false, undefined),
  ])
    expect(next).not.toBe(last);
});
