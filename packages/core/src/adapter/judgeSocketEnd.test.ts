import { expect, test } from 'vitest';
import { minutes, signedIn } from '../../test/scriptedProvider.ts';
import { decideOnSocket, type EndedSocket, judgeSocketEnd } from './judgeSocketEnd.ts';

const closed = (code: number, reason = '') => ({ code, reason });

/** A socket with the token A of a session, and what follows its end. */
function scene() {
  const scripted = signedIn();
  const { auth, A, clock } = scripted;
  const operation = {};
  const socket: EndedSocket = { sent: A, how: undefined, hasData: false, acknowledgedAt: clock.now() };
  const judge = (event: unknown, seen: Partial<EndedSocket> = {}, options = {}, retries = 0) =>
    judgeSocketEnd(auth, { ...socket, ...seen }, event, options, retries, operation);
  return { ...scripted, judge };
}

test.each([
  ['4401', closed(4401), {}],
  ['4403', closed(4403), {}],
  ['4400 with an auth reason', closed(4400, 'Unauthorized'), {}],
  ['an upgrade that `ws` shows', closed(1006), { failure: { message: 'Unexpected server response: 401' } }],
  ['a connection_error', new Error('Invalid message'), { early: { message: 'Unauthorized' } }],
  ['a connection_error that is a string', new Error('Invalid message'), { early: 'Unauthorized' }],
])('B121 %s is a refusal: another socket waits for the successor', (_, event, seen) => {
  const { A, judge, renewals } = scene();
  expect(judge(event, seen).how).toEqual({ refused: A });
  expect(renewals.calls).toHaveLength(1);
});

test.each([1002, 1003, 1007, 1008, 1009, 1010, 1011, 1015, 4004, 4005, 4400, 4406, 4409, 4429, 4500])(
  'B122 %i is final, and nothing is renewed',
  code => {
    const { judge, renewals } = scene();
    expect(judge(closed(code))).toEqual({ failure: closed(code), retries: 0 });
    expect(renewals.calls).toHaveLength(0);
  },
);

test.each([1000, 1001, 1005, 1006, 1012, 1013, 1014, 3000, 4408, 4499, 4504])(
  'B125 after %i there is a pause',
  code => {
    const { judge, renewals } = scene();
    const { how, retries } = judge(closed(code), {}, {}, 2);
    expect(how?.pause).toBeGreaterThanOrEqual(4_300);
    expect(how?.pause).toBeLessThan(7_001);
    expect(retries).toBe(3);
    expect(renewals.calls).toHaveLength(0);
  },
);

test('B125 the pause is at most half a minute, and the one of the option where there is one', async () => {
  const { judge } = scene();
  expect(judge(closed(1006), {}, { retryAttempts: Number.POSITIVE_INFINITY }, 100).how?.pause).toBeLessThanOrEqual(
    30_000,
  );
  const waited: number[] = [];
  const retryWait = async (retries: number) => void waited.push(retries);
  const { pause } = judge(closed(1006), {}, { retryWait }, 3).how ?? {};
  await (pause as () => Promise<void>)();
  expect(waited).toEqual([3]);
});

test('B125 it is final after the last attempt, where shouldRetry is false, and for an error of the program', () => {
  const { judge } = scene();
  expect(judge(closed(1006), {}, {}, 5).how).toBeUndefined();
  expect(judge(closed(1006), {}, { shouldRetry: () => false }).how).toBeUndefined();
  expect(judge(new Error('First message cannot be of type next')).how).toBeUndefined();
});

test('a shouldRetry that throws does not count', () => {
  const { judge } = scene();
  const shouldRetry = () => {
    throw new Error('of the application');
  };
  expect(judge(closed(1006), {}, { shouldRetry }).how).toBeDefined();
});

test('B121 a refusal with the successor of a refused token set is final', () => {
  const { A, judge, renewals } = scene();
  expect(judge(closed(4401), { how: { refused: A } })).toEqual({ failure: closed(4401), retries: 0 });
  expect(renewals.calls).toHaveLength(0);
});

test('B126 it is the first one where the token set has proved itself: by data, by time, or to its end', () => {
  for (const prove of ['data', 'time', 'expiry']) {
    const { A, judge, clock } = scene();
    if (prove === 'time') clock.jump(2_000);
    if (prove === 'expiry') clock.jump(2 * 60 * minutes);
    const seen = {
      how: { refused: A },
      hasData: prove === 'data',
      ...(prove === 'expiry' && { acknowledgedAt: undefined }),
    };
    expect([prove, judge(closed(4401), seen, {}, 4)]).toEqual([
      prove,
      { how: { refused: A }, failure: closed(4401), retries: 0 },
    ]);
  }
});

test('B120 a token set that has expired is renewed before the next attempt, whatever closed the socket', () => {
  const { A, judge, clock } = scene();
  clock.jump(2 * 60 * minutes);
  expect(judge(closed(1006)).how).toEqual({ refused: A });
  expect(judge(closed(4429)).how).toBeUndefined();
});

test('what refuses the upgrade for good is delivered as it came', () => {
  const { A, judge } = scene();
  const failure = { message: 'Unexpected server response: 401' };
  expect(judge(closed(1006), { how: { refused: A }, failure })).toEqual({ failure, retries: 0 });
});

test('an answer over a socket: delivered, delivered with a socket to replace, or it waits', () => {
  const { auth, A } = scene();
  const errors = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];
  const facts = { sent: A, kind: 'mutation', operation: 'm', data: { a: 1 }, errors } as const;
  expect(decideOnSocket(auth, { ...facts, errors: [] }, {})).toBeUndefined();
  expect(decideOnSocket(auth, facts, { mutations: 'never' })).toBe('replace');
  expect(decideOnSocket(auth, { ...facts, kind: 'subscription' }, {})).toBe('replace'); // it is marked as delivered
  expect(decideOnSocket(auth, { ...facts, kind: 'subscription', errors: [{ ...errors[0] }] }, {})).toBe('wait');
});
