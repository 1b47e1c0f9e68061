import type { Clock } from '@latchkey/core';

/** A clock that only the test moves. */
export interface TestClock extends Clock {
  /** Moves the time forward and fires the timers that are due, in their order. */
  advance(ms: number): void;
}

export function testClock(): TestClock {
  let time = Date.UTC(2026, 10, 22);
  let lastId = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  return {
    now: () => time,
    setTimeout(run, ms) {
      timers.set(++lastId, { at: time + ms, run });
      return lastId;
    },
    clearTimeout: timer => void timers.delete(timer as number),
    advance(ms) {
      time += ms;
      for (const [id, { at, run }] of [...timers].sort(([, one], [, other]) => one.at - other.at)) {
        if (at > time) break;
        timers.delete(id);
        run();
      }
    },
  };
}
