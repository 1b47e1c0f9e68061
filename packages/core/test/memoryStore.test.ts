import { expect, test, vi } from 'vitest';
import type { TokenStore } from '../src/store/tokenStore.ts';
import { memoryStore } from './memoryStore.ts';
import { recordA, settled } from './scriptedProvider.ts';

const options = () => ({ waitMs: 1_000, signal: new AbortController().signal });
function locking(store: TokenStore) {
  const { lock } = store;
  if (!lock) throw new Error('The store has no lock.');
  return lock;
}

test('load() returns the last saved record, and null after saving null', () => {
  const store = memoryStore();
  expect(store.load()).toBeNull();
  void store.save(recordA());
  expect(store.load()).toEqual(recordA());
  void store.save(null);
  expect(store.load()).toBeNull();
});

test('B47 two stores do not share records', () => {
  void memoryStore().save(recordA());
  expect(memoryStore().load()).toBeNull();
});

test('B61 save() answers false when the stored record is not the expected one', () => {
  const store = memoryStore();
  expect(store.save(recordA(), recordA())).toBe(false);
  expect(store.load()).toBeNull();
  expect(store.save(recordA(), null)).toBe(true);
  expect(store.save(recordA({ version: 2 }), null)).toBe(false);
  expect(store.save(recordA({ version: 3 }), recordA({ version: 2 }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA({ sessionId: 'another' }))).toBe(false);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(true);
  expect(store.load()).toMatchObject({ version: 2 });
});

test('B65 save() of a renewal answers false after a sign-out', () => {
  const store = memoryStore();
  void store.save(recordA());
  void store.save(null);
  expect(store.save(recordA({ version: 2 }), recordA())).toBe(false);
  expect(store.load()).toBeNull();
});

test('a listener is called for each save until it unsubscribes', () => {
  const store = memoryStore();
  const changed = vi.fn();
  const unsubscribe = store.subscribe?.(changed);
  void store.save(recordA());
  void store.save(recordA(), null);
  void store.save(null);
  expect(changed).toHaveBeenCalledTimes(2);
  unsubscribe?.();
  void store.save(recordA());
  expect(changed).toHaveBeenCalledTimes(2);
});

test('the lock runs callbacks one after another, in order, even after one has failed', async () => {
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
