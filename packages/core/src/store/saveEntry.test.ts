import { expect, test, vi } from 'vitest';
import { connected, entryOf, host, renewed, type ScriptedPlace, scriptedPlace } from '../../test/scriptedPlace.ts';
import { current, hours, outcome, scriptedProvider, settled } from '../../test/scriptedProvider.ts';
import { beginningAfter } from './stamp.ts';

const C = { accessToken: 'C', refreshToken: 'rC', expiresInS: 3600 };

test('B61 a successor that is lesser than that of another process is saved once, and not used', async () => {
  const { auth, place, renewals } = await connected();
  const renewing = outcome(auth.renew());
  await settled();
  place.entry = renewed(renewed(place.entry)); // a greater version
  await renewals.last.answer(C);
  expect(await renewing).toBe('B');
  expect(place.log.filter(step => step === 'save C')).toHaveLength(1);
  expect(place.entry.record?.accessToken).toBe('B');
  expect(current(auth).accessToken).toBe('B');
});

test('a sign-in that an empty place does not keep is saved three times', async () => {
  const place = scriptedPlace();
  const { auth } = scriptedProvider({ store: place.store });
  await auth.get();
  place.refuses = 9;
  await auth.adopt('U');
  expect(place.log.filter(step => step === 'save U')).toHaveLength(3);
});

test('a sign-in wins over a greater stamp whose record nobody has', async () => {
  const { auth, place, clock } = await connected();
  const stamp = beginningAfter(undefined, clock.now()).replace(/-\d{10}-/, '-9999999999-');
  place.entry = { stamp, record: undefined };
  await auth.adopt('U');
  expect(place.entry.record).toMatchObject({ accessToken: 'U' });
  expect(current(auth).accessToken).toBe('U');
});

test.each(['adopts other tokens', 'signs out, and in with the same tokens'])(
  'B41 a successor that is answered while a sign-in is being saved is not saved when the user %s meanwhile',
  async act => {
    const { auth, place, renewals } = await connected();
    let complete = () => {};
    const completed = new Promise<void>(resolve => {
      complete = resolve;
    });
    place.beforeSave = () => completed;
    renewals.always(() => ({ ...C, subject: 'ann' }));
    const tokens = { accessToken: 'U', refreshToken: 'rU', subject: 'ann' };
    void auth.adopt(tokens);
    void outcome(auth.renew());
    await settled();
    if (act === 'adopts other tokens') void auth.adopt({ ...tokens, accessToken: 'V', refreshToken: 'rV' });
    else {
      void auth.signOut();
      void auth.adopt(tokens);
    }
    complete();
    await settled();
    expect(place.log).not.toContain('save C');
    expect(place.entry?.record?.accessToken).toBe(current(auth).accessToken);
  },
);

test('B41 a rejection that is answered while a sign-in is being saved does not end another that wins over it', async () => {
  const { auth, place, renewals } = await connected();
  renewals.always(() => null);
  let complete = () => {};
  const completed = new Promise<void>(resolve => {
    complete = resolve;
  });
  place.beforeSave = () => completed;
  void auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
  const renewing = outcome(auth.renew());
  await settled();
  place.entry = entryOf({ accessToken: 'token-of-Bob' }, beginningAfter(undefined, Date.UTC(2026, 10, 22) + 1));
  complete();
  expect(await renewing).toBe('signedOut');
  await settled();
  expect(place.entry.record?.accessToken).toBe('token-of-Bob');
  expect(place.log).not.toContain('save end');
});

test('B41 a sign-in while the end of a rejected session is being saved wins, also where the clock of that session was ahead', async () => {
  const ahead = beginningAfter(undefined, Date.UTC(2026, 10, 22) + 50);
  const { auth, place, renewals } = await connected({}, entryOf({}, ahead));
  let complete = () => {};
  const completed = new Promise<void>(resolve => {
    complete = resolve;
  });
  place.beforeSave = () => completed;
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.999);
  const renewing = outcome(auth.renew());
  await settled();
  await renewals.last.answer(null);
  random.mockReturnValue(0.001);
  const adopted = auth.adopt('U');
  random.mockRestore();
  complete();
  await adopted;
  await renewing;
  expect(current(auth).accessToken).toBe('U');
  expect(place.entry?.record?.accessToken).toBe('U');
});

test('B41 of two sign-ins over an entry of a clock that is ahead, the second stays', async () => {
  const { auth, place } = await connected();
  place.entry = entryOf({ accessToken: 'token-of-Bob' }, beginningAfter(undefined, Date.UTC(2026, 10, 22) + hours));
  const acts = [auth.adopt('U'), auth.adopt('V')];
  await Promise.all(acts);
  await settled();
  expect(place.entry.record?.accessToken).toBe('V');
  expect(current(auth).accessToken).toBe('V');
});

test('B22 a rejection after adopt of the same user fails nobody, also when the place cannot be read', async () => {
  const { auth, place, renewals } = await connected({}, entryOf({ subject: 'ann' }));
  renewals.always(() => null);
  place.beforeSave = ({ record }) => {
    if (record) return;
    place.entry = renewed(place.entry);
    place.gone.add('load');
    void auth.adopt({ accessToken: 'next', subject: 'ann' });
  };
  expect(await outcome(auth.renew())).toBe('next');
});

test('B115 given doubt after a rejection, the end that was saved answers that nobody is signed in', async () => {
  const { auth, place, renewals } = await connected();
  renewals.always(() => null);
  await outcome(auth.renew());
  host(place).doubt();
  host(place).found(place.entry);
  expect(auth.fresh()).toBeNull();
});

test('B14 given dispose while a sign-in is being saved, the place is closed when it is saved', async () => {
  const { auth, place } = await connected();
  let complete = () => {};
  place.beforeSave = () =>
    new Promise<void>(resolve => {
      complete = resolve;
    });
  void auth.adopt('U');
  auth.dispose();
  await settled();
  expect(place.log).toEqual(['save U']);
  complete();
  await settled();
  expect(place.log).toEqual(['save U', 'close']);
  expect(place.entry?.record?.accessToken).toBe('U');
});

test('a renewal of a session that a user began is not marked as one of credentials', async () => {
  const { auth, place, renewals } = await connected();
  renewals.always(() => C);
  await auth.renew();
  expect(place.entry?.record?.accessToken).toBe('C');
  expect(place.entry?.record).not.toHaveProperty('unattended');
});

test.each([
  ['is saved', undefined, 'B'],
  ['is not saved over tokens that came meanwhile', 'next', 'next'],
])('B14 given dispose in mid-request without a refresh token, the answer %s', async (_, meanwhile, expected) => {
  const { auth, place, renewals } = await connected({}, entryOf({ subject: 'ann', refreshToken: undefined as never }));
  void outcome(auth.renew());
  await settled();
  if (meanwhile) await auth.adopt({ accessToken: meanwhile, subject: 'ann' });
  auth.dispose();
  await renewals.last.answer({ accessToken: 'B', subject: 'ann' });
  await settled();
  expect(place.entry?.record?.accessToken).toBe(expected);
});

test('B41 a sign-in by a clock that is ahead wins over the answer to a restore that was asked for before', async () => {
  const place = scriptedPlace();
  const { auth, clock, renewals } = scriptedProvider({ store: place.store, restore: true });
  const get = outcome(auth.get());
  await settled();
  place.entry = entryOf({ accessToken: 'token-of-Bob' }, beginningAfter(undefined, clock.now() + hours));
  await renewals.last.answer('of-an-older-cookie');
  expect(await get).toBe('token-of-Bob');
  expect(place.entry.record?.accessToken).toBe('token-of-Bob');
});

test.for([
  ['it is found by a look', () => {}],
  ['a notice brings it', (place: ScriptedPlace) => host(place).found(place.entry)],
] as const)(
  'B41 a sign-in that others have renewed before its save was answered is not saved over the renewal, where a clock was ahead: %s',
  async ([, notify]) => {
    const ahead = beginningAfter(undefined, Date.UTC(2026, 10, 22) + hours);
    const { auth, place } = await connected({}, entryOf({}, ahead));
    place.beforeSave = async entry => {
      place.beforeSave = () => {};
      await Promise.resolve(); // the session has begun
      place.entry = renewed(entry, C);
      notify(place);
    };
    await auth.adopt({ accessToken: 'U', refreshToken: 'rU' });
    await settled();
    expect(place.entry?.record?.accessToken).toBe('C');
    expect(current(auth).accessToken).toBe('C');
  },
);
