export const refusedToken = 'refused-token';
export const acceptedToken = 'accepted-token';

const headerOf = (token: string) => `Bearer ${token}`;
const refusedHeader = headerOf(refusedToken);
const acceptedHeader = headerOf(acceptedToken);

/** The end of a client's chain: it refuses operations with `refusedToken`, and accepts all others. */
export interface StubServer {
  readonly refused: number;
  /** Operations that were answered while they carried `acceptedToken`. */
  readonly accepted: number;
  readonly renewals: number;
  handle(authorization: string | undefined, respond: (isRefused: boolean) => void): void;
  /** The auth server: every renewal brings `acceptedToken`. */
  renew(): Promise<string>;
}

/**
 * @param answers - `now`: within the call of `handle`; `nextTurn`: all operations of one turn together, in a later turn
 * @param untilRenewed - renewals are answered after it; without it they are answered as operations of `nextTurn` are
 */
export function createStubServer(answers: 'now' | 'nextTurn', untilRenewed?: Promise<void>): StubServer {
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
    handle(authorization, respond) {
      const isRefused = authorization === refusedHeader;
      if (isRefused) counts.refused++;
      else if (authorization === acceptedHeader) counts.accepted++;
      if (answers === 'now') respond(isRefused);
      else later(() => respond(isRefused));
    },
    renew() {
      counts.renewals++;
      if (untilRenewed) return untilRenewed.then(() => acceptedToken);
      return new Promise(resolve => later(() => resolve(acceptedToken)));
    },
  };
}
