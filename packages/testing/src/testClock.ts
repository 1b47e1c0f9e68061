import type { Clock } from '@latchkey/core';

/** A clock that only the test moves. */
export interface TestClock extends Clock {
  /** Changes the time without firing timers, as when a device sleeps. */
  jump(ms: number): void;
  /** Moves the time forward and fires the timers that are due, in their order. */
  advance(ms: number): Promise<void>;
  /** The clock of a device whose time is wrong by so much. */
  wrongBy(ms: number): Clock;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** @param settled - resolves when all work is done that waits for no timer */
export function testClock(settled: () => Promise<void>): TestClock {
  let time = Date.UTC(2026, 10, 22);
  let lastId = 0;
  const timers = new Map<number, Timer>();
  const nextUntil = (end: number) =>
    [...timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
  const clock: TestClock = {
    now: () => time,
    setTimeout(run, ms) {
      timers.set(++lastId, { at: time + ms, run });
      return lastId;
    },
    clearTimeout: timer => void timers.delete(timer as number),
    jump(ms) {
      time += ms;
    },
    async advance(ms) {
      const end = time + ms;
      await settled();
      for (let next = nextUntil(end); next; next = nextUntil(end)) {
        const [id, { at, run }] = next;
        timers.delete(id);
        time = Math.max(time, at);
        run();
        await settled();
      }
      time = end;
    },
    wrongBy: ms => ({ ...clock, now: () => time + ms }),
  };
  return clock;
}
