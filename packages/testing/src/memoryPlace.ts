import type { PlainStore } from '@latchkey/core';
import type { Step } from './storeKind.ts';

/** A lock among the parts of one process, as an application may bring it. */
export function memoryLock(released: () => void = () => {}): NonNullable<PlainStore['lock']> {
  let lastHolder: Promise<unknown> = Promise.resolve();
  return run => {
    const held = lastHolder.then(run).finally(released);
    lastHolder = held.catch(() => {});
    return held;
  };
}

/** A place of an application's own, in memory: it has a lock, and notifies of each save. */
export function memoryPlace(noteStep: (step: Step) => void = () => {}): PlainStore {
  let stored: object | null = null;
  const listeners = new Set<() => void>();
  return {
    load: () => stored,
    save(next) {
      stored = next;
      noteStep('save');
      for (const changed of listeners) changed();
    },
    lock: memoryLock(() => noteStep('release')),
    subscribe(changed) {
      listeners.add(changed);
      return () => {
        listeners.delete(changed);
        noteStep('close');
      };
    },
  };
}
