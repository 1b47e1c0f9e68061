/** Where the time comes from; tests pass their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer: unknown = setTimeout(run, ms);
    (timer as { unref?: () => void }).unref?.(); // in Node a waiting timer does not keep the process
    return timer;
  },
  clearTimeout: timer => clearTimeout(timer as number),
};

/** The longest time a timer can be set to; more fires at once. */
export const longestTimerMs: number = 2 ** 31 - 1;
