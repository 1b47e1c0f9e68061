import { expect, test, vi } from 'vitest';
import {
  after,
  type Connected,
  connected,
  entryOf,
  host,
  renewed,
  type ScriptedPlace,
  scriptedPlace,
} from '../../test/scriptedPlace.ts';
import {
  current,
  fakeClock,
  hours,
  outcome,
  refusal,
  type ScriptedProvider,
  scriptedProvider,
  settled,
  success,
} from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { createStore } from './createStore.ts';
import type { Entry } from './place.ts';
import { beginningAfter, epochOf, isStamp } from './stamp.ts';

const B = { accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 };
const dropped = () => new TypeError('fetch failed');

test('B27 a renewal loads inside the lock, sends, saves, and is used when it is saved', async () => {
  const { auth, place, renewals } = await connected();
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.answer(B);
  expect(current(auth).accessToken).toBe('A');
  expect(place.log).toEqual(['in', 'load', 'save B']);
  complete();
  expect(await renewing).toBe('B');
  await settled();
  expect(place.log).toEqual(['in', 'load', 'save B', 'out']);
});

test('a stamp has the fence of the lock as its version, or a greater one', async () => {
  const { auth, place, renewals } = await connected();
  renewals.always(() => B);
  const versionOf = () => Number(place.entry?.stamp.split('-')[2]);
  place.fence = 700;
  await auth.renew();
  expect(versionOf()).toBe(700);
  place.fence = 3;
  await auth.renew();
  expect(versionOf()).toBe(701);
});

test('B67 given nothing in the place, the session is put back, and no one is signed out', async () => {
  const { auth, place, events } = await connected();
  const { entry } = place;
  place.entry = undefined;
  host(place).found(undefined);
  await settled();
  expect(place.entry).toEqual(entry);
  expect(current(auth).accessToken).toBe('A');
  expect(events).toEqual([]);
});

test('B67 given a lesser entry in the place, as after a failover, the greater one is put back', async () => {
  const { auth, place, renewals } = await connected();
  const { entry: older } = place;
  renewals.always(() => B);
  await auth.renew();
  const { entry: newer } = place;
  place.entry = older;
  host(place).found(older);
  await settled();
  expect(place.entry).toBe(newer);
  expect(current(auth).accessToken).toBe('B');
});

test('B65 a tombstone is put back over the session that it ended', async () => {
  const { auth, place } = await connected();
  const { entry } = place;
  await auth.signOut();
  const tombstone = place.entry;
  expect(tombstone?.record).toBeNull();
  place.entry = entry;
  host(place).found(entry);
  await settled();
  expect(place.entry).toBe(tombstone);
  expect(auth.fresh()).toBeNull();
});

test('an entry that a place never shows is put back three times, and again when it was there', async () => {
  const { place } = await connected();
  const { entry } = place;
  const lose = async (times: number) => {
    for (let time = 0; time < times; time++) {
      host(place).found(undefined);
      await settled();
    }
    return place.log.splice(0).length;
  };
  expect(await lose(9)).toBe(3);
  host(place).found(entry);
  expect(await lose(2)).toBe(2);
});

test('B22 given a rejection, and a successor that is saved between the look and the end, then that is taken', async () => {
  const { auth, place, renewals, events } = await connected();
  const renewing = outcome(auth.renew());
  await settled();
  place.beforeSave = () => {
    place.entry = renewed(place.entry);
  };
  await renewals.last.answer(null);
  expect(await renewing).toBe('B');
  expect(events).toEqual(['renewed']);
});

test('B22 a rejection says nothing of a token set with the same access token and another refresh token', async () => {
  for (const moment of ['before the answer', 'during the save']) {
    const { auth, place, renewals, events } = await connected();
    const rotated = renewed(place.entry, { accessToken: 'A', refreshToken: 'rB' });
    const rotate = () => {
      place.entry = rotated;
      host(place).found(rotated);
    };
    const renewing = outcome(auth.renew());
    await settled();
    if (moment === 'before the answer') rotate();
    else place.beforeSave = rotate;
    await renewals.last.answer(null);
    expect(await renewing).toBe('A');
    expect(current(auth).refreshToken).toBe('rB');
    expect(events).toEqual(['renewed']);
  }
});

test('B21 a rejection saves a tombstone, whose notice does not end the session before its time', async () => {
  const { auth, place, renewals, eventPayloads } = await connected();
  const { entry: before } = place;
  place.beforeSave = entry => host(place).found(entry);
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.answer(null);
  expect(await renewing).toBe('sessionExpired');
  expect(eventPayloads.at(-1)).toMatchObject({ reason: 'expired' });
  expect(place.entry?.record).toBeNull();
  expect(epochOf(place.entry?.stamp ?? '')).toBeGreaterThan(epochOf(before?.stamp ?? ''));
});

test('B61 given a holder that was frozen between the look and the send, it sends nothing, and asks for the lock again', async () => {
  const { auth, place, renewals } = await connected();
  let asked = 0;
  place.isHeld = () => ++asked > 1;
  const renewing = outcome(auth.renew());
  await settled();
  expect(place.log).toEqual(['in', 'load', 'out', 'in', 'load']);
  await renewals.last.answer(B);
  expect(await renewing).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B61 a holder that loses the lock twice sends nothing, and the session goes on', async () => {
  const { auth, place, renewals } = await connected();
  place.isHeld = () => false;
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(renewals.calls).toHaveLength(0);
  expect(current(auth).accessToken).toBe('A');
});

test('B61 credentials that answer after the lock was lost cause no sign-in', async () => {
  let isHeld = true;
  const { auth, place, signIns } = await connected({
    credentials() {
      isHeld = false;
      return { username: 'robot', password: 'p' };
    },
    renew: () => null,
  });
  place.isHeld = () => isHeld;
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(signIns.calls).toHaveLength(0);
});

test('B35 after a dropped connection and a lost lock the refresh token is not sent again without the lock', async () => {
  const { auth, place, renewals } = await connected();
  const held = [true, false];
  place.isHeld = () => held.shift() ?? true;
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.fail(dropped());
  expect(place.log).toEqual(['in', 'load', 'load', 'out', 'in', 'load']);
  await renewals.last.answer(B);
  expect(await renewing).toBe('B');
  expect(renewals.calls).toHaveLength(2);
});

test('B60 given a waiter, and a notice that brings the successor, it leaves the queue of the lock', async () => {
  const { auth, place, clock, renewals } = await connected();
  place.busy = new Promise(() => {});
  clock.jump(2 * hours);
  const gets = [outcome(auth.get()), outcome(auth.get())];
  await settled();
  host(place).found(renewed(place.entry, { ...B, expiresAt: clock.now() + hours }));
  expect(await Promise.all(gets)).toEqual(['B', 'B']);
  expect(renewals.calls).toHaveLength(0);
  expect(auth.state.renewing).toBe(false);
  expect(place.log).toEqual([]);
  expect(clock.timers).toEqual([]);
});

test('B60 a notice that brings a token set that has expired as well keeps the waiter in the queue', async () => {
  const { auth, place, clock, renewals } = await connected();
  let release = () => {};
  place.busy = new Promise<void>(resolve => {
    release = resolve;
  });
  clock.jump(2 * hours);
  const get = outcome(auth.get());
  await settled();
  const old = renewed(place.entry);
  place.entry = old;
  host(place).found(old);
  expect(auth.state.renewing).toBe(true);
  release();
  await settled();
  expect(renewals.last.argument.current?.accessToken).toBe('B');
  await renewals.last.answer({ accessToken: 'C', expiresInS: 60 });
  expect(await get).toBe('C');
});

test('B07 an operation waits lockWaitMs for another holder, and renewTimeoutMs for the token request that follows', async () => {
  const { auth, place, clock, renewals } = await connected({ renewTimeoutMs: 3_000, lockWaitMs: 4_000 });
  clock.jump(2 * hours);
  place.busy = new Promise(resolve => clock.setTimeout(() => resolve(true), 6_000));
  const answers: unknown[] = [];
  void outcome(auth.get()).then(result => answers.push(result));
  await clock.advance(3_999);
  expect(answers).toEqual([]);
  await clock.advance(1);
  expect(answers).toEqual(['unavailable']);
  void outcome(auth.get()).then(result => answers.push(result));
  await clock.advance(2_000); // the lock is granted, and the token request is sent
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(2_999);
  expect(answers).toEqual(['unavailable']);
  await clock.advance(1);
  expect(answers).toEqual(['unavailable', 'unavailable']);
});

test('B61 a lock that is never granted ends the renewal in the end, and leaves no timer', async () => {
  const { auth, place, clock, renewals } = await connected({ renewTimeoutMs: 1_000 });
  place.busy = new Promise(() => {});
  expect(await Promise.all([outcome(auth.renew()), clock.advance(20_000)])).toEqual(['unavailable', undefined]);
  expect(auth.state.renewing).toBe(false);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([]);
});

test.each([
  ['with a refresh token, which may rotate', {}, 'unavailable'],
  ['with an exclusive provider', { exclusive: true, rotates: false }, 'unavailable'],
  ['where two renewals do no harm', { rotates: false }, 'B'],
])('B67 given a lock that is gone, %s: %#', async (_, options, expected) => {
  const { auth, place, renewals, events, eventPayloads } = await connected(options);
  renewals.always(() => B);
  place.gone.add('lock');
  expect(await outcome(auth.renew())).toBe(expected);
  expect(renewals.calls).toHaveLength(expected === 'B' ? 1 : 0);
  await settled();
  expect(events).toContain('storeFailed');
  expect(eventPayloads.find(event => 'doing' in event)).toMatchObject({ doing: 'lock' });
});

test('B67 without a refresh token a lock that is gone is done without', async () => {
  const { refreshToken: _, ...record } = entryOf().record as NonNullable<Entry['record']>;
  const { auth, place, renewals } = await connected({}, { stamp: entryOf().stamp, record });
  renewals.always(() => 'B');
  place.gone.add('lock');
  expect(await outcome(auth.renew())).toBe('B');
});

test('B62 without a lock a manager renews alone, also when the place cannot be read', async () => {
  const place = scriptedPlace(entryOf());
  place.hasLock = false;
  const { auth, renewals } = scriptedProvider({ store: place.store });
  await auth.get();
  place.gone.add('load');
  renewals.always(() => B);
  expect(await outcome(auth.renew())).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B62 an exclusive provider is refused at construction when the place has no lock, which is closed', () => {
  const place = scriptedPlace(entryOf());
  place.hasLock = false;
  expect(() => scriptedProvider({ store: place.store, exclusive: true })).toThrow(/"exclusive".*Pass "lock"/);
  expect(place.log).toEqual(['close']);
  place.hasLock = true;
  scriptedProvider({ store: place.store, exclusive: true });
});

test('B67 given an outage with 100 operations, there is one event per kind, and one more in the next outage', async () => {
  const { auth, place, clock, eventPayloads, renewals } = await connected({ rotates: false });
  renewals.always(({ current: tokens }) => ({ ...B, accessToken: `${tokens?.accessToken}+` }));
  const outage = async () => {
    for (const kind of ['load', 'save', 'lock'] as const) place.gone.add(kind);
    for (let time = 0; time < 100; time++) {
      await outcome(auth.renew());
      clock.jump(1_000);
    }
    host(place).failed('notify', new Error('offline'));
    host(place).failed('notify', new Error('offline'));
    await settled();
    place.gone.clear();
    return eventPayloads.splice(0).flatMap(event => ('doing' in event ? [event.doing] : []));
  };
  expect(await outage()).toEqual(['lock', 'load', 'save', 'notify']);
  await auth.renew();
  expect(place.entry?.record?.accessToken).toBe(current(auth).accessToken);
  expect(await outage()).toEqual(['lock', 'load', 'save']); // notices have not worked since
});

test('B67 a notice ends the pause after a lock that was gone, and none that the auth server has caused', async () => {
  const { auth, place, renewals } = await connected();
  place.gone.add('lock');
  expect(await outcome(auth.renew())).toBe('unavailable');
  place.gone.clear();
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(renewals.calls).toHaveLength(0);
  host(place).found(place.entry);
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.fail(new TokenError('unavailable'));
  expect(await renewing).toBe('unavailable');
  host(place).found(place.entry);
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(renewals.calls).toHaveLength(1);
});

test('B114 a notice ends the pause after a failed first load', async () => {
  const place = scriptedPlace(entryOf());
  place.gone.add('load');
  const { auth, clock } = scriptedProvider({ store: place.store });
  const get = outcome(auth.get());
  await settled();
  expect(auth.state.error).toMatchObject({ code: 'unavailable' });
  place.gone.clear();
  host(place).found(place.entry);
  expect(current(auth).accessToken).toBe('A');
  expect(auth.state.error).toBeUndefined();
  expect(await get).toBe('A');
  expect(clock.timers).toEqual([]);
});

test('B114 a sign-in while the place does not answer wins over what it then answers', async () => {
  const place = scriptedPlace(entryOf());
  place.gone.add('load');
  const { auth } = scriptedProvider({ store: place.store });
  const get = outcome(auth.get());
  await settled();
  await auth.adopt('U');
  expect(await get).toBe('U');
  expect(place.entry?.record?.accessToken).toBe('U');
  place.gone.clear();
  expect(await outcome(auth.get())).toBe('U');
});

test('B41 given a sign-in against a stamp of a clock that is ahead, the sign-in wins', async () => {
  const { auth, place, clock } = await connected();
  place.entry = {
    ...after(place.entry, { accessToken: 'token-of-Bob' }),
    stamp: beginningAfter(undefined, clock.now() + hours),
  };
  await auth.adopt('U');
  expect(place.entry.record?.accessToken).toBe('U');
  expect(current(auth).accessToken).toBe('U');
});

test('B41 a sign-in that is overtaken three times gives way, and memory and the place hold the same', async () => {
  const { auth, place, clock } = await connected();
  let overtakes = 0;
  place.beforeSave = () => {
    if (overtakes++ < 3)
      place.entry = {
        ...after(place.entry, { accessToken: `token-${overtakes}` }),
        stamp: beginningAfter(place.entry?.stamp, clock.now() + overtakes * hours),
      };
  };
  await auth.adopt('U');
  expect(overtakes).toBe(3);
  expect(place.entry?.record?.accessToken).toBe('token-3');
  expect(current(auth).accessToken).toBe('token-3');
});

test('B41 given a sign-in that came before one of another place, the later one is taken', async () => {
  const { auth, place, clock, eventPayloads } = await connected();
  const later = after(place.entry, { accessToken: 'token-of-Bob' });
  place.beforeSave = () => {
    clock.jump(10);
    place.entry = { ...later, stamp: beginningAfter(undefined, clock.now() - 1) };
  };
  await auth.adopt('U');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(eventPayloads.map(event => ('reason' in event ? event.reason : ''))).toEqual([
    'replaced',
    '',
    'elsewhere',
    '',
  ]);
});

test.each([
  ['the same user', { subject: 'ann' }, { subject: 'ann' }, true],
  ['another user', { subject: 'ann' }, { subject: 'bob' }, false],
  ['an unknown user', { subject: 'ann' }, {}, false],
  ['a service of the same credentials', { unattended: true }, { unattended: true }, true],
  ['a user where a service was', { unattended: true }, {}, false],
  ['a service where a user was', {}, { unattended: true }, false],
  [
    'another user of the same credentials',
    { unattended: true, subject: 'a' },
    { unattended: true, subject: 'b' },
    false,
  ],
] as const)(
  'B110 an entry of another beginning by %s: operations continue or fail',
  async (_, before, next, continues) => {
    const { auth, place, events, renewals } = await connected({}, entryOf(before));
    const { sessionId } = current(auth);
    const refused = outcome(auth.settle(refusal(current(auth))) as Promise<unknown>);
    await settled();
    host(place).found(after(place.entry, { accessToken: 'N', refreshToken: 'rN', ...next }));
    await renewals.last.answer(B);
    expect(await refused).toBe(continues ? 'N' : 'signedOut');
    expect(current(auth).sessionId === sessionId).toBe(continues);
    expect(events.filter(name => name !== 'refused' && name !== 'retried')).toEqual(
      continues ? ['renewed'] : ['signedOut', 'signedIn'],
    );
  },
);

test('B110 a renewal of the session by another place for another user ends it', async () => {
  const { auth, place, eventPayloads } = await connected({}, entryOf({ subject: 'ann' }));
  host(place).found(renewed(place.entry, { accessToken: 'N', subject: 'bob' }));
  expect(eventPayloads[0]).toMatchObject({ reason: 'elsewhere' });
  expect(current(auth).subject).toBe('bob');
});

test('B112 a session that was left is never entered again, however many came between', async () => {
  const { auth, place, clock } = await connected();
  const left = renewed(place.entry);
  for (const user of ['U', 'V', 'W']) {
    clock.jump(1);
    await auth.adopt(user);
  }
  await auth.signOut();
  for (const late of [left, renewed(left, { accessToken: 'C' })]) {
    place.entry = late;
    host(place).found(late);
    await settled();
    expect(auth.fresh()).toBeNull();
    expect(place.entry?.record).toBeNull();
  }
});

test('B113 tokens that a response brings while a renewal is being saved do not lose the rotated refresh token', async () => {
  const { auth, place, renewals } = await connected({ receive: headers => headers.get('x-token') });
  const A = current(auth);
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.answer(B);
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(A, { response }));
  expect(current(auth).accessToken).toBe('received');
  void auth.settle(success(current(auth), { response }));
  complete();
  expect(await renewing).toBe('B');
  await settled();
  for (const held of [current(auth), place.entry?.record])
    expect(held).toMatchObject({ accessToken: 'B', refreshToken: 'rB' });
});

test('B113 tokens that a response brought are saved, below any renewal', async () => {
  const { auth, place } = await connected({ receive: headers => headers.get('x-token') });
  const elsewhere = renewed(place.entry);
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(current(auth), { response }));
  await settled();
  expect(place.entry?.record).toMatchObject({ accessToken: 'received', refreshToken: 'rA' });
  expect(elsewhere.stamp > (place.entry?.stamp ?? '')).toBe(true);
});

test('B111 adopt of the same user continues the session, and is an act of the user for the place', async () => {
  const { auth, place } = await connected({}, entryOf({ subject: 'ann' }));
  const epochBefore = epochOf(place.entry?.stamp ?? '');
  const { sessionId } = current(auth);
  await auth.adopt({ accessToken: 'next', subject: 'ann' });
  expect(place.entry?.record).toMatchObject({ accessToken: 'next', refreshToken: 'rA', subject: 'ann' });
  expect(epochOf(place.entry?.stamp ?? '')).toBeGreaterThan(epochBefore);
  expect(current(auth).sessionId).toBe(sessionId);
});

test('B111 adopt of the same user keeps that the session began unattended', async () => {
  const { auth, place } = await connected({}, entryOf({ subject: 'robot', unattended: true }));
  await auth.adopt({ accessToken: 'next', subject: 'robot' });
  expect(place.entry?.record).toMatchObject({ accessToken: 'next', unattended: true });
});

test('B111 adopt of the same user during an outage wins over what others have put back before', async () => {
  const { auth, place, clock } = await connected({}, entryOf({ subject: 'ann' }));
  const other = scriptedProvider({ store: place.store, clock });
  await outcome(other.auth.get());
  place.gone.add('save');
  clock.jump(1_000);
  await other.auth.adopt({ accessToken: 'token-of-Bob', subject: 'bob' });
  clock.jump(1_000);
  await auth.adopt({ accessToken: 'next', subject: 'ann' });
  place.gone.clear();
  for (const found of [...place.hosts.slice(1), host(place), ...place.hosts]) {
    found.found(place.entry);
    await settled();
  }
  expect(place.entry?.record?.accessToken).toBe('next');
  expect([current(auth).accessToken, current(other.auth).accessToken]).toEqual(['next', 'next']);
});

test.each(['signedIn', 'signedOut'] as const)(
  'B115 given doubt when %s, fresh() is undefined until the place has answered',
  async status => {
    const { auth, place, renewals, events } = await connected();
    if (status === 'signedOut') await auth.signOut();
    events.length = 0;
    const before = status === 'signedIn' ? 'A' : null;
    host(place).doubt();
    expect(auth.fresh()).toBeUndefined();
    expect(await outcome(auth.get())).toBe(before);
    expect(auth.fresh()?.accessToken ?? null).toBe(before);
    host(place).doubt();
    host(place).found(place.entry);
    expect(auth.fresh()?.accessToken ?? null).toBe(before);
    host(place).doubt();
    host(place).found(after(place.entry, { accessToken: 'token-of-Bob' }));
    expect(current(auth).accessToken).toBe('token-of-Bob');
    expect(renewals.calls).toHaveLength(0);
  },
);

test('B115 doubt that ends during the renewal of a refused token set does not hand that out, and its end does not end the doubt', async () => {
  const { auth, place, renewals } = await connected();
  const refused = outcome(auth.settle(refusal(current(auth))) as Promise<unknown>);
  await settled();
  host(place).doubt();
  host(place).found(place.entry);
  expect(auth.fresh()).toBeUndefined();
  host(place).doubt();
  await renewals.last.fail(new Error('offline'));
  expect(await refused).toBe('unavailable');
  expect(auth.fresh()).toBeUndefined();
  expect(await outcome(auth.get())).toBe('A');
  host(place).doubt();
  const renewing = outcome(auth.renew());
  await settled();
  expect(auth.fresh()?.accessToken).toBe('A'); // the store was asked first
  await renewals.last.answer(B);
  expect(await renewing).toBe('unavailable');
});

test('B115 doubt in the same tick as a sign-in that ends a first load causes no renewal, whichever microtask it comes in', async () => {
  for (let microtasks = 0; microtasks < 20; microtasks++) {
    const place = scriptedPlace();
    place.gone.add('load');
    const { auth, renewals } = scriptedProvider({ store: place.store });
    const get = outcome(auth.get());
    await settled();
    place.gone.clear();
    void auth.adopt('U');
    for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
    host(place).doubt();
    expect(await get).toBe('U');
    expect(renewals.calls).toHaveLength(0);
  }
});

test('B25 a store that cannot be read does not shorten the pause after another failure', async () => {
  const { auth, place, clock, renewals } = await connected();
  renewals.always(() => Promise.reject(new TokenError('misconfigured', 'The client is unknown.')));
  expect(await outcome(auth.renew())).toBe('misconfigured');
  place.gone.add('load');
  host(place).doubt();
  await Promise.all([outcome(auth.get()), clock.advance(5_000)]);
  place.gone.clear();
  await auth.get();
  await clock.advance(60_000);
  expect(await outcome(auth.renew())).toBe('misconfigured');
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(300_000);
  expect(await outcome(auth.renew())).toBe('misconfigured');
  expect(renewals.calls).toHaveLength(2);
});

test('B115 given doubt and a sign-out elsewhere, nothing is sent with the old token', async () => {
  const { auth, place } = await connected();
  place.entry = after(place.entry, null);
  host(place).doubt();
  expect(await outcome(auth.get())).toBe('signedOut');
  expect(auth.fresh()).toBeNull();
});

test('B115 given doubt and a place that is gone, operations fail with unavailable', async () => {
  const { auth, place, clock } = await connected();
  place.gone.add('load');
  host(place).doubt();
  expect(await Promise.all([outcome(auth.get()), clock.advance(5_000)])).toEqual(['unavailable', undefined]);
  place.gone.clear();
  host(place).found(place.entry);
  expect(current(auth).accessToken).toBe('A');
});

test('B14 given dispose in mid-request, the answer is saved, the lock let go, the place closed, in this order', async () => {
  const { auth, place, renewals } = await connected();
  void outcome(auth.renew());
  await settled();
  auth.dispose();
  await settled();
  expect(place.log).toEqual(['in', 'load']);
  await renewals.last.answer(B);
  await settled();
  expect(place.log.slice(2)).toEqual(['save B', 'out', 'close']);
  expect(place.entry?.record?.refreshToken).toBe('rB');
});

test('B14 given dispose and no answer, the lock is let go and the place closed when the time for the token request is up', async () => {
  for (const signsOut of [false, true]) {
    const { auth, place, clock } = await connected();
    void outcome(auth.renew());
    await settled();
    auth.dispose();
    if (signsOut) void auth.signOut();
    await clock.advance(29_999);
    expect(place.log).not.toContain('close');
    await clock.advance(1);
    expect(place.log.slice(-2)).toEqual(['out', 'close']);
    expect(clock.timers).toEqual([]);
  }
});

test('B14 dispose before a token request was sent leaves the queue, sends nothing, and closes the place', async () => {
  const { auth, place, renewals } = await connected();
  place.busy = new Promise(() => {});
  const renewing = outcome(auth.renew());
  await settled();
  auth.dispose();
  expect(await renewing).toBe('disposed');
  await settled();
  expect(place.log).toEqual(['close']);
  expect(renewals.calls).toHaveLength(0);
});

test('B14 dispose after adopt of the same user in mid-request: the tokens of the adopt stay', async () => {
  const { auth, place, renewals } = await connected({}, entryOf({ subject: 'ann' }));
  void outcome(auth.renew());
  await settled();
  await auth.adopt({ accessToken: 'next', refreshToken: 'rNext', subject: 'ann' });
  auth.dispose();
  await renewals.last.answer({ ...B, subject: 'ann' });
  await settled();
  expect(place.entry?.record).toMatchObject({ accessToken: 'next', refreshToken: 'rNext' });
  expect(place.log.slice(-2)).toEqual(['out', 'close']);
});

test('B14 dispose after an answer that brought an access token in mid-request: the rotated refresh token is saved', async () => {
  const { auth, place, renewals } = await connected({ receive: headers => headers.get('x-token') });
  void outcome(auth.renew());
  await settled();
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(current(auth), { response }));
  await settled();
  auth.dispose();
  await renewals.last.answer(B);
  await settled();
  expect(place.entry?.record).toMatchObject({ refreshToken: 'rB' });
});

test('B14 the place is closed when each lock was let go, also that of a request whose session is over', async () => {
  const { auth, place, clock } = await connected();
  let release = () => {};
  place.releasing = new Promise<void>(resolve => {
    release = resolve;
  });
  void outcome(auth.renew());
  await settled();
  void auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  void outcome(auth.renew());
  await settled();
  auth.dispose();
  await clock.advance(4_999);
  expect(place.log).not.toContain('close');
  release();
  await settled();
  expect(place.log.slice(-2)).toEqual(['out', 'close']);
});

test('B14 the answer to a disposed manager for another user is not saved', async () => {
  const { auth, place, renewals } = await connected({}, entryOf({ subject: 'ann' }));
  void outcome(auth.renew());
  await settled();
  auth.dispose();
  await renewals.last.answer({ ...B, subject: 'bob' });
  await settled();
  expect(place.entry?.record?.accessToken).toBe('A');
});

test('B41 after signOut in mid-request the lock is let go when the end of the session is saved, not before', async () => {
  const { auth, place, renewals } = await connected();
  void outcome(auth.renew());
  await settled();
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  void auth.signOut();
  await settled();
  expect(place.log).toEqual(['in', 'load', 'save end']);
  complete();
  await settled();
  expect(place.log).toEqual(['in', 'load', 'save end', 'out']);
  expect(renewals.calls).toHaveLength(1);
});

test('B111 adopt in mid-request: the lock is let go when it is saved, so that nobody sends the refresh token again', async () => {
  const { auth, place, renewals } = await connected({}, entryOf({ subject: 'ann' }));
  const renewing = outcome(auth.renew());
  await settled();
  let complete = () => {};
  const completed = new Promise<void>(resolve => {
    complete = resolve;
  });
  place.beforeSave = () => completed;
  void auth.adopt({ accessToken: 'next', refreshToken: 'rNext', subject: 'ann' });
  await renewals.last.answer({ ...B, subject: 'ann' });
  expect(await renewing).toBe('next');
  await settled();
  expect(place.log).not.toContain('out');
  complete();
  await settled();
  expect(place.log.slice(-2)).toEqual(['save next', 'out']);
});

test('B41 the pending renewal of the last session does not keep the lock from the next session', async () => {
  const { auth, place, renewals } = await connected();
  void outcome(auth.renew());
  await settled();
  await auth.adopt({ accessToken: 'next', refreshToken: 'rNext', expiresInS: 3600 });
  place.log.length = 0;
  const renewing = outcome(auth.renew());
  await settled();
  expect(renewals.calls).toHaveLength(2); // the first token request is still pending
  await renewals.last.answer(B);
  expect(await renewing).toBe('B');
});

test('B64 a tombstone at the start is a sign-out: nothing is restored', async () => {
  const { auth, renewals } = await connected({ restore: true }, after(undefined, null));
  expect(auth.fresh()).toBeNull();
  expect(renewals.calls).toHaveLength(0);
});

test('B64 a tombstone that comes while a session is being restored ends that', async () => {
  const place = scriptedPlace();
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  const get = outcome(auth.get());
  await settled();
  host(place).found(after(undefined, null));
  await renewals.last.answer(B);
  expect(await get).toBe('signedOut');
  expect(auth.fresh()).toBeNull();
});

test('given the newest stamp without its record, as of a frozen tab, nothing is taken, and the next sign-in is above it', async () => {
  const { auth, place, clock, events } = await connected();
  const newest = { stamp: beginningAfter(undefined, clock.now() + hours), record: undefined };
  host(place).found(newest);
  await settled();
  expect(current(auth).accessToken).toBe('A');
  expect([place.log, events]).toEqual([[], []]);
  await auth.adopt('U');
  expect((place.entry?.stamp ?? '') > newest.stamp).toBe(true);
  const { auth: next } = await connected({}, newest);
  expect(next.fresh()).toBeNull();
});

test('B45 an entry with a stamp that is not one, or a damaged record, is reported, and does not lead to a sign-out', async () => {
  for (const damaged of [
    { ...entryOf(), stamp: '1' },
    { stamp: beginningAfter(undefined, 2 ** 42), record: { v: 1 } as never },
  ]) {
    const { auth, place, events } = await connected();
    host(place).found(damaged);
    await settled();
    expect(current(auth).accessToken).toBe('A');
    expect(events).toEqual(['storeFailed']);
    expect(place.log).toEqual(['save A']);
  }
});

test('B45 a damaged record with a greater stamp is overwritten by the session in memory, and by its renewals', async () => {
  const { auth, place, clock, renewals } = await connected();
  renewals.always(() => B);
  for (const find of [async () => host(place).found(place.entry), () => auth.renew()]) {
    clock.jump(1);
    place.entry = { stamp: beginningAfter(place.entry?.stamp, clock.now()), record: { v: 2 } as never };
    await find();
    await settled();
    expect(place.entry.record).toMatchObject({ accessToken: current(auth).accessToken });
  }
  expect(current(auth).accessToken).toBe('B');
});

test('B45 a damaged record signs no page out, also where each page overwrites it', async () => {
  const place = scriptedPlace(entryOf());
  const pages = [scriptedProvider({ store: place.store }), scriptedProvider({ store: place.store })] as const;
  for (const { auth } of pages) await auth.get();
  const damaged = { stamp: beginningAfter(place.entry?.stamp, 0), record: { v: 2 } as never };
  for (const { found } of place.hosts) {
    place.entry = damaged;
    found(damaged);
    await settled();
  }
  for (const { found } of place.hosts) found(place.entry);
  for (const { auth, events } of pages) {
    expect(current(auth).accessToken).toBe('A');
    expect(events).toEqual(['storeFailed']);
  }
});

test('a place may call its host while it connects', async () => {
  const place = scriptedPlace(entryOf());
  const failures = vi.fn();
  const { auth, events } = scriptedProvider({
    store: client => {
      const session = place.store(client);
      place.hosts[0]?.failed('notify', new Error('There is no channel.'));
      return session;
    },
  });
  failures();
  expect(await outcome(auth.get())).toBe('A');
  expect(events).toEqual(['storeFailed']);
});

test('no stamp is public: the state and the events show none', async () => {
  const { auth, place, renewals, eventPayloads } = await connected();
  renewals.always(() => B);
  await auth.renew();
  expect(isStamp(place.entry?.stamp)).toBe(true);
  expect(JSON.stringify([auth.state, eventPayloads])).not.toContain(place.entry?.stamp);
});

test('a successor that a place does not keep, without a greater entry, is saved three times, and used', async () => {
  for (const times of [2, 9]) {
    const { auth, place, renewals } = await connected();
    place.refuses = times;
    renewals.always(() => B);
    expect(await outcome(auth.renew())).toBe('B');
    await settled();
    expect(place.log.filter(step => step === 'save B')).toHaveLength(3 + (times > 3 ? 3 : 0));
    expect(current(auth).accessToken).toBe('B');
  }
});

test('a sign-in that a place does not keep, without a later act, is saved three times', async () => {
  const { auth, place } = await connected();
  place.refuses = 9;
  await auth.adopt('U');
  expect(place.log.filter(step => step === 'save U')).toHaveLength(3);
  expect(current(auth).accessToken).toBe('U');
});

test('a sign-in that the user follows up with another is not saved again', async () => {
  const { auth, place } = await connected();
  let acts = 0;
  place.beforeSave = () => {
    if (acts++ === 0) void auth.signOut();
  };
  await auth.adopt('U');
  await settled();
  expect(place.log.filter(step => step === 'save U')).toHaveLength(1);
  expect(place.entry?.record).toBeNull();
});

test.each([
  [0, 'token-of-Bob'],
  [100, 'token-of-Bob'],
  [101, 'U'],
])('B41 a sign-in loses to another whose stamp is greater by up to 100 ms: %i', async (ms, winner) => {
  const { auth, place, clock } = await connected();
  const theirs = beginningAfter(undefined, clock.now() + ms).replace(/-\d{10}-/, '-9999999999-');
  place.beforeSave = () => {
    place.entry = entryOf({ accessToken: 'token-of-Bob' }, theirs);
  };
  await auth.adopt('U');
  expect(current(auth).accessToken).toBe(winner);
});

test('B41 a sign-in elsewhere after a restore was asked for wins over its answer', async () => {
  const place = scriptedPlace();
  const [restoring, signingIn] = [
    scriptedProvider({ store: place.store, restore: true }),
    scriptedProvider({ store: place.store }),
  ];
  const get = outcome(restoring.auth.get());
  await signingIn.auth.get();
  signingIn.clock.jump(5);
  await signingIn.auth.adopt('U');
  restoring.clock.jump(10);
  await restoring.renewals.last.answer('of-an-older-cookie');
  expect(place.entry?.record?.accessToken).toBe('U');
  expect(current(restoring.auth).accessToken).toBe('U');
  expect(await get).toBe('U');
});

test('B41 a sign-in in the same millisecond as a rejection of the session before wins', async () => {
  const place = scriptedPlace(entryOf());
  const [one, other] = [scriptedProvider({ store: place.store }), scriptedProvider({ store: place.store })];
  for (const { auth } of [one, other]) await auth.get();
  vi.spyOn(Math, 'random').mockReturnValue(0.999);
  const renewing = outcome(one.auth.renew());
  await settled();
  await one.renewals.last.answer(null);
  expect(await renewing).toBe('sessionExpired');
  vi.mocked(Math.random).mockReturnValue(0.001);
  await other.auth.adopt('U');
  vi.restoreAllMocks();
  expect(place.entry?.record?.accessToken).toBe('U');
  expect(current(other.auth).accessToken).toBe('U');
});

test('B21 a rejection whose end cannot be saved ends the session, and the end is put back later', async () => {
  for (const kinds of [['save'], ['save', 'load']] as const) {
    const { auth, place, renewals } = await connected();
    const renewing = outcome(auth.renew());
    await settled();
    for (const kind of kinds) place.gone.add(kind);
    await renewals.last.answer(null);
    expect(await renewing).toBe('sessionExpired');
    expect(place.entry?.record).not.toBeNull();
    place.gone.clear();
    host(place).found(place.entry);
    await settled();
    expect(place.entry?.record).toBeNull();
  }
});

test('a token set that the credentials brought is marked, its renewals too, and that of a user is not', async () => {
  const robot = { username: 'robot', password: 'p' };
  const place = scriptedPlace();
  const { auth, signIns, renewals, clock } = scriptedProvider({ store: place.store, credentials: () => robot });
  signIns.always(() => ({ accessToken: 'robot', refreshToken: 'r', expiresInS: 3600 }));
  renewals.always(() => B);
  expect(await outcome(auth.get())).toBe('robot');
  expect(place.entry?.record?.unattended).toBe(true);
  await auth.renew();
  expect(place.entry?.record).toMatchObject({ accessToken: 'B', unattended: true });
  await auth.adopt('U');
  expect(place.entry?.record?.unattended).toBeUndefined();
  renewals.always(() => null);
  clock.jump(1);
  expect(await outcome(auth.renew())).toBe('robot');
  expect(place.entry?.record?.unattended).toBe(true);
});

test('tokens that a response brings after a renewal are saved, and keep the marks of the session', async () => {
  const { auth, place, renewals } = await connected(
    { receive: headers => headers.get('x-token') },
    entryOf({ unattended: true }),
  );
  renewals.always(() => B);
  await auth.renew();
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(current(auth), { response }));
  await settled();
  expect(place.entry?.record).toMatchObject({ accessToken: 'received', refreshToken: 'rB', unattended: true });
  expect(place.entry?.stamp.split('-')[3]).toBe('00001');
});

test('B11 dispose during the pause between two attempts to load ends the waits, and leaves no timer', async () => {
  const place = scriptedPlace();
  place.gone.add('load');
  const { auth, clock } = scriptedProvider({ store: place.store });
  const get = outcome(auth.get());
  await settled();
  expect(clock.timers).not.toEqual([]);
  auth.dispose();
  expect(await get).toBe('disposed');
  await settled();
  expect(clock.timers).toEqual([]);
  expect(place.log.filter(step => step === 'load')).toHaveLength(1);
});

test('B114 it asks no oftener than the cool-down, and answers those who have waited 5 s within it', async () => {
  const place = scriptedPlace(entryOf());
  place.gone.add('load');
  const { auth, clock } = scriptedProvider({ store: place.store, cooldownMs: 60_000 });
  expect(await Promise.all([outcome(auth.get()), clock.advance(5_000)])).toEqual(['unavailable', undefined]);
  place.gone.clear();
  expect(await Promise.all([outcome(auth.get()), clock.advance(5_000)])).toEqual(['unavailable', undefined]);
  expect(place.log).toEqual(['load']);
  await clock.advance(60_000);
  expect(await outcome(auth.get())).toBe('A');
  expect(place.log).toEqual(['load', 'load']);
});

test('B115 doubt before the place has answered, or while a session is restored, changes nothing', async () => {
  const place = scriptedPlace();
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  host(place).doubt();
  const get = outcome(auth.get());
  await settled();
  expect(renewals.calls).toHaveLength(1);
  host(place).doubt();
  await renewals.last.answer('A');
  expect(await get).toBe('A');
  expect(place.log).toEqual(['load', 'in', 'load', 'save A', 'out']);
});

test('B115 doubt after dispose changes nothing', async () => {
  const { auth, place } = await connected();
  auth.dispose();
  host(place).doubt();
  host(place).found(undefined);
  await settled();
  expect(auth.state).toEqual({ status: 'signedOut', renewing: false });
  expect(place.log).toEqual(['close']);
});

test('B67 a restore goes on alone where the lock is gone', async () => {
  const place = scriptedPlace();
  place.gone.add('lock');
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  renewals.always(() => 'A');
  expect(await outcome(auth.get())).toBe('A');
});

test('a place without close, and one whose close rejects, are disposed of', async () => {
  for (const close of [undefined, () => Promise.reject(new Error('offline'))]) {
    const place = { load: () => undefined, save: () => true, ...(close && { close }) };
    const { auth } = scriptedProvider({ store: createStore(() => place) });
    auth.dispose();
    await settled();
    expect(auth.state.status).toBe('signedOut');
  }
});

test.each([
  ['lock', /store's lock: a second renewal/],
  ['load', /store could not be read/],
] as const)('the message of a renewal without the %s gives the reason', async (kind, message) => {
  const { auth, place } = await connected();
  place.gone.add(kind);
  await expect(auth.renew()).rejects.toThrow(message);
});

test('the message of a first load that failed gives the reason and the cause', async () => {
  const place = scriptedPlace();
  place.gone.add('load');
  const { auth, clock } = scriptedProvider({ store: place.store });
  const get = auth.get().catch((error: unknown) => error);
  await clock.advance(5_000);
  expect(await get).toMatchObject({ message: 'The store could not be read.', cause: { message: 'The load is gone.' } });
});

test('the message of a lost lock gives the reason', async () => {
  const { auth, place } = await connected();
  place.isHeld = () => false;
  await expect(auth.renew()).rejects.toThrow(/lock was lost before the token request/);
});

test.each(['lock', 'load'] as const)(
  'the message of a renewal without the %s in production is the sentence of its code',
  async kind => {
    vi.stubEnv('NODE_ENV', 'production');
    const { auth, place } = await connected();
    place.gone.add(kind);
    const error = await auth.renew().catch((thrown: unknown) => thrown);
    vi.unstubAllEnvs();
    expect(error).toMatchObject({ message: 'The auth server is not available.' });
  },
);

test('a failure that a place reports without a reason has no cause', async () => {
  const { place, eventPayloads } = await connected();
  host(place).failed('notify', undefined);
  await settled();
  expect(eventPayloads).toMatchObject([{ doing: 'notify', cause: undefined }]);
});

test('B45 a damaged record in production has the sentence of its code', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const { place, eventPayloads } = await connected();
  host(place).found({ ...entryOf(), stamp: '1' });
  await settled();
  vi.unstubAllEnvs();
  expect(eventPayloads).toMatchObject([{ cause: { message: 'The auth server is not available.' } }]);
});

test('B41 a renewal that looks while a sign-in is being saved does not take an entry of a clock that is ahead', async () => {
  const { auth, place, clock, renewals } = await connected();
  place.entry = { ...entryOf({ accessToken: 'token-of-Bob' }), stamp: beginningAfter(undefined, clock.now() + hours) };
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  const adopted = auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  void outcome(auth.renew());
  await settled();
  expect(current(auth).accessToken).toBe('U');
  place.beforeSave = () => {};
  complete();
  await adopted;
  await renewals.last.answer(B);
  await settled();
  expect(place.entry.record?.accessToken).toBe('B');
});

test('B41 a token that a response brings while a sign-in is being saved is saved after it, and the sign-in wins', async () => {
  const { auth, place, clock } = await connected({ receive: headers => headers.get('x-token') });
  place.entry = { ...entryOf({ accessToken: 'token-of-Bob' }), stamp: beginningAfter(undefined, clock.now() + hours) };
  const adopted = auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
  void auth.settle(success(current(auth), { response }));
  expect(current(auth).accessToken).toBe('received');
  await adopted;
  await settled();
  expect(place.entry.record).toMatchObject({ accessToken: 'received', refreshToken: 'rU' });
  expect(current(auth).accessToken).toBe('received');
});

test('B41 a token that a response brings while a sign-in is being saved is not saved over one that has come since', async () => {
  for (const act of ['adopt', 'signOut'] as const) {
    const { auth, place } = await connected({ receive: headers => headers.get('x-token') });
    void auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
    const response = () => ({ headers: new Headers({ 'x-token': 'received' }), url: '', redirected: false });
    void auth.settle(success(current(auth), { response }));
    await (act === 'adopt' ? auth.adopt('V') : auth.signOut());
    await settled();
    expect(place.entry?.record?.accessToken).toBe(act === 'adopt' ? 'V' : undefined);
    expect(place.log).not.toContain('save received');
  }
});

test('B41 a successor that is answered while a sign-in is being saved is saved after it, and the sign-in wins', async () => {
  const { auth, place, clock, renewals } = await connected();
  place.entry = { ...entryOf({ accessToken: 'token-of-Bob' }), stamp: beginningAfter(undefined, clock.now() + hours) };
  renewals.always(() => B);
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  const adopted = auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  const renewing = outcome(auth.renew());
  await settled();
  expect(place.log).not.toContain('save B');
  place.beforeSave = () => {};
  complete();
  await adopted;
  expect(await renewing).toBe('B');
  expect(place.entry.record?.accessToken).toBe('B');
});

test.each(['save', 'load'] as const)(
  'B41 what the place holds is taken, also when an older notice ends a sign-in during its %s',
  async doing => {
    const clock = fakeClock();
    const noticed = entryOf({ accessToken: 'token-of-Ann' }, beginningAfter(undefined, clock.now() + 1));
    const newest = entryOf({ accessToken: 'token-of-Bob' }, beginningAfter(undefined, clock.now() + hours));
    let isSaved = false;
    const store = createStore(({ found }) => ({
      load() {
        if (isSaved && doing === 'load') found(noticed);
        return isSaved ? newest : undefined;
      },
      save() {
        isSaved = true;
        if (doing === 'save') found(noticed);
        return false;
      },
    }));
    const { auth } = scriptedProvider({ store, clock });
    await auth.adopt('U');
    expect(current(auth).accessToken).toBe('token-of-Bob');
  },
);

test('B22 a rejection ends no session whose successor others have saved, also when that cannot be read for a while', async () => {
  const { auth, place, clock, renewals, events } = await connected();
  const successor = renewed(place.entry);
  place.beforeSave = () => {
    place.entry = successor;
    place.gone.add('load');
  };
  renewals.always(() => null);
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(events).not.toContain('signedOut');
  place.gone.clear();
  await clock.advance(5_000);
  expect(await outcome(auth.renew())).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test('B22 tokens that are rejected while their sign-in is being saved above a clock that is ahead are not entered again', async () => {
  const { auth, place, clock, renewals, eventPayloads } = await connected();
  place.entry = { stamp: beginningAfter(undefined, clock.now() + hours), record: null };
  let complete = () => {};
  const completed = new Promise<void>(resolve => {
    complete = resolve;
  });
  place.beforeSave = () => completed;
  renewals.always(() => null);
  const adopted = auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  const renewing = outcome(auth.renew());
  await settled();
  complete();
  await adopted;
  expect(await renewing).toBe('sessionExpired');
  await clock.advance(60_000);
  host(place).found(place.entry);
  await settled();
  expect(place.entry.record).toBeNull();
  expect(auth.fresh()).toBeNull();
  expect(eventPayloads.at(-1)).toMatchObject({ reason: 'expired' });
});

test('B41 a successor that is answered while a sign-in is being saved is dropped when that gives way', async () => {
  const { auth, place, renewals, eventPayloads } = await connected();
  renewals.always(() => B);
  let complete = () => {};
  const completed = new Promise<void>(resolve => {
    complete = resolve;
  });
  place.beforeSave = () => completed;
  void auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  const renewing = outcome(auth.renew());
  await settled();
  place.entry = after(place.entry, { accessToken: 'token-of-Bob' });
  place.entry = { ...place.entry, stamp: beginningAfter(place.entry.stamp, 0) };
  place.beforeSave = () => {};
  complete();
  expect(await renewing).toBe('signedOut');
  expect(current(auth).accessToken).toBe('token-of-Bob');
  expect(place.entry.record?.accessToken).toBe('token-of-Bob');
  expect(eventPayloads.at(-1)).toMatchObject({ sessionId: current(auth).sessionId });
});

test('B113 the version rises also when responses bring tokens while a successor is being saved', async () => {
  const { auth, place, renewals } = await connected({ receive: headers => headers.get('x-token') });
  const versions: number[] = [];
  auth.on('renewed', ({ version }) => versions.push(version));
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.answer(B);
  for (const token of ['one', 'two']) {
    const response = () => ({ headers: new Headers({ 'x-token': token }), url: '', redirected: false });
    void auth.settle(success(current(auth), { response }));
  }
  complete();
  expect(await renewing).toBe('B');
  expect(versions).toEqual([2, 3, 4]);
});

test('a lost entry is put back again after a pause', async () => {
  const { place, clock } = await connected();
  for (let loss = 0; loss < 9; loss++) host(place).found(undefined);
  await settled();
  expect(place.log.splice(0)).toHaveLength(3);
  for (const [ms, saves] of [
    [10_000, 0],
    [1, 1],
  ] as const) {
    clock.jump(ms);
    host(place).found(undefined);
    expect(place.log).toHaveLength(saves);
  }
});

test('B114 a sign-in answers those who wait for a place that does not answer', async () => {
  const { auth, clock } = scriptedProvider({
    store: createStore(() => ({ load: () => new Promise(() => {}), save: () => true })),
  });
  const get = outcome(auth.get());
  await settled();
  await auth.adopt('U');
  expect(await get).toBe('U');
  await clock.advance(5_000);
  expect(clock.timers).toEqual([]);
});

test('B41 adopt of the same user wins over an older sign-out, or sign-in of another user, that was not noticed', async () => {
  for (const record of [null, { accessToken: 'token-of-Bob', subject: 'bob' }]) {
    const { auth, place, clock } = await connected({}, entryOf({ subject: 'ann' }));
    place.entry = { ...after(place.entry, record), stamp: beginningAfter(place.entry?.stamp, clock.now()) };
    clock.jump(60_000);
    await auth.adopt({ accessToken: 'next', subject: 'ann' });
    await settled();
    expect(current(auth).accessToken).toBe('next');
    expect(place.entry.record?.accessToken).toBe('next');
  }
});

test('B111 adopt of the same user is saved above a renewal elsewhere that was not noticed', async () => {
  const { auth, place, clock } = await connected({}, entryOf({ subject: 'ann' }));
  const elsewhere = renewed(place.entry, { ...B, subject: 'ann' });
  place.entry = {
    ...elsewhere,
    stamp: elsewhere.stamp.replace(/-\d{15}-/, `-${String(clock.now() + hours).padStart(15, '0')}-`),
  };
  await auth.adopt({ accessToken: 'next', subject: 'ann' });
  expect(place.entry.record?.accessToken).toBe('next');
  expect(current(auth).accessToken).toBe('next');
});

const refuseRefreshTokens = ({ refreshToken }: { readonly refreshToken?: string }) => {
  if (refreshToken !== undefined) throw new TokenError('misconfigured', 'No refresh tokens here.');
};

test.for([
  ['a sign-in', ({ auth }: Connected) => auth.signIn({ username: 'ann', password: 'p' })],
  ['adopt', ({ auth }: Connected) => auth.adopt(B)],
  ['adopt of the same user', ({ auth }: Connected) => auth.adopt({ ...B, subject: 'ann' })],
  ['a renewal', ({ auth }: Connected) => auth.renew()],
] as const)(
  'B72 a token set that must not be in the place is misconfigured, and changes nothing: %s',
  async ([, act]) => {
    const ann = { subject: 'ann', refreshToken: undefined as never };
    const connection = await connected({}, entryOf(ann));
    const { auth, place, events, renewals, signIns } = connection;
    place.check = refuseRefreshTokens;
    renewals.always(() => B);
    signIns.always(() => B);
    expect(await outcome(act(connection))).toBe('misconfigured');
    expect(current(auth).accessToken).toBe('A');
    expect(place.log.filter(line => line.startsWith('save'))).toEqual([]);
    expect(events.filter(name => name === 'signedOut' || name === 'storeFailed')).toEqual([]);
  },
);

test('B72 a restored token set that must not be in the place is misconfigured, and is not used', async () => {
  const place = scriptedPlace();
  place.check = refuseRefreshTokens;
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  renewals.always(() => B);
  expect(await outcome(auth.get())).toBe('misconfigured');
  expect([auth.state.status, place.entry]).toEqual(['unknown', undefined]);
});

/** Pages of one place that restore a session, in the order in which they get the lock. */
function restoring(place: ScriptedPlace, count: number): ScriptedProvider[] {
  place.sharesNobody = true;
  return Array.from({ length: count }, () => scriptedProvider({ store: place.store, restore: true }));
}

test('B73 pages that restore at the same time ask once whether somebody is signed in, and the other takes the answer', async () => {
  const place = scriptedPlace();
  const pages = restoring(place, 2);
  const gets: Promise<unknown>[] = [];
  for (const { auth } of pages) {
    gets.push(outcome(auth.get()));
    await settled();
  }
  await pages[0]?.renewals.last.answer(null);
  expect(await Promise.all(gets)).toEqual(pages.map(() => null));
  expect(pages.flatMap(({ renewals }) => renewals.calls)).toHaveLength(1);
  expect(pages.map(({ auth }) => [auth.fresh(), auth.state.status])).toEqual(pages.map(() => [null, 'signedOut']));
  expect(pages.flatMap(({ events }) => events)).toEqual([]);
});

test('B73 a page that is in the queue when nobody is found by a notice leaves it, and sends nothing', async () => {
  const place = scriptedPlace();
  place.busy = new Promise(() => {});
  const [page] = restoring(place, 1) as [ScriptedProvider];
  const get = outcome(page.auth.get());
  await settled();
  host(place).found(after(undefined, null));
  expect(await get).toBeNull();
  expect(page.renewals.calls).toHaveLength(0);
  expect(page.events).toEqual([]);
});

test('B73 a sign-in elsewhere since the request wins over the answer that nobody is signed in', async () => {
  const place = scriptedPlace();
  const [page] = restoring(place, 1) as [ScriptedProvider];
  const get = outcome(page.auth.get());
  await settled();
  place.entry = after(after(undefined, null), { accessToken: 'token-of-Bob' });
  await page.renewals.last.answer(null);
  expect(await get).toBe('token-of-Bob');
});

test('B49 a place that does not share it is not written when nobody is signed in', async () => {
  const place = scriptedPlace();
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  renewals.always(() => null);
  expect(await outcome(auth.get())).toBeNull();
  expect(place.log.filter(line => line.startsWith('save'))).toEqual([]);
});

test('B115 memory that is known to be old is renewed when nobody who has the newest record answers', async () => {
  const { auth, place, renewals } = await connected();
  place.entry = { stamp: after(place.entry, null).stamp, record: undefined };
  host(place).doubt();
  const get = outcome(auth.get());
  await settled();
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer(B);
  expect(await get).toBe('B');
});
