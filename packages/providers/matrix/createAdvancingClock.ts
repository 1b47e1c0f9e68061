import type { Clock } from '@latchkey/core';

/** Real time, plus what the test adds to it. */
export interface AdvancingClock {
  readonly clock: Clock;
  readonly advance: (ms: number) => void;
}

export function createAdvancingClock(): AdvancingClock {
  let aheadMs = 0;
  return {
    clock: {
      now: () => Date.now() + aheadMs,
      setTimeout: (run, ms) => setTimeout(run, ms).unref(),
      clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
    },
    advance(ms) {
      aheadMs += ms;
    },
  };
}
