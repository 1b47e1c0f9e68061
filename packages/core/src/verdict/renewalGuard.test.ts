import { expect, test } from 'vitest';
import { minutes, refusal, signedIn, success } from '../../test/scriptedProvider.ts';
import { tokenSetOf } from '../tokens/tokenSet.ts';
import { isUseless, noRefusals, noteAccepted, noteRefused, noteSuccessor } from './renewalGuard.ts';

/** What is remembered of the refusals of a session, whose token set is A. */
function remembered() {
  const { auth, A, clock } = signedIn({ cooldownMs: 2_000 });
  const { session } = auth.manager();
  const history = noRefusals();
  const outlive = () => noteRefused(history, session, refusal(A, { retried: true }));
  const isPaused = () => isUseless(history, session, refusal(A));
  return { A, clock, session, history, outlive, isPaused };
}

test('B29 an operation whose refusal outlived a renewal causes none during the pause', () => {
  const { clock, outlive, isPaused } = remembered();
  expect(isPaused()).toBe(false);
  outlive();
  clock.jump(1_999);
  expect(isPaused()).toBe(true);
  clock.jump(1);
  expect(isPaused()).toBe(false);
});

test.each([
  [5 * minutes - 1, 4_000],
  [5 * minutes, 2_000],
])('B29 the next refusal, %i ms after the end of the pause, makes a pause of %i ms', (later, pause) => {
  const { clock, outlive, isPaused } = remembered();
  outlive();
  clock.jump(2_000 + later);
  outlive();
  clock.jump(pause - 1);
  expect(isPaused()).toBe(true);
  clock.jump(1);
  expect(isPaused()).toBe(false);
});

test('B29 a token set that an operation was accepted with, or another one, is not on trial', () => {
  const { A, session, history, isPaused } = remembered();
  noteSuccessor(history, session, A);
  expect(isPaused()).toBe(true);
  const other = tokenSetOf({ ...A, accessToken: 'other', refreshToken: 'rA' });
  expect(isUseless(history, session, refusal(other))).toBe(false);
  noteAccepted(history, session, success(A));
  expect(isPaused()).toBe(false);
});

test.each([
  [5 * minutes - 1, 1],
  [5 * minutes, 0],
])(
  'B93 the eleventh new token set that is refused early on a stream, %i ms after the first: %i are remembered',
  (later, size) => {
    const { A, clock, session, history } = remembered();
    const refuseNew = (accessToken: string) => {
      const tokens = tokenSetOf({ ...A, accessToken, refreshToken: 'rA' });
      noteSuccessor(history, session, tokens);
      noteRefused(history, session, refusal(tokens, { kind: 'subscription', delivered: true }));
    };
    for (let time = 1; time <= 10; time++) refuseNew(`new-${time}`);
    expect(history.stubborn.size).toBe(0);
    clock.jump(later);
    refuseNew('new-11');
    expect(history.stubborn.size).toBe(size);
  },
);
