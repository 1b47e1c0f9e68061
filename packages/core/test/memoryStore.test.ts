import { expect, test, vi } from 'vitest';
import type { PlainStore } from '../src/store/sharedSession.ts';
import { memoryStore } from './memoryStore.ts';
import { recordA, settled } from './scriptedProvider.ts';

function locking(store: PlainStore) {
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

test('a listener is called for each save until it unsubscribes', () => {
  const store = memoryStore();
  const changed = vi.fn();
  const unsubscribe = store.subscribe?.(changed) as (() => void) | undefined;
  void store.save(recordA());
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
  });
  const second = lock(async () => void steps.push('second'));
  await settled();
  expect(steps).toEqual(['first in']);
  release();
  await expect(first).rejects.toThrow('broken');
  await second;
  expect(steps).toEqual(['first in', 'first out', 'second']);
});
