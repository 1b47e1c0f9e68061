import { describe, expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { keepFresh } from '../src/renewal/keepFresh.ts';
import { sharedSession } from '../src/store/sharedSession.ts';
import type { SignInContext, TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import { headerReceiver } from '../src/verdict/headerReceiver.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';
import { memoryStore } from './memoryStore.ts';
import { current, eventNames, fakeClock, hours, jwt, outcome, refusal, settled, success } from './scriptedProvider.ts';
import { settleWith } from './settleWith.ts';

const receive = headerReceiver(headers => headers.get('x-token'), { guests: true });

/** A manager of a shop that keeps a session for guests; nobody is signed in. */
function shop(options: Partial<TokenManagerOptions<TokenParts, TokenParts>> = {}) {
  const clock = fakeClock();
  const signIns: SignInContext[] = [];
  const manager = createTokenManager<TokenParts, TokenParts>({
    signIn(parts, context) {
      signIns.push(context);
      return parts;
    },
    receive,
    clock,
    ...options,
  });
  const events: string[] = [];
  for (const name of eventNames) manager.on(name, () => void events.push(name));
  let notified = 0;
  manager.subscribe(() => void notified++);
  const settle = settleWith(manager);
  /** An answer to an operation, with a token in its headers. */
  const answer = (token: string, sent = manager.fresh() ?? null, facts: Partial<ResponseFacts> = {}) =>
    settle(
      success(sent, {
        response: () => ({
          headers: new Headers({ 'x-token': token }),
          url: 'https://shop.example/',
          redirected: false,
        }),
        ...facts,
      }),
    );
  return { auth: manager, settle, answer, clock, signIns, events, notifications: () => notified };
}

describe('B127 a guest', () => {
  test('has a session from the first answer on, and nobody is signed in', () => {
    const { auth, answer, events, notifications } = shop();
    expect(answer('guest', null, { data: { cart: null } })).toBeUndefined();
    expect(current(auth)).toMatchObject({ accessToken: 'guest', isGuest: true });
    expect(auth.headers(current(auth))).toEqual({ authorization: 'Bearer guest' });
    expect(auth.state).toBe(auth.initialState);
    expect([auth.state.status, events, notifications()]).toEqual(['signedOut', [], 0]);
  });

  test('does not take the place of the user whom the reader of the answer has signed in', () => {
    const manager = shop({
      receive(facts, sent, now) {
        void manager.auth.adopt('of-a-user');
        return receive(facts, sent, now);
      },
    });
    void manager.answer('guest', null);
    expect(current(manager.auth).accessToken).toBe('of-a-user');
  });

  test('keeps the first of two sessions that answers bring at the same time', () => {
    const { auth, answer } = shop();
    void answer('guest-1', null);
    void answer('guest-2', null);
    expect(current(auth).accessToken).toBe('guest-1');
  });

  test('goes on with the successor of the token, also from an answer without data', () => {
    const { auth, answer } = shop();
    void answer('guest-1');
    const { sessionId } = current(auth);
    void answer('guest-2', current(auth), { data: { cart: null } });
    expect(current(auth)).toMatchObject({ accessToken: 'guest-2', isGuest: true, sessionId, version: 2 });
  });

  test('is passed to the sign-in, which begins a session of the user', async () => {
    const { auth, answer, signIns, events } = shop();
    void answer('guest');
    const guest = current(auth);
    await auth.signIn({ accessToken: 'of-ada' });
    expect(signIns[0]?.guest).toBe(guest);
    expect(current(auth).accessToken).toBe('of-ada');
    expect(current(auth)).not.toHaveProperty('isGuest');
    expect([auth.state.status, events]).toEqual(['signedIn', ['signedIn']]);
    await auth.signIn({ accessToken: 'of-bob' });
    expect(signIns[1]?.guest).toBeUndefined();
  });

  test.each([
    ['a refusal', 401, { data: undefined }],
    [
      'an error that only a user avoids',
      200,
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }], data: { me: null } },
    ],
    ['a missing right', 403, { data: undefined }],
  ] as const)('gets %s as it is, and keeps the session', (_, status, facts) => {
    const { auth, answer, settle, events } = shop();
    void answer('guest');
    const guest = current(auth);
    expect(settle({ ...success(guest), status, ...facts })).toBeUndefined();
    expect(auth.fresh()).toBe(guest);
    expect(events).toEqual([]);
  });

  test('has operations in flight at the sign-in, whose answers are delivered and bring no token', async () => {
    const { auth, answer } = shop();
    void answer('guest');
    const guest = current(auth);
    await auth.signIn({ accessToken: 'of-ada' });
    expect(answer('guest-2', guest)).toBeUndefined();
    expect(current(auth).accessToken).toBe('of-ada');
  });

  test('is nobody when the token has expired, and the next answer begins another session', async () => {
    const { auth, answer, clock } = shop();
    const first = jwt({ exp: clock.now() / 1000 + 3600 });
    void answer(first);
    clock.jump(hours + 1);
    expect([auth.fresh(), await auth.get()]).toEqual([null, null]);
    void answer('guest-2', null);
    expect(current(auth)).toMatchObject({ accessToken: 'guest-2', version: 1 });
  });

  test('has a token that is not renewed ahead of its expiry', async () => {
    let renewals = 0;
    const { auth, answer, clock } = shop({ renew: () => `renewed-${++renewals}` });
    const stop = keepFresh(auth);
    const token = jwt({ exp: clock.now() / 1000 + 3600 });
    void answer(token);
    await clock.advance(hours - 1);
    expect([auth.fresh()?.accessToken, renewals]).toEqual([token, 0]);
    stop();
  });

  test('is left by signOut, and the next answer begins another session', async () => {
    const { auth, answer } = shop();
    void answer('guest');
    await auth.signOut();
    expect(auth.fresh()).toBeNull();
    void answer('guest-2', null);
    expect(current(auth).accessToken).toBe('guest-2');
  });

  test('does not switch credentials on again after a sign-out', async () => {
    const { auth, answer, signIns } = shop({ credentials: () => ({ accessToken: 'by-credentials' }) });
    await auth.get();
    await auth.signOut();
    void answer('guest', null);
    const guest = current(auth);
    expect(await outcome(auth.renew())).toBe('signedOut');
    expect(auth.fresh()).toBe(guest);
    expect(await outcome(auth.renew({ refused: guest }))).toBe('sessionExpired');
    expect(await auth.get()).toBeNull();
    expect(signIns).toHaveLength(1);
  });

  test('comes back after a reload, as a guest', async () => {
    const store = memoryStore();
    const first = shop({ store: sharedSession(store) });
    await first.auth.get();
    void first.answer('guest');
    await settled();
    const second = shop({ store: sharedSession(store) });
    expect(await second.auth.get()).toMatchObject({ accessToken: 'guest', isGuest: true });
    expect([second.auth.state.status, second.events]).toEqual(['signedOut', []]);
  });

  test('who begins a session gives way to a user who has signed in elsewhere', async () => {
    const store = memoryStore();
    const [one, other] = [
      shop({ store: sharedSession({ load: store.load, save: store.save }) }),
      shop({ store: sharedSession(store) }),
    ];
    await Promise.all([one.auth.get(), other.auth.get()]);
    one.clock.jump(-1000);
    await other.auth.signIn({ accessToken: 'of-ada', subject: 'ada' });
    void one.answer('guest', null);
    for (let turn = 0; turn < 5; turn++) await settled();
    expect(store.stored()?.accessToken).toBe('of-ada');
    expect([one.auth, other.auth].map(auth => current(auth).accessToken)).toEqual(['of-ada', 'of-ada']);
  });
});

test('B127 a receiver without the option begins no session for guests', () => {
  const { auth, answer } = shop({ receive: headerReceiver(headers => headers.get('x-token')) });
  void answer('guest', null);
  expect(auth.fresh()).toBeNull();
});

test('B127 no guest begins a session before it is known whether somebody is signed in', async () => {
  const { auth, answer } = shop({ restore: true, renew: () => 'of-ada' });
  void answer('guest', null);
  expect(await outcome(auth.get())).toBe('of-ada');
});

test.each([
  ['an opaque token', 'opaque', 'anonymous', false],
  ['a token of nobody', jwt({ sub: 'ada' }), jwt({ jti: 2 }), false],
  ['a token of another subject', jwt({ sub: 'ada' }), jwt({ sub: 'guest-7' }), false],
  ['a token of the same subject', jwt({ sub: 'ada' }), jwt({ sub: 'ada', jti: 2 }), true],
])(
  'B104 of an answer whose root fields are all null, %s is adopted only when it is the same user: %#',
  async (...row) => {
    const [, before, token, isTaken] = row;
    for (const data of [{ activeCustomer: null, cart: null }, null]) {
      const { auth, answer, events } = shop();
      await auth.adopt(before);
      void answer(token, current(auth), { data });
      expect(current(auth).accessToken).toBe(isTaken ? token : before);
      expect(events).toEqual(isTaken ? ['signedIn', 'renewed'] : ['signedIn']);
    }
  },
);

test('B103 a refusal after the sign-out of a user is still that of the session', async () => {
  const { auth, answer, settle } = shop({ renew: () => null });
  await auth.signIn({ accessToken: 'of-ada' });
  const ofAda: TokenSet = current(auth);
  await auth.signOut();
  void answer('guest', null);
  expect(await outcome(settle(refusal(ofAda)) as Promise<unknown>)).toBe('signedOut');
});
