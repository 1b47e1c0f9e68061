import { expect, test } from 'vitest';
import { neverDue, overdue, type Schedule } from '../tokens/schedule.ts';
import { type TokenSet, tokenSetOf } from '../tokens/tokenSet.ts';
import { type SessionEvent, type SessionState, type SignedIn, transition } from './sessionState.ts';

const tokens = (accessToken: string, sessionId = 'of-ann'): TokenSet =>
  tokenSetOf({
    sessionId,
    version: 1,
    accessToken,
    refreshToken: undefined,
    receivedAt: 0,
    expiresAt: undefined,
    refreshExpiresAt: undefined,
    subject: undefined,
  });
const A = tokens('A');
const B = tokens('B');
const ofBob = tokens('B', 'of-bob');
const due: Schedule = { from: 1, softAt: 2, hardAt: 3 };

const signedIn: SignedIn = { status: 'signedIn', tokens: A, schedule: due, maySignIn: true };
const waiting = (isRefused: boolean, isDoubted: boolean): SignedIn => ({
  ...signedIn,
  schedule: overdue,
  scheduleBefore: due,
  isRefused,
  isDoubted,
});
const without = (status: 'loading' | 'restoring' | 'signedOut', maySignIn = true): SessionState => ({
  status,
  maySignIn,
});
const disposed: SessionState = { status: 'disposed', maySignIn: false };

const begins = { tokens: B, schedule: neverDue, maySignIn: false };
const afterwards = { ...begins, status: 'signedIn' } as const;
const renewed: SessionEvent = { type: 'renewed', tokens: B, schedule: neverDue };

test.each<readonly [string, SessionState, SessionEvent, SessionState]>([
  ['a loaded session begins', without('loading'), { type: 'loaded', ...begins }, afterwards],
  ['a sign-in begins a session', signedIn, { type: 'signedIn', ...begins }, afterwards],
  ['a renewal', signedIn, renewed, { ...afterwards, maySignIn: true }],
  ['a renewal ends every wait', waiting(true, true), renewed, { ...afterwards, maySignIn: true }],
  ['a refusal', signedIn, { type: 'refused' }, waiting(true, false)],
  ['a refusal of what is doubted', waiting(false, true), { type: 'refused' }, waiting(true, true)],
  ['the end of a renewal that brought nothing', waiting(true, false), { type: 'kept' }, signedIn],
  ['the same, of what is doubted', waiting(true, true), { type: 'kept' }, waiting(false, true)],
  ['a doubt', signedIn, { type: 'doubted' }, waiting(false, true)],
  ['a doubt of what was refused', waiting(true, false), { type: 'doubted' }, waiting(true, true)],
  ['a doubt without a session', without('signedOut'), { type: 'doubted' }, without('loading')],
  ['the end of a doubt', waiting(false, true), { type: 'certain' }, signedIn],
  ['the same, of what was refused', waiting(true, true), { type: 'certain' }, waiting(true, false)],
  ['a store that holds nothing', without('loading', false), { type: 'certain' }, without('signedOut', false)],
  ['a restore', without('signedOut'), { type: 'restoring' }, without('restoring')],
  ['a sign-out', waiting(true, true), { type: 'signedOut', maySignIn: false }, without('signedOut', false)],
  ['dispose', signedIn, { type: 'disposed' }, disposed],
])('%s changes the state', (_, state, event, next) => {
  expect(transition(state, event)).toStrictEqual(next);
});

test.each<readonly [string, SessionState, SessionEvent]>([
  ['a renewal of another session', signedIn, { ...renewed, tokens: ofBob }],
  ['a renewal without a session', without('signedOut'), renewed],
  ['a second refusal', waiting(true, false), { type: 'refused' }],
  ['a refusal without a session', without('restoring'), { type: 'refused' }],
  ['the end of a renewal that nobody waits for', signedIn, { type: 'kept' }],
  ['the end of a renewal without a session', without('restoring'), { type: 'kept' }],
  ['the end of a doubt that nobody has', signedIn, { type: 'certain' }],
  ['a store that answers after a sign-out', without('signedOut'), { type: 'certain' }],
  ['a store that answers during a restore', without('restoring'), { type: 'certain' }],
  ['a sign-in after dispose', disposed, { type: 'signedIn', ...begins }],
])('%s changes nothing', (_, state, event) => {
  expect(transition(state, event)).toBe(state);
});
