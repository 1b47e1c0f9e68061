import { expect, test } from 'vitest';
import { after, connected, entryOf, host, renewed, scriptedPlace } from '../../test/scriptedPlace.ts';
import { current, hours, outcome, scriptedProvider, settled, stampOf } from '../../test/scriptedProvider.ts';
import { beginningAfter } from './stamp.ts';

const damaged = { v: 2 } as never;
const B = { accessToken: 'B', refreshToken: 'rB', expiresInS: 3600 };

/** Of another person, by a clock that is so far ahead. */
const byBob = (now: number, aheadMs: number) =>
  entryOf({ accessToken: 'token-of-Bob' }, beginningAfter(undefined, now + aheadMs));

/** A promise that the test resolves. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}

test('B45 a damaged record is reported once, and again after one that was read', async () => {
  const { place, events } = await connected();
  const broken = { stamp: stampOf(0), record: damaged };
  for (const found of [broken, broken, place.entry, broken]) host(place).found(found);
  await settled();
  expect(events).toEqual(['storeFailed', 'storeFailed']);
});

test('B45 a damaged record is reported again after the place was empty', async () => {
  const { place, events } = await connected();
  const broken = { stamp: stampOf(0), record: damaged };
  for (const found of [broken, undefined, broken]) host(place).found(found);
  await settled();
  expect(events).toEqual(['storeFailed', 'storeFailed']);
});

test('B45 SEC-05 an empty place is no entry, also where a script has polluted the prototype of all objects', async () => {
  const { auth, place } = await connected();
  const { stamp, record } = entryOf({ accessToken: 'forged' }, stampOf(Date.now() * 2));
  Object.assign(Object.prototype, { stamp, record });
  try {
    host(place).found(undefined);
    await settled();
    expect(auth.fresh()?.accessToken).toBe('A');
  } finally {
    for (const name of ['stamp', 'record']) Reflect.deleteProperty(Object.prototype, name);
  }
});

test('B45 a damaged record with a lesser stamp is overwritten by the entry that memory holds', async () => {
  const { place } = await connected();
  const { entry } = place;
  place.entry = { stamp: stampOf(0), record: damaged };
  host(place).found(place.entry);
  await settled();
  expect(place.entry).toEqual(entry);
});

test('B45 an entry whose stamp is not one does not lower the stamps of this session', async () => {
  const { auth, place, renewals } = await connected();
  renewals.always(() => B);
  host(place).found({ ...entryOf(), stamp: '9' });
  await settled();
  expect(await outcome(auth.renew())).toBe('B');
  expect(place.entry?.record?.accessToken).toBe('B');
});

test('B45 a place that damages every record is saved to three times', async () => {
  const { place } = await connected();
  for (let look = 0; look < 9; look++) {
    place.entry = { stamp: place.entry?.stamp ?? '', record: damaged };
    host(place).found(place.entry);
    await settled();
  }
  expect(place.log).toHaveLength(3);
});

test('B41 a beginning is stamped above the greatest stamp that was seen, also when a lesser one was seen since', async () => {
  const { auth, place, clock } = await connected();
  const newest = { stamp: beginningAfter(undefined, clock.now() + hours), record: undefined };
  host(place).found(newest);
  host(place).found(place.entry);
  await auth.adopt('U');
  expect((place.entry?.stamp ?? '') > newest.stamp).toBe(true);
});

test('B115 given doubt when a restore has found nobody signed in, nothing is restored again', async () => {
  const place = scriptedPlace();
  const { auth, renewals } = scriptedProvider({ store: place.store, restore: true });
  renewals.always(() => null);
  await outcome(auth.get());
  host(place).doubt();
  host(place).found(undefined);
  expect(auth.fresh()).toBeNull();
  expect(renewals.calls).toHaveLength(1);
});

test('B114 a sign-in before the place has answered is not interrupted by its own notice', async () => {
  const place = scriptedPlace();
  place.gone.add('load');
  const { auth, states } = scriptedProvider({ store: place.store });
  await settled();
  place.beforeSave = entry => host(place).found(entry);
  await auth.adopt('U');
  expect(states.map(({ status }) => status)).not.toContain('signedOut');
  expect(current(auth).accessToken).toBe('U');
});

test.each([
  [100, 'token-of-Bob'],
  [101, 'U'],
])(
  'B41 a notice while a sign-in is being saved is taken, unless its clock is ahead by more than 100 ms: %i',
  async (ms, token) => {
    const { auth, place, clock } = await connected();
    place.beforeSave = () => new Promise(() => {});
    void auth.adopt('U');
    host(place).found(byBob(clock.now(), ms));
    expect(current(auth).accessToken).toBe(token);
  },
);

test('B41 a notice by a clock that is ahead is taken when the sign-in has been saved, or has lost to another', async () => {
  for (const isSaved of [true, false]) {
    const { auth, place, clock } = await connected();
    const { opened, open } = gate();
    place.beforeSave = () => opened;
    const adopted = auth.adopt('U');
    if (isSaved) {
      open();
      await adopted;
    } else host(place).found(entryOf({ accessToken: 'token-of-Ann' }, beginningAfter(undefined, clock.now() + 50)));
    host(place).found(byBob(clock.now(), hours));
    expect(current(auth).accessToken).toBe('token-of-Bob');
  }
});

test('B41 the end of the save of one sign-in does not end that of the next', async () => {
  const { auth, place, clock } = await connected();
  const gates = { U: gate(), V: gate() };
  place.beforeSave = ({ record }) => gates[record?.accessToken as keyof typeof gates].opened;
  const first = auth.adopt('U');
  void auth.adopt('V');
  gates.U.open();
  await first;
  host(place).found(byBob(clock.now(), hours));
  expect(current(auth).accessToken).toBe('V');
});

test('a sign-out elsewhere does not end the sign-in of a service', async () => {
  const place = scriptedPlace();
  const robot = { username: 'robot', password: 'p' };
  const { auth, signIns } = scriptedProvider({ store: place.store, credentials: () => robot });
  const get = outcome(auth.get());
  await settled();
  place.entry = after(undefined, null);
  host(place).found(place.entry);
  await signIns.last.answer({ accessToken: 'robot' });
  expect(await get).toBe('robot');
});

test.each([
  ['was known', { subject: 'ann' }, { subject: undefined as never }],
  ['was unknown', {}, { subject: 'ann' }],
])('B110 a renewal elsewhere continues the session also when its user %s before', async (_, before, next) => {
  const { auth, place } = await connected({}, entryOf(before));
  const { sessionId } = current(auth);
  host(place).found(renewed(place.entry, { accessToken: 'N', ...next }));
  expect(current(auth)).toMatchObject({ accessToken: 'N', sessionId });
});

test('B14 a notice after dispose does not keep the answer to a token request from being saved', async () => {
  const { auth, place, renewals } = await connected();
  void outcome(auth.renew());
  await settled();
  auth.dispose();
  host(place).found(after(place.entry, { accessToken: 'token-of-Bob' }));
  await renewals.last.answer(B);
  await settled();
  expect(place.entry?.record?.accessToken).toBe('B');
});
