import { expect, test } from 'vitest';
import { memoryStore } from './memoryStore.ts';
import { current, outcome, scriptedProvider, settled, signedIn } from './scriptedProvider.ts';
import type { TokenStore } from './tokenStore.ts';

/** Two managers in one session, of which the first has renewed while its storage was full: memory holds `B`, the store `A`. */
async function oneIsBehind() {
  const shared = memoryStore();
  let isFull = false;
  const store: TokenStore = {
    ...shared,
    save(record, expected) {
      if (isFull) throw new Error('It is full.');
      return shared.save(record, expected);
    },
  };
  const one = signedIn({ store });
  await settled();
  const other = scriptedProvider({ store: shared });
  isFull = true;
  one.renewals.always(({ current: tokens }) => ({ accessToken: tokens?.accessToken === 'A' ? 'B' : 'C' }));
  expect(await outcome(one.auth.renew())).toBe('B');
  expect(await shared.load()).toMatchObject({ accessToken: 'A' });
  isFull = false;
  return { one, other, shared };
}

test('B28 what could not be saved is saved with the next renewal', async () => {
  const { one, shared } = await oneIsBehind();
  expect(await outcome(one.auth.renew())).toBe('C');
  expect(await shared.load()).toMatchObject({ version: 3, accessToken: 'C' });
});

test('B65 a session that was signed out elsewhere is not written back by one whose save had failed', async () => {
  const { one, other, shared } = await oneIsBehind();
  await other.auth.signOut();
  await settled();
  expect(one.auth.fresh()).toBeNull();
  expect(await shared.load()).toBeNull();
  expect(one.events.at(-1)).toBe('signedOut');
});

test("B63 another's sign-in is not overwritten by one whose save had failed", async () => {
  const { one, other, shared } = await oneIsBehind();
  await other.auth.adopt('U');
  await settled();
  expect(await shared.load()).toMatchObject({ accessToken: 'U' });
  expect(current(one.auth).accessToken).toBe('U');
});
