import { expect, test, vi } from 'vitest';
import { recordA, settled } from '../../test/scriptedProvider.ts';
import { memoryStore } from './memoryStore.ts';
import type { TokenStore } from './tokenStore.ts';

const options = () => ({ waitMs: 1_000, signal: new AbortController().signal });
function locking(store: TokenStore) {
  const { lock } = store;
  if (!lock) throw new Error('There is no lock.');
  return lock;
}

test('it keeps the last record, and null empties it', () => {
  const store = memoryStore();
  expect(store.load()).toBeNull();
  void store.save(recordA());
  expect(store.load()).toEqual(recordA());
  void store.save(null);
  expect(store.load()).toBeNull();
});

test('B47 two stores share nothing', () => {
  void memoryStore().save(recordA());
  expect(memoryStore().load()).toBeNull();
});

test('B61 it saves only over the record that was expected', () => {
  const store = memoryStore();
  expect(store.save(recordA(), recordA())).toBe(false);
  expect(store.load()).toBeNull();
  expect(store.save(recordA(), null)).toBe(true);
  expect(store.save(recordA({ version: 2 }), null)).toBe(false);
  expect(store.save(recordA({ version: 3 }), recordA({ version: 2 }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA({ session: 'another' }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(true);
  expect(store.load()).toMatchObject({ version: 2 });
});

test('B65 a record deleted by sign-out is not written back by a slow renewal', () => {
  const store = memoryStore();
  void store.save(recordA());
  void store.save(null);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(false);
  expect(store.load()).toBeNull();
});

test('it tells of each write until the listener leaves', () => {
  const store = memoryStore();
  const changed = vi.fn();
  const leave = store.subscribe?.(changed);
  void store.save(recordA());
  void store.save(recordA(), null);
  void store.save(null);
  expect(changed).toHaveBeenCalledTimes(2);
  leave?.();
  void store.save(recordA());
  expect(changed).toHaveBeenCalledTimes(2);
});

test('its lock runs one after another, in order, also after one that failed', async () => {
  const store = memoryStore();
  const lock = locking(store);
  const steps: string[] = [];
  let release = () => {};
  const first = lock(async () => {
    steps.push('first in');
    await new Promise<void>(resolve => {
      release = resolve;
    });
    steps.push('first out');
    throw new Error('broken');
  }, options());
  const second = lock(async () => steps.push('second'), options());
  await settled();
  expect(steps).toEqual(['first in']);
  release();
  await expect(first).rejects.toThrow('broken');
  await second;
  expect(steps).toEqual(['first in', 'first out', 'second']);
});
