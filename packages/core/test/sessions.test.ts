import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors/tokenError.ts';
import { memoryStore } from './memoryStore.ts';
import {
  current,
  hours,
  minutes,
  outcome,
  type Password,
  recordA,
  refusal,
  script,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  signedInAfter,
  success,
  successorOf,
} from './scriptedProvider.ts';

const ann = { username: 'ann', password: 'password of Ann' };
const bob = { username: 'bob', password: 'password of Bob' };

test('B40 signOut during a renewal drops and revokes the late tokens, empties the store, and emits no renewed event', async () => {
  const store = scriptedStore();
  const { auth, renewals, revocations, events } = signedIn({ store });
  const renew = outcome(auth.renew());
  await settled();
  const signedOut = auth.signOut();
  expect(auth.fresh()).toBeNull();
  await signedOut;
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(await renew).toBe('signedOut');
  expect(events).toEqual(['signedOut']);
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA', 'rB']);
});

test('B40 signOut does not abort a token request, so that its late tokens can be revoked', async () => {
  const { auth, renewals } = signedIn();
  void outcome(auth.renew());
  await settled();
  await auth.signOut();
  expect(renewals.last.signal?.aborted).toBe(false);
});

test('B40 signOut while the new tokens are being saved drops and revokes them', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, revocations, events } = scriptedProvider({ store });
  await auth.get();
  const answers: ((saved: boolean) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void answers.push(resolve)));
  const renew = outcome(auth.renew());
  await settled();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  void auth.signOut();
  for (let saves = 0; saves < 2; saves++) {
    answers[saves]?.(true);
    await settled();
  }
  expect(await renew).toBe('signedOut');
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual(['signedOut']);
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA', 'rB']);
});

test('B40 signOut during a sign-in aborts the sign-in and revokes its late tokens', async () => {
  const { auth, signIns, revocations, events } = scriptedProvider();
  const signIn = outcome(auth.signIn(ann));
  await settled();
  await auth.signOut();
  await signIns.last.answer({ accessToken: 'A', refreshToken: 'rA' });
  expect(await signIn).toBe('aborted');
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual([]);
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA']);
});

test('B41 a renewal of the last session does not change the session of the next user', async () => {
  const store = scriptedStore();
  const { auth, renewals, signIns, revocations, events } = signedIn({ store });
  const renew = outcome(auth.renew());
  await settled();
  await auth.signOut();
  signIns.always(() => ({ accessToken: 'token-of-Bob', refreshToken: 'refresh-of-Bob' }));
  await auth.signIn(bob);
  const tokensOfBob = auth.fresh();
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(await renew).toBe('signedOut');
  expect(auth.fresh()).toBe(tokensOfBob);
  expect(store.record).toMatchObject({ accessToken: 'token-of-Bob', refreshToken: 'refresh-of-Bob' });
  expect(events).toEqual(['signedOut', 'signedIn']);
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA', 'rB']);
});

test('B41 a late rejection in the last session does not end the next one', async () => {
  const { auth, renewals, events } = signedIn();
  const renew = outcome(auth.renew());
  await settled();
  void auth.adopt('token-of-Bob');
  await renewals.last.answer(null);
  expect(await renew).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(events).toEqual(['signedOut', 'signedIn']);
});

test('B41 a late answer to an operation of the last session fails with signedOut and renews nothing', async () => {
  const { auth, A, renewals } = signedIn();
  await auth.signOut();
  await auth.adopt('token-of-Bob');
  expect(await outcome(auth.settle(refusal(A)) ?? Promise.resolve('delivered'))).toBe('signedOut');
  expect(await outcome(auth.settle(success(A)) ?? Promise.resolve('delivered'))).toBe('signedOut');
  expect(renewals.calls).toHaveLength(0);
  expect(current(auth).accessToken).toBe('token-of-Bob');
});

test('B41 of two sign-ins the newer one wins, whichever is answered first', async () => {
  for (const first of [0, 1]) {
    const { auth, signIns, revocations } = scriptedProvider();
    const asAnn = outcome(auth.signIn(ann));
    const asBob = outcome(auth.signIn(bob));
    await settled();
    const [answerAnn, answerBob] = signIns.calls.map(
      ({ answer, argument }) =>
        () =>
          answer({ accessToken: argument.username, refreshToken: `r-${argument.username}` }),
    );
    for (const answer of first ? [answerBob, answerAnn] : [answerAnn, answerBob]) await answer?.();
    expect(await asAnn).toBe('aborted');
    expect(await asBob).toEqual({});
    expect(current(auth).accessToken).toBe('bob');
    expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['r-ann']);
  }
});

test('B41 adopt during a sign-in wins, and the sign-in is aborted', async () => {
  const { auth, signIns, revocations } = scriptedProvider();
  const signIn = outcome(auth.signIn(ann));
  await auth.adopt('adopted');
  await signIns.last.answer({ accessToken: 'A', refreshToken: 'rA' });
  expect(await signIn).toBe('aborted');
  expect(current(auth).accessToken).toBe('adopted');
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA']);
});

test.each(['adopt', 'signOut'] as const)(
  'B41 %s at any moment near the end of a renewal wins, in memory and in the store',
  async name => {
    for (let moment = 0; moment < 40; moment++) {
      const store = memoryStore();
      const { auth, renewals } = signedIn({ store });
      await settled();
      const renew = outcome(auth.renew());
      await settled();
      void renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
      for (let step = 0; step < moment; step++) await Promise.resolve();
      void (name === 'adopt' ? auth.adopt('token-of-Bob') : auth.signOut());
      await settled();
      await renew;
      const expected = name === 'adopt' ? 'token-of-Bob' : undefined;
      expect(auth.fresh()?.accessToken, `moment ${moment}`).toBe(expected);
      expect(store.stored()?.accessToken, `moment ${moment}`).toBe(expected);
    }
  },
);

test('B42 signOut during an asynchronous save leaves memory and the store empty', async () => {
  const store = scriptedStore();
  const answers: ((saved: boolean) => void)[] = [];
  store.saves.always(() => new Promise(resolve => void answers.push(resolve)));
  const { auth } = scriptedProvider({ store });
  await auth.get();
  const adopted = auth.adopt('A');
  await settled();
  const signedOut = auth.signOut();
  await settled();
  for (let saves = 0; saves < 2; saves++) {
    answers[saves]?.(true);
    await settled();
  }
  await Promise.all([adopted, signedOut]);
  await settled();
  expect(store.saves.calls.map(({ argument }) => argument?.accessToken ?? null)).toEqual(['A', null]);
  expect(store.record).toBeNull();
  expect(auth.fresh()).toBeNull();
});

test('B42 signOut before the store has loaded discards the stored session', async () => {
  const store = scriptedStore(recordA());
  const { auth } = scriptedProvider({ store });
  await auth.signOut();
  await settled();
  expect(auth.fresh()).toBeNull();
  expect(await auth.get()).toBeNull();
  expect(store.record).toBeNull();
});

test.each(['subscribe', 'signedIn'] as const)(
  'B42 signOut from a listener of the sign-in (%s) leaves memory and the store empty',
  async name => {
    const store = scriptedStore();
    const { auth } = scriptedProvider({ store });
    await auth.get();
    const signOutAtOnce = () => {
      if (auth.state.status === 'signedIn') void auth.signOut();
    };
    if (name === 'subscribe') auth.subscribe(signOutAtOnce);
    else auth.on(name, signOutAtOnce);
    await auth.adopt('A');
    await settled();
    expect(auth.fresh()).toBeNull();
    expect(store.record).toBeNull();
  },
);

test('B42 adopt from a listener of signedOut leaves the new session in the store', async () => {
  const store = scriptedStore();
  const { auth } = signedIn({ store });
  auth.on('signedOut', () => void auth.adopt('token-of-a-guest'));
  await auth.signOut();
  await settled();
  expect(current(auth).accessToken).toBe('token-of-a-guest');
  expect(store.record?.accessToken).toBe('token-of-a-guest');
});

test('B43 signOut clears the local state at once, and aborts the revocation after renewTimeoutMs', async () => {
  const store = scriptedStore();
  const { auth, clock, revocations, events } = signedIn({ store, renewTimeoutMs: 3_000 });
  const signedOut = auth.signOut();
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  await signedOut;
  expect(store.record).toBeNull();
  expect(revocations.calls.map(({ argument }) => argument.accessToken)).toEqual(['A']);
  await clock.advance(2_999);
  expect(revocations.last.signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(revocations.last.signal?.aborted).toBe(true);
  expect(clock.timers).toEqual([]);
  expect(events).toEqual(['signedOut']);
});

test('B43 signOut resolves when the revocation fails, synchronously or later', async () => {
  for (const signOut of [
    () => Promise.reject(new Error('offline')),
    () => {
      throw new Error('offline');
    },
  ]) {
    const { auth } = signedIn({ signOut });
    await auth.signOut();
    expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  }
});

test('B43 signOut with a failing store signs out in memory and emits storeFailed', async () => {
  const store = scriptedStore();
  const { auth, events } = signedIn({ store });
  await settled();
  store.saves.always(() => Promise.reject(new Error('locked')));
  await auth.signOut();
  await settled();
  expect(auth.fresh()).toBeNull();
  expect(events).toEqual(['signedOut', 'storeFailed']);
});

test('B43 signOut without a session revokes nothing and emits nothing', async () => {
  const { auth, revocations, events } = scriptedProvider();
  await auth.signOut();
  expect(revocations.calls).toHaveLength(0);
  expect(events).toEqual([]);
});

test('B44 signOut rejects each waiter with signedOut, once', async () => {
  const { auth, A, clock, renewals, events } = signedIn();
  clock.jump(2 * hours);
  const settle = vi.fn();
  const waiters = [
    auth.get(),
    auth.get(),
    auth.renew(),
    auth.renew({ refused: A }),
    auth.settle(refusal(A)) ?? Promise.resolve(),
  ];
  for (const waiter of waiters) outcome(waiter).then(settle, settle);
  await settled();
  await auth.signOut();
  await settled();
  expect(settle.mock.calls).toEqual(waiters.map(() => ['signedOut']));
  await renewals.last.answer('B');
  expect(settle).toHaveBeenCalledTimes(waiters.length);
  expect(events).toEqual(['refused', 'signedOut']);
});

test('B44 after signOut the state has no error, with or without a running renewal', async () => {
  for (const isRenewing of [false, true]) {
    const { auth } = signedIn();
    if (isRenewing) void outcome(auth.renew());
    await settled();
    await auth.signOut();
    expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  }
});

const { stamp, accessToken, receivedAt } = recordA();
const damaged: readonly (readonly [string, unknown])[] = [
  ['a string', 'A'],
  ['a number', 7],
  ['true', true],
  ['an array', []],
  ['an empty object', {}],
  ['a record of another version', { ...recordA(), v: 2 }],
  ['a record without a version', { ...recordA(), v: undefined }],
  ['a record without a token', { v: 1, stamp, receivedAt }],
  ['a record without a stamp', { v: 1, accessToken, receivedAt }],
  ['a record whose token is empty', recordA({ accessToken: '' })],
  ['a record whose token has a line break', recordA({ accessToken: 'A\r\nx-admin: 1' })],
  ['a record whose token is an object', { ...recordA(), accessToken: { toString: () => 'A' } }],
  ['a record whose stamp is a number', { ...recordA(), stamp: 1 }],
  ['a record whose stamp is not one', recordA({ stamp: 'A' })],
  ['a record whose stamp is too long', recordA({ stamp: `${stamp}0` })],
  ['a record without a time of receipt', { v: 1, stamp, accessToken }],
  ['JSON that ends early', JSON.stringify(recordA()).slice(0, -9)],
  ['a record whose fields are inherited', Object.create(recordA())],
  ['a record full of __proto__', JSON.parse(`{"v":1,"__proto__":${JSON.stringify(recordA())}}`)],
];
test.each(damaged)(
  'B45 a store that holds %s starts signed out, emits storeFailed once, and the record is left in place',
  async (_, record) => {
    const stored = { record };
    const { auth, events, eventPayloads } = scriptedProvider({
      store: {
        load: () => stored.record,
        save(next) {
          stored.record = next;
        },
      },
    });
    expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
    expect(await auth.get()).toBeNull();
    await settled();
    expect(events).toEqual(['storeFailed']);
    expect(eventPayloads[0]).toMatchObject({
      doing: 'load',
      cause: { message: 'The record of the store cannot be read.' },
    });
    expect(stored.record).toBe(record);
    await auth.adopt('B');
    expect(stored.record).toMatchObject({ accessToken: 'B' });
  },
);

test('B45 damaged optional fields of a record are ignored', () => {
  const required = JSON.stringify({ v: 1, stamp, accessToken, receivedAt }).slice(0, -1);
  const json = `${required},"refreshToken":"r\\nA","expiresAt":"2026","refreshExpiresAt":1e400}`;
  const { auth } = scriptedProvider({ store: { load: () => JSON.parse(json), save() {} } });
  expect(current(auth)).toMatchObject({
    accessToken: 'A',
    refreshToken: undefined,
    expiresAt: undefined,
    refreshExpiresAt: undefined,
  });
});

test('B45 a record with __proto__ and valid fields does not change a prototype', async () => {
  const json = JSON.stringify(recordA()).replace(
    '{',
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
  );
  const { auth } = scriptedProvider({ store: { load: () => JSON.parse(json), save() {} } });
  expect(current(auth).accessToken).toBe('A');
  expect(inspect(auth.fresh(), { depth: Number.POSITIVE_INFINITY })).not.toContain('polluted');
  expect('polluted' in {}).toBe(false);
});

test('B114 operations wait 5 s for a store whose load throws, which is asked again after the cool-down', async () => {
  let isLocked = true;
  let loads = 0;
  const { auth, clock, events } = scriptedProvider({
    store: {
      load() {
        loads++;
        if (isLocked) throw new Error('The keychain is locked.');
        return recordA();
      },
      save() {},
    },
  });
  const gets = [outcome(auth.get()), outcome(auth.get())];
  await clock.advance(5_000);
  expect(await Promise.all(gets)).toEqual(['unavailable', 'unavailable']);
  expect([auth.fresh(), auth.state]).toMatchObject([undefined, { status: 'unknown', error: { code: 'unavailable' } }]);
  expect(loads).toBeLessThan(4);
  isLocked = false;
  await clock.advance(10_000); // longer than the third pause
  expect(await outcome(auth.get())).toBe('A');
  expect(auth.state.error).toBeUndefined();
  expect(events).toEqual(['storeFailed']);
});

test('B45 a promise of another realm is awaited', async () => {
  const saves: unknown[] = [];
  const foreign: PromiseConstructor = runInNewContext('Promise');
  const { auth } = scriptedProvider({
    store: { load: () => foreign.resolve(recordA()), save: record => void saves.push(record) },
  });
  expect(await outcome(auth.get())).toBe('A');
  expect(saves).toEqual([]);
});

test('B45 a record that is damaged during a session emits storeFailed', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals, events } = scriptedProvider({ store });
  const A = await auth.get();
  store.record = { v: 1 } as never;
  renewals.always(() => null);
  await outcome(auth.renew());
  expect(events).toContain('storeFailed');
  expect(A?.accessToken).toBe('A');
});

test('B46 adopt during a renewal begins a new session, and the waiters get signedOut', async () => {
  const store = scriptedStore();
  const { auth, A, clock, renewals, events, eventPayloads } = signedIn({ store });
  clock.jump(2 * hours);
  const get = outcome(auth.get());
  await settled();
  await auth.adopt({ accessToken: 'adopted', expiresInS: 3600 });
  expect(await get).toBe('signedOut');
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  const adopted = current(auth);
  expect(adopted).toMatchObject({ accessToken: 'adopted', refreshToken: undefined });
  expect(adopted.sessionId).not.toBe(A.sessionId);
  expect(store.record?.accessToken).toBe('adopted');
  expect(events).toEqual(['signedOut', 'signedIn']);
  expect(eventPayloads[0]).toMatchObject({ reason: 'replaced', sessionId: A.sessionId });
});

test('B46 a sign-in of another user in another tab ends the session of this tab and begins the new one', async () => {
  const store = memoryStore();
  const thisTab = signedIn({ store });
  const otherTab = scriptedProvider({ store });
  await settled();
  const renew = outcome(thisTab.auth.renew());
  await settled();
  await otherTab.auth.adopt('token-of-Bob');
  await settled();
  expect(await renew).toBe('signedOut');
  expect(thisTab.events).toEqual(['signedOut', 'signedIn']);
  expect(thisTab.eventPayloads[0]).toMatchObject({ reason: 'elsewhere', sessionId: thisTab.A.sessionId });
  const { sessionId: sessionOfBob } = current(thisTab.auth);
  expect(thisTab.states.map(({ sessionId }) => sessionId)).toEqual([thisTab.A.sessionId, sessionOfBob]);
  expect(current(thisTab.auth).accessToken).toBe('token-of-Bob');
  expect(await outcome(thisTab.auth.settle(refusal(thisTab.A)) ?? Promise.resolve())).toBe('signedOut');
  await thisTab.renewals.last.answer('B');
  expect(current(thisTab.auth).accessToken).toBe('token-of-Bob');
  expect(store.stored()?.accessToken).toBe('token-of-Bob');
});

test('B46 a sign-out in another tab ends the session of this tab without a request', async () => {
  const store = memoryStore();
  const thisTab = signedIn({ store });
  const otherTab = scriptedProvider({ store });
  await settled();
  await otherTab.auth.signOut();
  await settled();
  expect(thisTab.auth.fresh()).toBeNull();
  expect(thisTab.events).toEqual(['signedOut']);
  expect(thisTab.eventPayloads[0]).toMatchObject({ reason: 'elsewhere' });
  expect([thisTab.renewals.calls.length, thisTab.revocations.calls.length]).toEqual([0, 0]);
});

test('B46 the renewal of another tab is adopted without a request', async () => {
  const store = memoryStore();
  const thisTab = signedIn({ store });
  await settled();
  const otherTab = scriptedProvider({ store });
  otherTab.renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 }));
  await otherTab.auth.renew();
  await settled();
  expect(current(thisTab.auth)).toMatchObject({ accessToken: 'B', refreshToken: 'rB', sessionId: thisTab.A.sessionId });
  expect(thisTab.events).toEqual(['renewed']);
  expect(thisTab.renewals.calls).toHaveLength(0);
});

test('B46 a renewal after that of another tab is dropped but not revoked, because both may belong to one grant', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const thisTab = signedIn({ store });
  await settled();
  const otherTab = scriptedProvider({ store });
  const answers = [outcome(thisTab.auth.renew()), outcome(otherTab.auth.renew())];
  await settled();
  await otherTab.renewals.last.answer({ accessToken: 'B', refreshToken: 'rA' });
  await thisTab.renewals.last.answer({ accessToken: 'C', refreshToken: 'rA' });
  expect(await Promise.all(answers)).toEqual(['B', 'B']);
  expect(thisTab.revocations.calls).toHaveLength(0);
});

test('B46 a late notice of another tab does not bring back an older token set', async () => {
  let notify = () => {};
  const store = scriptedStore();
  const { auth, renewals, events } = signedIn({
    store: {
      ...store,
      load: () => store.load(),
      subscribe(changed) {
        notify = changed;
        return () => {};
      },
    },
  });
  await settled();
  const old = await store.loads.run();
  renewals.always(() => ({ accessToken: 'B' }));
  await auth.renew();
  store.loads.always(() => old);
  notify();
  await settled();
  expect(current(auth).accessToken).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B46 adopt replaces the token set without revoking it', async () => {
  const { auth, revocations, events } = signedIn();
  await auth.adopt('B');
  expect(current(auth).accessToken).toBe('B');
  expect(events).toEqual(['signedOut', 'signedIn']);
  expect(revocations.calls).toHaveLength(0);
});

test('B46 with a lock but without notices a sign-in in another tab is found before the renewal', async () => {
  const { subscribe, ...store } = memoryStore();
  expect(subscribe).toBeDefined();
  const { auth, renewals, events } = signedIn({ store });
  await settled();
  store.save(signedInAfter(store.stored()));
  expect(await outcome(auth.renew())).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(events).toEqual(['signedOut', 'signedIn']);
  expect(renewals.calls).toHaveLength(0);
});

test('B46 a notice after dispose changes nothing', async () => {
  const store = memoryStore();
  const notices: (() => void)[] = [];
  const subscribe = (changed: () => void) => {
    notices.push(changed);
    return () => {};
  };
  const { auth, states } = signedIn({ store: { ...store, subscribe } });
  await settled();
  auth.dispose();
  void store.save(null);
  for (const notice of notices) notice();
  await settled();
  expect(auth.state.status).toBe('signedOut');
  expect(states).toEqual([]);
});

test('B67 with a lock, a record that cannot be loaded before a renewal emits storeFailed, and nothing is sent', async () => {
  const store = memoryStore();
  let isGone = false;
  const load = () => (isGone ? Promise.reject(new Error('offline')) : store.load());
  const { auth, A, renewals, events, eventPayloads } = signedIn({ store: { ...store, load } });
  await settled();
  isGone = true;
  renewals.always(() => 'B');
  expect(await outcome(auth.renew())).toBe('unavailable'); // others may have sent the same refresh token
  expect(renewals.calls).toHaveLength(0);
  expect(auth.fresh()).toBe(A);
  await settled();
  expect(events).toContain('storeFailed');
  expect(eventPayloads.find(event => 'doing' in event)).toMatchObject({ doing: 'load', cause: { message: 'offline' } });
});

test('B62 an empty shared store whose save fails does not end the session', async () => {
  const store = { ...memoryStore(), save: () => Promise.reject(new Error('quota')) };
  const { auth, A, renewals, events } = signedIn({ store });
  renewals.always(() => ({ accessToken: 'B', refreshToken: 'rB' }));
  expect((await auth.renew()).sessionId).toBe(A.sessionId);
  renewals.always(() => ({ accessToken: 'C', refreshToken: 'rC' }));
  expect((await auth.renew()).accessToken).toBe('C');
  expect(new Set(events)).toEqual(new Set(['storeFailed', 'renewed']));
});

test('adopt, signIn and signOut resolve after the save', async () => {
  const store = scriptedStore();
  const { auth, signIns } = scriptedProvider({ store });
  await auth.get();
  signIns.always(() => ({ accessToken: 'A' }));
  for (const change of [() => auth.adopt('A'), () => auth.signIn(ann), () => auth.signOut()]) {
    let finishSave: (saved: boolean) => void = () => {};
    store.saves.always(
      () =>
        new Promise(resolve => {
          finishSave = resolve;
        }),
    );
    const resolved = vi.fn();
    void change().then(resolved);
    await settled();
    expect(resolved).not.toHaveBeenCalled();
    finishSave(true);
    await settled();
    expect(resolved).toHaveBeenCalledTimes(1);
  }
});

test('a sign-in while the store loads wins over every result of the load', async () => {
  for (const loading of [() => Promise.reject(new Error('offline')), () => recordA(), () => null]) {
    const store = scriptedStore();
    store.loads.always(loading);
    const { auth } = scriptedProvider({ store });
    void auth.adopt('token-of-Bob');
    await settled();
    expect(current(auth).accessToken).toBe('token-of-Bob');
  }
});

test('B47 two managers in one process do not share state', async () => {
  const one = signedIn();
  const other = scriptedProvider();
  expect(await other.auth.get()).toBeNull();
  await other.auth.adopt({ accessToken: 'B' });
  await one.auth.signOut();
  expect(current(other.auth).accessToken).toBe('B');
  expect(other.events).toEqual(['signedIn']);
});

test('B48 the credentials callback is called for each sign-in', async () => {
  const credentials = vi.fn((): Password => ({ username: 'ann', password: `canary-${credentials.mock.calls.length}` }));
  const { auth, clock, signIns } = scriptedProvider({ credentials, renew: () => null });
  signIns.always(({ password }) => ({ accessToken: `token-for-${password}`, expiresInS: 60 }));
  expect(await outcome(auth.get())).toBe('token-for-canary-1');
  clock.jump(2 * minutes);
  expect(await outcome(auth.get())).toBe('token-for-canary-2');
  expect(credentials).toHaveBeenCalledTimes(2);
});

test('B48 credentials that resolve after signOut are not used', async () => {
  const credentials = script<void, Password>();
  const { auth, signIns } = scriptedProvider({ credentials: () => credentials.run() });
  const got = outcome(auth.get());
  await settled();
  await auth.signOut();
  await credentials.last.answer(ann);
  expect(await got).toBe('signedOut');
  expect(signIns.calls).toEqual([]);
});

test('B48 a failure of the credentials callback is a transient failure', async () => {
  const { auth, clock, signIns } = scriptedProvider({
    credentials: vi.fn().mockRejectedValueOnce(new Error('vault is sealed')).mockResolvedValueOnce(ann),
  });
  signIns.always(() => ({ accessToken: 'A' }));
  expect(await outcome(auth.get())).toBe('unavailable');
  clock.jump(minutes);
  expect(await outcome(auth.get())).toBe('A');
});

test('B49 with restore the first operations wait for one renew without a current token set', async () => {
  const { auth, renewals, events } = scriptedProvider({ restore: true });
  expect(auth.fresh()).toBeUndefined();
  expect(auth.state.status).toBe('unknown');
  const gets = Array.from({ length: 10 }, () => auth.get());
  await settled();
  expect(renewals.calls.map(({ argument }) => [argument.current, argument.reason])).toEqual([[undefined, 'restore']]);
  await renewals.last.answer({ accessToken: 'A', expiresInS: 3600 });
  expect(new Set((await Promise.all(gets)).map(tokens => tokens?.accessToken))).toEqual(new Set(['A']));
  expect(auth.state.status).toBe('signedIn');
  expect(events).toEqual(['signedIn']);
});

test('B49 when the restore answers null, the user is signed out, operations go on anonymously, and renew is not called again', async () => {
  const { auth, renewals, events } = scriptedProvider({ restore: true });
  const gets = [auth.get(), auth.get()];
  await settled();
  await renewals.last.answer(null);
  expect(await Promise.all(gets)).toEqual([null, null]);
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  expect(auth.fresh()).toBeNull();
  expect(await auth.get()).toBeNull();
  expect(renewals.calls).toHaveLength(1);
  expect(events).toEqual([]);
});

test('B49 the first subscriber starts the restore, and is notified of its end', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  const states: string[] = [];
  auth.subscribe(() => states.push(auth.state.status));
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer(null);
  expect(states.at(-1)).toBe('signedOut');
});

test('B49 a subscriber that calls get while the restore ends does not start another restore', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  const calls: Promise<unknown>[] = [];
  auth.subscribe(() => void calls.push(outcome(auth.get())));
  await settled();
  await renewals.last.answer(null);
  expect(renewals.calls).toHaveLength(1);
  expect(new Set(await Promise.all(calls))).toEqual(new Set([null]));
});

test('B49 after a transient failure of the restore operations fail with unavailable, and the restore is tried again after the cool-down', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  expect(await outcome(auth.get())).toBe('unavailable');
  expect(await outcome(auth.get())).toBe('unavailable');
  expect(auth.state).toMatchObject({ status: 'unknown', error: { code: 'unavailable' } });
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(2_000);
  renewals.always(() => 'A');
  expect(await outcome(auth.get())).toBe('A');
});

test('B49 with a token set in the store there is no restore', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true, store: scriptedStore(recordA()) });
  expect(await outcome(auth.get())).toBe('A');
  auth.subscribe(() => {});
  await settled();
  expect(renewals.calls).toHaveLength(0);
  expect(auth.state.status).toBe('signedIn');
});

test('B49 a restore that fails with misconfigured leaves the status unknown', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => Promise.reject(new TokenError('misconfigured', 'Wrong client.')));
  expect(await outcome(auth.get())).toBe('misconfigured');
  expect(auth.state.status).toBe('unknown');
});

test('B49 a sign-in during the restore wins, and the waiters get its token', async () => {
  const { auth, renewals, signIns, revocations } = scriptedProvider({ restore: true });
  const get = outcome(auth.get());
  await settled();
  signIns.always(() => ({ accessToken: 'token-of-Bob' }));
  await auth.signIn(bob);
  expect(await get).toBe('token-of-Bob');
  await renewals.last.answer({ accessToken: 'A', refreshToken: 'rA' });
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(revocations.calls.map(({ argument }) => argument.refreshToken)).toEqual(['rA']);
});

test('B49 signOut during the restore is final', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  const get = outcome(auth.get());
  await settled();
  await auth.signOut();
  expect(await get).toBe('signedOut');
  await renewals.last.answer('A');
  expect(auth.fresh()).toBeNull();
  expect(await auth.get()).toBeNull();
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
});

test('B49 when the restore answers null, the credentials sign in', async () => {
  const { auth, renewals, signIns } = scriptedProvider({ restore: true, credentials: () => ann });
  renewals.always(() => null);
  signIns.always(() => ({ accessToken: 'A' }));
  expect(await outcome(auth.get())).toBe('A');
});

test('signIn resolves to the fields of the provider’s answer other than the tokens', async () => {
  const { auth, signIns } = scriptedProvider();
  signIns.always(() => ({ accessToken: 'A', refreshToken: 'rA', expiresInS: 60, refreshExpiresInS: 90, user: 'Ann' }));
  expect(await auth.signIn(ann)).toEqual({ user: 'Ann' });
  expect(await outcome(auth.get())).toBe('A');
});

test('the state is the same object until it changes, and subscribers are notified once per change', async () => {
  const { auth, A, clock, renewals, states } = signedIn();
  const before = auth.state;
  expect(auth.state).toBe(before);
  const { sessionId } = A;
  expect(before).toEqual({ status: 'signedIn', sessionId, renewing: false, expiresAt: clock.now() + hours });
  renewals.always(() => ({ accessToken: 'B', expiresInS: 7200 }));
  await auth.renew();
  expect(states).toEqual([
    { status: 'signedIn', sessionId, renewing: true, expiresAt: clock.now() + hours },
    { status: 'signedIn', sessionId, renewing: true, expiresAt: clock.now() + 2 * hours },
    { status: 'signedIn', sessionId, renewing: false, expiresAt: clock.now() + 2 * hours },
  ]);
  expect(Object.isFrozen(auth.state)).toBe(true);
});

test('the state has the last error until a renewal succeeds', async () => {
  const { auth, A, clock, renewals } = signedIn();
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  await outcome(auth.renew());
  expect(auth.state.error?.code).toBe('unavailable');
  clock.jump(minutes);
  let answer: (token: string) => void = () => {};
  renewals.always(() => new Promise<string>(resolve => (answer = resolve)));
  const renew = auth.renew();
  await settled();
  expect(auth.state).toMatchObject({ renewing: true, error: { code: 'unavailable' } });
  answer('B');
  await renew;
  expect(auth.state).toEqual({ status: 'signedIn', sessionId: A.sessionId, renewing: false });
});

test('a listener that has unsubscribed is not called', async () => {
  const { auth } = scriptedProvider();
  const listener = vi.fn();
  const unsubscribes = [auth.subscribe(listener), auth.on('signedIn', listener)];
  for (const unsubscribe of unsubscribes) unsubscribe();
  await auth.adopt('A');
  expect(listener).not.toHaveBeenCalled();
});

test('headers are built once per token set, as a bearer token by default', async () => {
  const headers = vi.fn(tokens => ({ 'x-token': tokens.accessToken }));
  const { auth, A } = signedIn({ headers });
  expect(auth.headers(A)).toEqual({ 'x-token': 'A' });
  expect(auth.headers(A)).toBe(auth.headers(A));
  expect(headers).toHaveBeenCalledTimes(1);
  await auth.adopt('B');
  expect(auth.headers(current(auth))).toEqual({ 'x-token': 'B' });
  expect(signedIn().auth.headers(A)).toEqual({ authorization: 'Bearer A' });
});

test('B41 late tokens without a refresh token are not revoked during a session, because both may belong to one cookie', async () => {
  const { auth, signIns, revocations } = scriptedProvider();
  const twice = [auth.signIn(ann), auth.signIn(ann)].map(outcome);
  await settled();
  await signIns.calls[1]?.answer({ accessToken: 'second' });
  await signIns.calls[0]?.answer({ accessToken: 'first' });
  expect(await Promise.all(twice)).toEqual(['aborted', {}]);
  expect(current(auth).accessToken).toBe('second');
  expect(revocations.calls).toEqual([]);
});

test('B41 late tokens of a restore are not revoked after an adopt', async () => {
  const { auth, renewals, revocations } = scriptedProvider({ restore: true });
  const got = auth.get();
  await settled();
  await auth.adopt('of-the-callback-page');
  await renewals.last.answer('of-the-cookie');
  expect((await got)?.accessToken).toBe('of-the-callback-page');
  expect(revocations.calls).toEqual([]);
});

test('B40 late tokens without a refresh token are revoked after a sign-out', async () => {
  const { auth, renewals, revocations } = signedIn({}, { refreshToken: null });
  const renew = outcome(auth.renew());
  await settled();
  await auth.signOut();
  await renewals.last.answer('B');
  expect(await renew).toBe('signedOut');
  expect(revocations.calls.map(({ argument }) => argument.accessToken)).toEqual(['A', 'B']);
});

test('B40 a late token that is invalid is dropped without an unhandled rejection', async () => {
  const { auth, renewals, revocations } = signedIn();
  const renew = outcome(auth.renew());
  await settled();
  await auth.signOut();
  await renewals.last.answer('two parts');
  expect(await renew).toBe('signedOut');
  expect(revocations.calls.map(({ argument }) => argument.accessToken)).toEqual(['A']);
});

test.each([null, undefined, '', 'two parts', { accessToken: null }, {}])(
  'B34 adopting %j fails and changes nothing, during a session and after signOut',
  async tokens => {
    const credentials = vi.fn(() => ann);
    const { auth, A, events } = signedIn({ credentials });
    const adopt = () => auth.adopt(tokens as unknown as string);
    await expect(adopt()).rejects.toMatchObject({ name: 'TokenError', code: 'misconfigured' });
    expect(auth.fresh()).toBe(A);
    expect(events).toEqual([]);
    await auth.signOut();
    await expect(adopt()).rejects.toMatchObject({ code: 'misconfigured' });
    expect(auth.fresh()).toBeNull();
    expect(credentials).not.toHaveBeenCalled();
  },
);

test('B42 a sign-out after dispose empties the store', async () => {
  const store = scriptedStore();
  const { auth } = signedIn({ store });
  await settled();
  auth.dispose();
  await auth.signOut();
  expect(store.record).toBeNull();
});

test('B11 dispose ignores an error of the store’s unsubscribe function', async () => {
  const unsubscribe = vi.fn(() => {
    throw new Error('offline');
  });
  const { auth } = scriptedProvider({ store: { ...scriptedStore(), subscribe: () => unsubscribe } });
  auth.dispose();
  await settled();
  expect(unsubscribe).toHaveBeenCalledOnce();
});

test('B21 the end of a session waits a limited time for a store whose save never settles', async () => {
  const { lock, ...store } = memoryStore();
  expect(lock).toBeDefined();
  const { auth, clock, renewals } = scriptedProvider({ store: { ...store, save: () => new Promise<never>(() => {}) } });
  void auth.adopt({ accessToken: 'A', refreshToken: 'rA', expiresInS: 60 });
  await clock.advance(5_000);
  const renewed = outcome(auth.renew());
  await settled();
  await renewals.last.answer(null);
  await clock.advance(5_000);
  expect(auth.fresh()).toBeNull();
  expect(await renewed).toBe('sessionExpired');
});

test('B11 dispose accepts a store whose subscribe does not return a function', () => {
  const store = { ...scriptedStore(), subscribe: () => Promise.resolve() as unknown as () => void };
  const { auth } = scriptedProvider({ store });
  auth.dispose();
  expect(auth.fresh()).toBeUndefined();
});

test('with credentials the status is unknown until they were asked for, as fresh() answers', async () => {
  const { auth, signIns } = scriptedProvider({ credentials: () => ({ username: 'ann', password: 'p' }) });
  expect([auth.fresh(), auth.state.status]).toEqual([undefined, 'unknown']);
  const get = auth.get();
  await settled();
  await signIns.last.answer({ accessToken: 'A' });
  expect((await get)?.accessToken).toBe('A');
  await auth.signOut();
  expect([auth.fresh(), auth.state.status]).toEqual([null, 'signedOut']);
});

test('a disposed manager is signed out', () => {
  const { auth } = signedIn();
  auth.dispose();
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  expect(auth.fresh()).toBeUndefined();
});

test('an adopted session has no error of the session before, also from a listener of renewalFailed', async () => {
  const { auth, renewals } = signedIn();
  auth.on('renewalFailed', () => void auth.adopt('token-of-Bob'));
  renewals.always(() => Promise.reject(new TypeError('fetch failed')));
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(auth.state).toEqual({ status: 'signedIn', sessionId: current(auth).sessionId, renewing: false });
});

test('an event that a listener causes comes after the one that it is handling', async () => {
  const { auth, events } = signedIn();
  const order: string[] = [];
  auth.on('signedOut', ({ reason }) => {
    order.push(`signedOut ${reason}`);
    if (reason === 'replaced') void auth.signOut();
  });
  auth.on('signedIn', () => order.push('signedIn'));
  await auth.adopt('token-of-Bob');
  expect(order).toEqual(['signedOut replaced', 'signedIn', 'signedOut signOut']);
  expect(events).toEqual(['signedOut', 'signedIn', 'signedOut']);
  expect(auth.fresh()).toBeNull();
});

test.each(['signOut', 'adopt'] as const)(
  'B41 a late save of a renewal does not bring back the session that was left, also after signOut and %s',
  async act => {
    const place = scriptedStore();
    const listeners: (() => void)[] = [];
    const subscribe = (changed: () => void) => {
      listeners.push(changed);
      return () => {};
    };
    const store = { ...place, subscribe };
    const { auth } = signedIn({ store });
    await settled();
    const late = successorOf(place.record, { accessToken: 'late' });
    await auth.signOut();
    await (act === 'signOut' ? auth.signOut() : auth.adopt('token-of-Bob'));
    const expected = auth.fresh();
    place.record = late;
    for (const changed of listeners) changed();
    await settled();
    expect(auth.fresh()).toBe(expected);
  },
);

test('B49 with a store that answers later, the first subscriber starts the restore', async () => {
  const { auth, renewals } = scriptedProvider({ store: scriptedStore(), restore: true });
  auth.subscribe(() => {});
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['restore']);
});
