export const deadToken = 'dead-token';
export const liveToken = 'live-token';

const headerOf = (token: string) => `Bearer ${token}`;
const dead = headerOf(deadToken);
const live = headerOf(liveToken);

/** What a client's chain ends in: it refuses the dead token, and answers everything else. */
export interface StubServer {
  readonly refused: number;
  /** Operations that were answered with the live token on them. */
  readonly accepted: number;
  readonly renewals: number;
  ask(authorization: string | undefined, answer: (isRefused: boolean) => void): void;
  /** The auth server: one live token for all. */
  renew(): Promise<string>;
}

/** @param answers `now`: while it is asked; `nextTurn`: all that came in one turn together, in a later one */
export function createStubServer(answers: 'now' | 'nextTurn'): StubServer {
  let waiting: (() => void)[] = [];
  const counts = { refused: 0, accepted: 0, renewals: 0 };

  function flush(): void {
    const due = waiting;
    waiting = [];
    for (const run of due) run();
  }

  function later(run: () => void): void {
    if (waiting.push(run) === 1) setImmediate(flush);
  }

  return {
    get refused() {
      return counts.refused;
    },
    get accepted() {
      return counts.accepted;
    },
    get renewals() {
      return counts.renewals;
    },
    ask(authorization, answer) {
      const isRefused = authorization === dead;
      if (isRefused) counts.refused++;
      else if (authorization === live) counts.accepted++;
      if (answers === 'now') answer(isRefused);
      else later(() => answer(isRefused));
    },
    renew() {
      counts.renewals++;
      return new Promise(resolve => later(() => resolve(liveToken)));
    },
  };
}
