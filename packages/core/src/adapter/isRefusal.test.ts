import { expect, test } from 'vitest';
import { refusal, signedIn } from '../../test/scriptedProvider.ts';
import { type Dialect, defaultDialect } from '../verdict/dialect.ts';
import { isRefusal } from './isRefusal.ts';

const teapot: Dialect = { codes: {}, statuses: { 418: 'unauthenticated' }, messages: {} };

test('B82 isRefusal() tells whether an answer refuses the token, and changes nothing', () => {
  const { auth, A, renewals, events } = signedIn();
  expect(isRefusal(auth, refusal(A), {})).toBe(true);
  expect(isRefusal(auth, refusal(A, { status: 403 }), {})).toBe(false);
  expect(isRefusal(auth, refusal(A, { status: 500 }), {})).toBe(false);
  expect([renewals.calls.length, events]).toEqual([0, []]);
});

test('B82 isRefusal() does not concern an operation without a token, nor one whose refusal is about something else', () => {
  const { auth, A } = signedIn();
  expect(isRefusal(auth, refusal(null), {})).toBe(false);
  expect(isRefusal(auth, refusal(A, { auth: 'unjudged' }), {})).toBe(false);
  expect(isRefusal(auth, refusal(A, { auth: 'optional' }), {})).toBe(true);
});

test('B82 isRefusal() judges by the dialect of the adapter, else by that of the manager', () => {
  const { auth, A } = signedIn({ dialect: teapot });
  expect(isRefusal(auth, refusal(A, { status: 418 }), {})).toBe(true);
  expect(isRefusal(auth, refusal(A), {})).toBe(false);
  expect(isRefusal(auth, refusal(A), { dialect: defaultDialect })).toBe(true);
});

test('B101 isRefusal() of a dialect that throws is false: decide reports it', () => {
  const { auth, A } = signedIn();
  const judge = () => {
    throw new Error('A bug.');
  };
  expect(isRefusal(auth, refusal(A), { dialect: { ...defaultDialect, judge } })).toBe(false);
});
