import { describe, expect, test } from 'vitest';
import { readTokens } from '../src/tokens/readTokens.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  jwt,
  outcome,
  refusal,
  scriptedProvider,
  settled,
  signedIn,
  success,
} from './scriptedProvider.ts';

const issuer = 'https://auth.example';
/** A token of a user; each call makes another. */
let made = 0;
const tokenOf = (sub: string, iss = issuer) => jwt({ iss, sub, jti: `${++made}` });
const lifetime = { expiresInS: 3600 };

/** Two ways to state a user. */
const statements: readonly (readonly [string, (user: string) => TokenParts])[] = [
  ['a JWT', user => ({ accessToken: tokenOf(user), ...lifetime })],
  ['the provider', user => ({ accessToken: `opaque-${++made}`, subject: user, ...lifetime })],
];

describe.each(statements)('B110 with users stated by %s', (_, of) => {
  test('a renewal for another user ends the session, and begins one of the other', async () => {
    const { auth, A, renewals, events, eventPayloads } = signedIn({}, of('ada'));
    const refused = outcome(auth.settle(refusal(A, { kind: 'mutation' })) as Promise<unknown>);
    const waiting = outcome(auth.get());
    const bob = of('bob');
    await renewals.last.answer(bob);
    expect(await refused).toBe('signedOut');
    expect(await waiting).toBe('signedOut');
    expect(current(auth).accessToken).toBe(bob.accessToken);
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(events).toEqual(['refused', 'signedOut', 'signedIn']);
    expect(eventPayloads[1]).toMatchObject({ sessionId: A.sessionId, reason: 'replaced' });
  });

  test('a renewal for the same user continues the session', async () => {
    const { auth, A, renewals, events } = signedIn({}, of('ada'));
    const refused = auth.settle(refusal(A)) as Promise<unknown>;
    await renewals.last.answer(of('ada'));
    expect(await refused).toBe(current(auth));
    expect(current(auth).sessionId).toBe(A.sessionId);
    expect(events).toEqual(['refused', 'renewed', 'retried']);
  });

  test('a renewal for a user that is not known continues the session, which stays the user’s', async () => {
    const { auth, A, renewals } = signedIn({}, of('ada'));
    for (const [answer, isOn] of [['opaque', true] as const, [of('ada'), true] as const, [of('bob'), false] as const]) {
      void outcome(auth.renew());
      await settled();
      await renewals.last.answer(answer);
      expect(current(auth).sessionId === A.sessionId).toBe(isOn);
    }
  });

  test('an unattended sign-in as another user ends the session', async () => {
    const credentials = () => ({ username: 'service', password: 'password' });
    const { auth, A, renewals, signIns, events } = signedIn({ credentials }, of('ada'));
    const refused = outcome(auth.settle(refusal(A)) as Promise<unknown>);
    await renewals.last.answer(null);
    await signIns.last.answer(of('bob'));
    expect(await refused).toBe('signedOut');
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(events).toEqual(['refused', 'signedOut', 'signedIn']);
  });

  test('the token of a response that is another user’s ends the session, and the response is not delivered', async () => {
    const bob = of('bob');
    const { auth, A, events } = signedIn({ receive: () => bob }, of('ada'));
    const response = { headers: new Headers(), url: 'https://api.example', redirected: false };
    expect(await outcome(auth.settle(success(A, { response: () => response })) as Promise<unknown>)).toBe('signedOut');
    expect(current(auth)).toMatchObject({ accessToken: bob.accessToken, version: 1 });
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(events).toEqual(['signedOut', 'signedIn']);
  });

  test('adopt of another user ends the session', async () => {
    const { auth, A, events } = signedIn({}, of('ada'));
    await auth.adopt(of('bob'));
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(events).toEqual(['signedOut', 'signedIn']);
  });

  test('signIn as the same user begins another session', async () => {
    const { auth, A, signIns, events } = signedIn({}, of('ada'));
    const signIn = auth.signIn({ username: 'ada', password: 'password' });
    await settled();
    await signIns.last.answer(of('ada'));
    await signIn;
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(events).toEqual(['signedOut', 'signedIn']);
  });

  test('B111 adopt of the same user continues the session: what is on its way is delivered, what waits goes on', async () => {
    const { auth, A, renewals, events } = signedIn({}, { ...of('ada') });
    const refused = outcome(auth.settle(refusal(A)) as Promise<unknown>);
    const next = of('ada');
    await auth.adopt(next);
    expect(current(auth)).toMatchObject({ sessionId: A.sessionId, version: 2, refreshToken: 'rA' });
    expect(auth.settle(success(A))).toBeUndefined();
    await renewals.last.answer(of('ada'));
    expect(await refused).toBe(next.accessToken);
    expect(current(auth).accessToken).toBe(next.accessToken);
    expect(events).toEqual(['refused', 'renewed', 'retried']);
  });

  test('the user is known again after a reload', async () => {
    const place = memoryStore();
    const { A } = signedIn({ store: place }, of('ada'));
    await settled();
    const { auth, renewals, events } = scriptedProvider({ store: place });
    expect((await auth.get())?.accessToken).toBe(A.accessToken);
    events.length = 0;
    void outcome(auth.renew());
    await settled();
    await renewals.last.answer(of('bob'));
    expect(events).toEqual(['signedOut', 'signedIn']);
    expect(place.stored()?.accessToken).toBe(current(auth).accessToken);
  });
});

test('B110 a renewal for another user does not keep the refresh token of the session before', async () => {
  const { auth, renewals } = signedIn({}, { accessToken: tokenOf('ada'), refreshToken: 'of-Ada' });
  void outcome(auth.renew());
  await settled();
  await renewals.last.answer(tokenOf('bob'));
  expect(current(auth).refreshToken).toBeUndefined();
});

test('B110 users of two issuers are two users', async () => {
  const { auth, A } = signedIn({}, { accessToken: tokenOf('ada') });
  await auth.adopt(tokenOf('ada', 'https://elsewhere.example'));
  expect(current(auth).sessionId).not.toBe(A.sessionId);
});

test.each([
  ['an empty subject', { sub: '' }],
  ['a subject that is neither a string nor a number', { sub: { id: 7 } }],
  ['no subject', {}],
])(
  'B110 %s is a user that is not known: adopt begins another session, and a renewal continues it',
  async (_, claims) => {
    const { auth, A, renewals } = signedIn({}, { accessToken: jwt({ ...claims, jti: 'one' }) });
    void outcome(auth.renew());
    await settled();
    await renewals.last.answer(jwt({ ...claims, jti: 'two' }));
    expect(current(auth).sessionId).toBe(A.sessionId);
    await auth.adopt(jwt({ ...claims, jti: 'three' }));
    expect(current(auth).sessionId).not.toBe(A.sessionId);
  },
);

test('B110 a number is a subject, as the row of a database: another one ends the session, the same one continues it', async () => {
  for (const [next, isSame] of [
    [1, true],
    [2, false],
  ] as const) {
    const { auth, A, renewals } = signedIn({}, { accessToken: jwt({ sub: 1, jti: 'one' }) });
    void outcome(auth.renew());
    await settled();
    await renewals.last.answer(jwt({ sub: next, jti: 'two' }));
    expect(current(auth).sessionId === A.sessionId).toBe(isSame);
  }
});

test('B110 a number that is stated next to the tokens is a subject', async () => {
  const parts = await readTokens(Response.json({ accessToken: 'one', subject: 1 }));
  expect(parts?.subject).toBe('1');
  const { auth, A } = signedIn({}, { accessToken: 'one', subject: 1 as never });
  await auth.adopt({ accessToken: 'two', subject: '1' });
  expect(current(auth).sessionId).toBe(A.sessionId);
  await auth.adopt({ accessToken: 'three', subject: 2 as never });
  expect(current(auth).sessionId).not.toBe(A.sessionId);
});

test('B17 an operation asked while it is not known who is signed in does not go out as who signs in after a sign-out', async () => {
  for (const settles of [false, true]) {
    const { auth } = scriptedProvider({ restore: true });
    const asked = outcome(auth.get());
    if (settles) await settled();
    void auth.signOut();
    void auth.adopt('token-of-Bob');
    expect(await asked).toBe('signedOut');
  }
});

test('B17 an operation asked while it is not known who is signed in is answered by who signs in', async () => {
  const { auth } = scriptedProvider({ restore: true });
  const asked = outcome(auth.get());
  void auth.adopt('token-of-Bob');
  expect(await asked).toBe('token-of-Bob');
});

test('B17 a listener that signs out at a failed renewal ends the session for those who wait', async () => {
  const { auth, clock, renewals } = signedIn();
  auth.on('renewalFailed', () => void auth.signOut());
  clock.jump(2 * hours);
  const waiting = outcome(auth.get());
  await settled();
  await renewals.last.fail(new Error('The network is down.'));
  expect(await waiting).toBe('signedOut');
});

test('B17 an answer is not delivered when a listener has signed out because of its verdict', async () => {
  for (const act of ['signOut', 'adopt'] as const) {
    const { auth, A } = signedIn();
    auth.on('forbidden', () => void (act === 'adopt' ? auth.adopt('token-of-Bob') : auth.signOut()));
    const facts = refusal(A, { status: 200, data: null, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await outcome(auth.settle(facts) ?? Promise.resolve('delivered'))).toBe('signedOut');
  }
});

test.each(['ada', 'bob'])(
  'B17 a caller that waits is answered by the session at that moment: adopt of %s after a sign-out',
  async user => {
    const { auth, clock, A, renewals } = signedIn({}, { accessToken: tokenOf('ada'), ...lifetime });
    clock.jump(2 * hours);
    const waiting = outcome(auth.get());
    void auth.signOut();
    void auth.adopt(tokenOf(user));
    expect(await waiting).toBe('signedOut');
    expect(current(auth).sessionId).not.toBe(A.sessionId);
    expect(renewals.calls.length).toBeLessThanOrEqual(1);
  },
);

test('B17 a listener that signs out when the renewal has ended keeps the token from those who wait', async () => {
  const { auth, clock, renewals } = signedIn();
  clock.jump(2 * hours);
  auth.subscribe(() => {
    if (auth.state.status === 'signedIn' && !auth.state.renewing) void auth.signOut();
  });
  const waiting = outcome(auth.get());
  await settled();
  await renewals.last.answer('B');
  expect(await waiting).toBe('signedOut');
  expect(auth.fresh()).toBeNull();
});

test('B111 adopt of the same subject wins over a sign-in that runs', async () => {
  const { auth, signIns } = signedIn({}, { accessToken: jwt({ sub: 'ann' }) });
  const signIn = outcome(auth.signIn({ username: 'bob', password: 'p' }));
  await settled();
  await auth.adopt(jwt({ sub: 'ann', jti: 2 }));
  await signIns.last.answer({ accessToken: 'of-bob' });
  expect(await signIn).toBe('aborted');
  expect(current(auth).accessToken).toBe(jwt({ sub: 'ann', jti: 2 }));
});

test('B34 an adopt that fails does not abort a sign-in that runs', async () => {
  const { auth, signIns } = scriptedProvider();
  const signIn = auth.signIn({ username: 'ann', password: 'p' });
  await settled();
  expect(await outcome(auth.adopt('two parts'))).toBe('misconfigured');
  await signIns.last.answer({ accessToken: 'of-ann', user: 'Ann' });
  expect(await signIn).toEqual({ user: 'Ann' });
});
