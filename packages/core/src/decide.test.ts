import { expect, test, vi } from 'vitest';
import { current, minutes, outcome, refusal, settled, signedIn, success } from '../test/scriptedProvider.ts';
import { TokenError } from './errors/tokenError.ts';
import type { TokenEvents } from './session/tokenEvents.ts';
import { defaultDialect } from './verdict/dialect.ts';
import type { MutationPolicy } from './verdict/mayRetry.ts';
import type { ResponseFacts } from './verdict/responseFacts.ts';

const refusedAtRoot = (field: string): Partial<ResponseFacts> => ({
  status: 200,
  data: { [field]: null },
  errors: [{ message: 'Unauthorized', path: [field], extensions: { code: 'UNAUTHENTICATED' } }],
});

test('B82 a refused query waits for the renewal and is retried with the successor', async () => {
  const { auth, A, renewals, events, eventPayloads } = signedIn();
  const retry = auth.settle(refusal(A));
  await settled();
  expect(renewals.calls.map(({ argument }) => [argument.reason, argument.current])).toEqual([['refused', A]]);
  await renewals.last.answer({ accessToken: 'B', expiresInS: 3600 });
  expect(await retry).toBe(auth.fresh());
  expect(current(auth).accessToken).toBe('B');
  expect(events).toEqual(['refused', 'renewed', 'retried']);
  expect(eventPayloads.map(event => 'sessionId' in event && event.sessionId)).toEqual([
    A.sessionId,
    A.sessionId,
    A.sessionId,
  ]);
});

test('B82 an answer with data is settled synchronously, without a renewal, event or timer', async () => {
  const { auth, A, clock, renewals, events } = signedIn();
  await settled();
  const before = clock.nowCalls;
  expect(auth.settle(success(A))).toBeUndefined();
  expect(auth.settle(success(A, { kind: 'mutation' }))).toBeUndefined();
  expect(auth.settle(success(A, { kind: 'subscription', data: undefined }))).toBeUndefined();
  expect([clock.nowCalls, clock.timers, renewals.calls.length, events.length]).toEqual([before, [], 0, 0]);
});

test('B81 a refusal of an anonymous operation is delivered unchanged', async () => {
  const { auth, renewals, events } = signedIn();
  expect(auth.settle(refusal(null))).toBeUndefined();
  await auth.signOut();
  expect(auth.settle(refusal(null))).toBeUndefined();
  expect(renewals.calls).toHaveLength(0);
  expect(events).toEqual(['signedOut']);
});

test.each<readonly [Partial<ResponseFacts>, (keyof TokenEvents)[]]>([
  [{ status: 403 }, ['forbidden']],
  [{ status: 401, challenge: 'Bearer error="insufficient_scope", scope="admin"' }, ['forbidden']],
  [{ status: 401, challenge: 'Bearer error="insufficient_user_authentication", max_age="5"' }, ['stepUp']],
  [{ status: 200, errors: [{ extensions: { code: 'FORBIDDEN' } }] }, ['forbidden']],
  [{ status: 500, errors: [{ message: 'Internal server error' }] }, []],
  [{ status: 400, errors: [{ message: 'Unauthorized field' }] }, []],
])('B83 %j is delivered without a renewal', (facts, expected) => {
  const { auth, A, renewals, events } = signedIn();
  expect(auth.settle(refusal(A, facts))).toBeUndefined();
  expect(renewals.calls).toHaveLength(0);
  expect(events).toEqual(expected);
});

test('CHL-03 a refused operation without a token set emits no event', () => {
  const { auth, events } = signedIn();
  expect(auth.settle(refusal(null, { status: 403 }))).toBeUndefined();
  expect(events).toEqual([]);
});

test.each<readonly [string, Partial<ResponseFacts>, string | undefined]>([
  ['of a challenge with the error', { challenge: 'Bearer error="insufficient_scope", scope="a b"' }, 'a b'],
  ['of a challenge without an error', { challenge: 'DPoP realm="api", scope="a b"' }, 'a b'],
  [
    'of a challenge with GraphQL errors',
    { status: 401, errors: [{ extensions: { code: 'FORBIDDEN' } }], challenge: 'Bearer scope=a' },
    'a',
  ],
  [
    'of the challenge with insufficient_scope',
    { challenge: 'Bearer scope="a", DPoP error=insufficient_scope, scope="b"' },
    'b',
  ],
  ['of a challenge of another scheme', { challenge: 'Basic scope="a"' }, undefined],
  ['of a challenge with an empty scope', { challenge: 'Bearer error="insufficient_scope", scope=""' }, undefined],
  [
    'of a challenge with HTTP 200',
    { status: 200, errors: [{ extensions: { code: 'FORBIDDEN' } }], challenge: 'Bearer scope="a"' },
    undefined,
  ],
  ['of a response without a challenge', {}, undefined],
])('CHL-03 the payload of forbidden has the scope %s', (_, facts, scope) => {
  const { auth, A, clock, eventPayloads } = signedIn();
  void auth.settle(refusal(A, { status: 403, ...facts }));
  expect(eventPayloads).toEqual([{ at: clock.now(), sessionId: A.sessionId, scope }]);
});

const stepUp = 'Bearer error="insufficient_user_authentication", scope="a"';
type StepUpCase = readonly [string, Partial<TokenEvents['stepUp']>];
const invalidMaxAge = (maxAge: string): StepUpCase => [`${stepUp}, max_age="${maxAge}"`, {}];
test.each<StepUpCase>([
  [`${stepUp}, acr_values="gold silver", max_age="5"`, { acrValues: 'gold silver', maxAgeMs: 5_000 }],
  [`${stepUp}, max_age=0`, { maxAgeMs: 0 }],
  [`${stepUp}, max_age="9999999999"`, { maxAgeMs: 9_999_999_999_000 }],
  [`${stepUp}, max_age="10000000000"`, {}],
  [`${stepUp}, acr_values=""`, {}],
  [stepUp, {}],
  ...['-1', '1.5', '5s', '1e3', ' 5', '', 'Infinity', '0x10', '9'.repeat(400)].map(invalidMaxAge),
])('CHL-06 the payload of stepUp has the requirements of %s', (challenge, requirements) => {
  const { auth, A, clock, events, eventPayloads } = signedIn();
  expect(auth.settle(refusal(A, { challenge }))).toBeUndefined();
  expect(events).toEqual(['stepUp']);
  expect(eventPayloads).toEqual([{ at: clock.now(), sessionId: A.sessionId, ...requirements }]);
});

test('B84 fifty operations that are refused together share one renewal and are all retried', async () => {
  const { auth, A, renewals, events } = signedIn();
  const settle = async (index: number) => auth.settle(refusal(A, { operation: `query ${index}` }));
  const retries = Array.from({ length: 50 }, (_, index) => settle(index));
  await settled();
  await renewals.last.answer('B');
  expect((await Promise.all(retries)).every(tokens => tokens === auth.fresh())).toBe(true);
  expect(renewals.calls).toHaveLength(1);
  expect(events.filter(name => name === 'retried')).toHaveLength(50);
});

test('B85 the refused token of an operation that may not be retried is renewed', async () => {
  const { auth, A, renewals, events } = signedIn();
  const facts = refusal(A, {
    kind: 'mutation',
    status: 200,
    data: { a: 1, b: null },
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  expect(auth.settle(facts)).toBeUndefined();
  await settled();
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
  expect(events).toEqual(['refused', 'renewed']);
});

test('B85 a failed renewal for an operation that may not be retried causes no unhandled rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const { auth, A, renewals } = signedIn();
  expect(auth.settle(refusal(A, { kind: 'mutation' }), { mutations: 'never' })).toBeUndefined();
  await settled();
  await renewals.last.fail(new Error('offline'));
  expect(unhandled).not.toHaveBeenCalled();
  process.off('unhandledRejection', unhandled);
});

test('B86 when the renewal fails, the operation fails with its error and the redacted refusal', async () => {
  const { auth, A, renewals } = signedIn({}, { accessToken: 'canary-access' });
  const errors = [{ message: 'Expired: canary-access' }, {}, JSON.parse('null')];
  const failure = auth.settle(refusal(A, { errors }))?.catch((thrown: unknown) => thrown);
  await settled();
  await renewals.last.fail(new TokenError('unavailable', 'Busy.', { status: 503, retryAfterMs: 7_000 }));
  const error = await failure;
  expect(error).toBeInstanceOf(TokenError);
  expect(error).toMatchObject({
    code: 'unavailable',
    message: 'Busy.',
    status: 503,
    retryAfterMs: 7_000,
    cause: { code: 'unavailable' },
    refusal: { status: 401, messages: ['Expired: [redacted]', '', ''] },
  });
});

test('B86 the error of a transient failure has the status, the OAuth error and the Retry-After of the auth server', async () => {
  const { auth, A, renewals } = signedIn();
  const details = { status: 503, oauthError: 'temporarily_unavailable', retryAfterMs: 60_000 };
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Busy.', details)));
  await expect(auth.settle(refusal(A))).rejects.toMatchObject({ code: 'unavailable', ...details });
});

test('B86 the error of an operation has the code sessionExpired after a rejection, and keeps its cause', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => null);
  await expect(auth.settle(refusal(A))).rejects.toMatchObject({ code: 'sessionExpired', refusal: { status: 401 } });
  renewals.always(() => Promise.reject(new TypeError('fetch failed')));
  await auth.adopt('B');
  const failure = auth.settle(refusal(current(auth)));
  await expect(failure).rejects.toMatchObject({ cause: { name: 'TypeError', message: 'fetch failed' } });
});

test('B87 an operation that is torn down while it waits is not retried, and the renewal goes on', async () => {
  const { auth, A, renewals, events } = signedIn();
  const teardown = new AbortController();
  const retry = outcome(auth.settle(refusal(A), { signal: teardown.signal }) ?? Promise.resolve());
  await settled();
  teardown.abort();
  expect(await retry).toBe(teardown.signal.reason);
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
  expect(events).toEqual(['refused', 'renewed']);
});

test.each(['query', 'mutation'] as const)(
  'B88 a %s that was torn down before its refusal fails with the reason, and nothing is renewed',
  async kind => {
    const { auth, A, renewals, events } = signedIn();
    const facts = refusal(A, { kind, data: {} });
    expect(await outcome(auth.settle(facts, { signal: AbortSignal.abort('left') }) ?? Promise.resolve())).toBe('left');
    await settled();
    expect(renewals.calls).toHaveLength(0);
    expect(events).toEqual([]);
  },
);

test.each<readonly [MutationPolicy, string, Partial<ResponseFacts>, boolean]>([
  ['safe', '401', {}, true],
  ['proven', '401', {}, true],
  ['never', '401', {}, false],
  ['always', '401', {}, true],
  ['safe', 'errors at each root field', refusedAtRoot('pay'), true],
  ['proven', 'errors at each root field', refusedAtRoot('pay'), false],
  ['always', 'an error below a root field', { ...refusedAtRoot('pay'), data: { pay: { id: 1 } } }, true],
  ['safe', 'an error below a root field', { ...refusedAtRoot('pay'), data: { pay: { id: 1 } } }, false],
])('B89 with mutations "%s" and a refusal by %s, a mutation is retried: %o', async (mutations, _, facts, isRetried) => {
  for (const kind of ['mutation', 'unknown'] as const) {
    const { auth, A, renewals } = signedIn();
    renewals.always(() => 'B');
    const retry = auth.settle(refusal(A, { kind, data: undefined, ...facts }), { mutations });
    expect(retry !== undefined).toBe(isRetried);
    if (isRetried) expect((await retry)?.accessToken).toBe('B');
    await settled();
    expect(renewals.calls).toHaveLength(1);
  }
});

test('B89 the default of mutations is "safe"', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(A, { kind: 'mutation', ...refusedAtRoot('pay') })))?.accessToken).toBe('B');
});

test('the dialect of the adapter takes precedence over that of the provider', async () => {
  const { auth, A, renewals } = signedIn({
    dialect: { codes: {}, statuses: { 418: 'unauthenticated' }, messages: {} },
  });
  renewals.always(() => `token-${renewals.calls.length}`);
  expect(auth.settle(refusal(A))).toBeUndefined();
  expect((await auth.settle(refusal(A, { status: 418 })))?.accessToken).toBe('token-1');
  const B = current(auth);
  void auth.settle(success(B));
  expect(auth.settle(refusal(B, { status: 418 }), { dialect: defaultDialect })).toBeUndefined();
  expect((await auth.settle(refusal(B), { dialect: defaultDialect }))?.accessToken).toBe('token-2');
});

test('B95 an operation with a consumed body fails, and its refused token is renewed', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  await expect(auth.settle(refusal(A, { isConsumed: true }))).rejects.toMatchObject({
    code: 'notRetryable',
    refusal: { status: 401 },
  });
  await settled();
  expect(current(auth).accessToken).toBe('B');
});

test('B95 the refusal of a mutation with a consumed body is delivered when it may not be retried', () => {
  const { auth, A } = signedIn();
  expect(auth.settle(refusal(A, { kind: 'mutation', isConsumed: true }), { mutations: 'never' })).toBeUndefined();
});

test('B101 a dialect that throws fails only that operation, with misconfigured', async () => {
  const { auth, A, renewals } = signedIn();
  const broken = {
    ...defaultDialect,
    judge() {
      throw new Error('A bug.');
    },
  };
  await expect(auth.settle(refusal(A), { dialect: broken })).rejects.toMatchObject({
    code: 'misconfigured',
    cause: { message: 'A bug.' },
  });
  renewals.always(() => 'B');
  expect((await auth.settle(refusal(A)))?.accessToken).toBe('B');
});

test('B101 a dialect that throws on an anonymous operation fails only that operation', async () => {
  const { auth } = signedIn();
  const judge = () => {
    throw new Error('A bug.');
  };
  const failure = auth.settle(refusal(null), { dialect: { ...defaultDialect, judge } });
  await expect(failure).rejects.toMatchObject({ code: 'misconfigured', cause: { message: 'A bug.' } });
});

test('B41 an answer after the sign-out fails with signedOut', async () => {
  const { auth, A } = signedIn();
  await auth.signOut();
  expect(await outcome(auth.settle(success(A)) ?? Promise.resolve('delivered'))).toBe('signedOut');
});

test('B10 signOut from a listener of refused fails the operation with signedOut', async () => {
  const { auth, A, renewals } = signedIn();
  auth.on('refused', () => void auth.signOut());
  expect(await outcome(auth.settle(refusal(A)) ?? Promise.resolve('delivered'))).toBe('signedOut');
  expect(renewals.calls).toHaveLength(0);
});

test('B12 operations refused with the same token set stand in one list, in their order, until its renewal ends', async () => {
  const { auth, A, renewals } = signedIn();
  const answered: string[] = [];
  const refuse = (name: string) =>
    auth.decide({ ...refusal(A), resume: () => answered.push(name), fail: () => answered.push(name) }, {});
  expect(['one', 'two'].map(refuse)).toEqual(['wait', 'wait']);
  const { list } = [...auth.manager().refused.values()][0] ?? {};
  await settled();
  expect([refuse('three'), list?.waiters.length, renewals.calls.length]).toEqual(['wait', 3, 1]);
  await renewals.last.fail(new TokenError('unavailable', 'Unreachable.'));
  expect(answered).toEqual(['one', 'two', 'three']);
  expect(auth.manager().refused.size).toBe(0);
  expect(refuse('four')).toBe('wait');
  expect(auth.manager().refused.get(A)?.list).not.toBe(list);
});

test('B93 a subscription is resubscribed each time its token expires after data', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => `token-${renewals.calls.length}`);
  let tokens = A;
  for (let round = 1; round <= 3; round++) {
    void auth.settle(success(tokens, { kind: 'subscription' }));
    clock.jump(10 * minutes);
    const retry = await auth.settle(refusal(tokens, { kind: 'subscription', delivered: true }));
    expect(retry?.accessToken).toBe(`token-${round}`);
    if (retry) tokens = retry;
  }
});

test('B93 the second refusal of a subscription without data in between is delivered', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  const B = (await auth.settle(refusal(A, { kind: 'subscription' }))) ?? null;
  expect(auth.settle(refusal(B, { kind: 'subscription', retried: true }))).toBeUndefined();
});

test('B94 a query of which a part was delivered is not retried, but its token is renewed', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  expect(auth.settle(refusal(A, { delivered: true }))).toBeUndefined();
  await settled();
  expect(current(auth).accessToken).toBe('B');
});

test('with renewal "never" a refusal is delivered, and refused is emitted', () => {
  const { auth, A, renewals, events } = signedIn({ renewal: 'never' });
  expect(auth.settle(refusal(A))).toBeUndefined();
  expect(renewals.calls).toHaveLength(0);
  expect(events).toEqual(['refused']);
});

test('an operation whose refusal is about something else has it delivered, and its token is kept', () => {
  const { auth, A, renewals, events } = signedIn({ receive: headers => headers.get('x-token') });
  const response = () => ({ headers: new Headers({ 'x-token': 'B' }), url: '', redirected: false });
  expect(auth.settle(refusal(A, { auth: 'unjudged', status: 403 }))).toBeUndefined();
  expect(auth.settle(refusal(A, { auth: 'unjudged', response }))).toBeUndefined();
  expect(renewals.calls).toHaveLength(0);
  expect(events).toEqual(['renewed']); // the API has sent a new token
});

test('B17 an operation is not retried when the retry of one before has signed out', async () => {
  const { auth, A, renewals, events } = signedIn();
  const log: unknown[] = [];
  const first = { resume: () => void auth.signOut(), fail: (error: unknown) => log.push(error) };
  const second = { resume: () => log.push('retried'), fail: (error: unknown) => log.push(error) };
  for (const attempt of [first, second]) auth.decide({ ...refusal(A), ...attempt }, {});
  await settled();
  await renewals.last.answer('B');
  expect(log).toEqual([expect.objectContaining({ code: 'signedOut' })]);
  expect(events).toEqual(['refused', 'refused', 'renewed', 'retried', 'signedOut']);
});

test('B17 an operation is not retried when a listener of retried has signed out', async () => {
  const { auth, A, renewals } = signedIn();
  auth.on('retried', () => void auth.signOut());
  const retry = outcome(auth.settle(refusal(A)) ?? Promise.resolve());
  await settled();
  await renewals.last.answer('B');
  expect(await retry).toBe('signedOut');
});

test('B11 the answer is delivered when a listener of its verdict has disposed of the manager', () => {
  const { auth, A } = signedIn();
  auth.on('forbidden', () => auth.dispose());
  expect(auth.settle(refusal(A, { status: 403 }))).toBeUndefined();
});

test('B102 no timer is left when refused operations were retried', async () => {
  const { auth, A, clock, renewals } = signedIn();
  const retry = auth.settle(refusal(A));
  await settled();
  expect(clock.timers).toHaveLength(2);
  await renewals.last.answer('B');
  await retry;
  expect(clock.timers).toEqual([]);
});

test('B12 the document of an operation is not asked for before a refusal has outlived a renewal', async () => {
  const { auth, A, renewals } = signedIn();
  renewals.always(() => 'B');
  const attempt = (facts: Partial<ResponseFacts>, resume: (tokens: unknown) => void = () => {}) =>
    Object.defineProperty({ ...refusal(A), ...facts, resume, fail: expect.unreachable }, 'operation', {
      get: () => expect.unreachable('An adapter would have to parse it.'),
    });
  expect(auth.decide(attempt({ status: 200, data: {} }), {})).toBeUndefined();
  const tokens = await new Promise(resume => auth.decide(attempt({}, resume), {}));
  expect(tokens).toMatchObject({ accessToken: 'B' });
});
