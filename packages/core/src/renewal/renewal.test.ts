import { expect, test } from 'vitest';
import { current, fakeClock, hours, outcome, refusal, settled, signedIn } from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';

const nothingToRenewWith = () => Promise.reject(new TokenError('noProgress'));

test.each([
  [3_999, true],
  [4_000, false],
])('B13 when the last timer of a token request fires after %i ms, its time is up: %s', async (ms, isAborted) => {
  const { auth, clock, renewals } = signedIn({ renewTimeoutMs: 3_000 });
  void outcome(auth.renew());
  await clock.advance(6_000); // the timer of the next 3 s is set
  clock.jump(ms);
  await clock.advance(0);
  expect(renewals.last.signal?.aborted).toBe(isAborted);
  await clock.advance(1_000);
  expect([renewals.last.signal?.aborted, clock.timers]).toEqual([true, []]);
});

test('B51 a token request ends in its time when the clock is set back meanwhile', async () => {
  const timers = fakeClock();
  let offset = 0;
  const clock = { ...timers, now: () => timers.now() + offset };
  const { auth, renewals } = signedIn({ clock, renewTimeoutMs: 3_000 });
  void outcome(auth.renew());
  await settled();
  offset = -hours;
  await timers.advance(11_999);
  expect(renewals.last.signal?.aborted).toBe(false);
  await timers.advance(1);
  expect(renewals.last.signal?.aborted).toBe(true);
});

test.each([
  ['asked for', hours - 1, false, 'noProgress'],
  ['asked for', hours, false, 'sessionExpired'],
  ['refused', 0, true, 'sessionExpired'],
] as const)('B24 what nothing can renew, when %s %i ms after its receipt, ends so', async (_, ms, isRefused, code) => {
  const { auth, A, clock } = signedIn({ renew: nothingToRenewWith });
  clock.jump(ms);
  expect(await outcome(auth.renew(isRefused ? { refused: A } : {}))).toBe(code);
  expect(auth.state.status).toBe(code === 'noProgress' ? 'signedIn' : 'signedOut');
});

test('B56 a refresh token is sent before its end, and not at its end', async () => {
  for (const [ms, requests] of [
    [599_999, 1],
    [600_000, 0],
  ] as const) {
    const { auth, clock, renewals } = signedIn({}, { refreshExpiresInS: 600 });
    renewals.always(() => 'B');
    clock.jump(ms);
    await outcome(auth.renew());
    expect(renewals.calls).toHaveLength(requests);
  }
});

test('B30 a refresh token that comes with the refused access token is kept', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => ({ accessToken: 'A', refreshToken: 'rB' }));
  expect(await outcome(auth.renew({ refused: A }))).toBe('noProgress');
  expect(current(auth)).toMatchObject({ accessToken: 'A', refreshToken: 'rB', sessionId: A.sessionId });
});

test.each([
  ['states no refresh token', 'rA', 'C'],
  ['belongs to the grant before', 'rX', { accessToken: 'C', refreshToken: 'rC' }],
])('B104 what a response brings during a renewal stays when the answer %s', async (_, refreshToken, answer) => {
  const { auth, A, renewals } = signedIn({ receive: () => ({ accessToken: 'B', refreshToken }) });
  const renewal = outcome(auth.renew());
  await settled();
  const response = () => ({ headers: new Headers(), url: '', redirected: false });
  void auth.settle({ ...refusal(A), status: 200, data: { me: 'Ann' }, response });
  await renewals.last.answer(answer);
  expect(await renewal).toBe('B');
  expect(current(auth)).toMatchObject({ accessToken: 'B', refreshToken });
});
