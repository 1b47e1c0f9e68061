import type { Entry, Hold, Place } from '@latchkey/core/adapter';

/** On a server requests of several users share a process: nothing is shared, each token manager has a memory of its own. */
export class MemoryPlace implements Place {
  #held: Entry | undefined;

  load(): Entry | undefined {
    return this.#held;
  }

  save(entry: Entry): boolean {
    this.#held = entry;
    return true;
  }

  lock(run: (hold: Hold) => Promise<void>): Promise<void> {
    return run({ isHeld: () => true });
  }
}

/** Whether there are no tabs: Node, a worker of an edge platform, React Native. */
export const isServer = (): boolean => typeof location === 'undefined' || !location?.origin;
