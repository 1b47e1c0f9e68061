import type { TokenManager } from '@latchkey/core';

export type ClientName = 'Apollo Client' | 'urql';
/** The outcome of one attempt of an operation; `retried`: answered after a refusal. */
export type Outcome = 'answered' | 'retried' | 'refused' | 'failed';

/** One attempt of an operation. */
export interface Attempt {
  readonly client: ClientName;
  /** The row of the timeline. Operations in flight at the same time have different rows. */
  readonly row: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export interface TokenLifetime {
  readonly from: number;
  /** When the token set expires, or was replaced earlier. `undefined`: not known. */
  to: number | undefined;
}

export interface Renewal {
  readonly endedAt: number;
  readonly failed: boolean;
}

/** The events of the last minute, for the timeline. */
export interface Journal {
  readonly attempts: readonly Attempt[];
  readonly tokenLifetimes: readonly TokenLifetime[];
  readonly renewals: readonly Renewal[];
  /**
   * Records that an operation is sent, and returns the function that records its outcome. The retry of a refused operation is
   * recognised by its request body.
   */
  readonly sent: (client: ClientName, body: string) => (outcome: Exclude<Outcome, 'retried'>) => void;
}

const keptMs = 60_000;

export function createJournal(auth: TokenManager): Journal {
  const attempts: Attempt[] = [];
  const tokenLifetimes: TokenLifetime[] = [];
  const renewals: Renewal[] = [];
  const rows = createRows();

  auth.on('signedIn', ({ at, expiresAt }) => beginLifetime(tokenLifetimes, at, expiresAt));
  auth.on('renewed', ({ at, expiresAt }) => {
    beginLifetime(tokenLifetimes, at, expiresAt);
    // Otherwise a response has brought the token set, without a renewal.
    if (auth.state.renewing) add(renewals, { endedAt: at, failed: false }, renewal => renewal.endedAt);
  });
  auth.on('renewalFailed', ({ at }) => {
    rows.dropRetries();
    add(renewals, { endedAt: at, failed: true }, renewal => renewal.endedAt);
  });
  auth.on('signedOut', ({ at }) => {
    rows.dropRetries();
    endLifetime(tokenLifetimes, at);
  });

  return {
    attempts,
    tokenLifetimes,
    renewals,
    sent(client, body) {
      const { row, isRetry } = rows.take(client, body);
      return ended => {
        const outcome = ended === 'answered' && isRetry ? 'retried' : ended;
        if (outcome === 'refused' && !isRetry) rows.keepForRetry(client, body, row);
        else rows.free(client, row);
        add(attempts, { client, row, endedAt: Date.now(), outcome }, attempt => attempt.endedAt);
      };
    },
  };
}

function beginLifetime(lifetimes: TokenLifetime[], from: number, to: number | undefined): void {
  endLifetime(lifetimes, from);
  add(lifetimes, { from, to }, lifetime => lifetime.to ?? from);
}

function endLifetime(lifetimes: TokenLifetime[], at: number): void {
  const last = lifetimes.at(-1);
  if (last) last.to = Math.min(last.to ?? at, at);
}

/** Adds an entry, and removes entries that are too old to be shown. */
function add<T>(entries: T[], entry: T, endOf: (entry: T) => number): void {
  const since = Date.now() - keptMs;
  entries.push(entry);
  while (entries[0] !== undefined && endOf(entries[0]) < since) entries.shift();
}

/** Assigns the rows of the timeline: the lowest free row, and the same row again for a retry. */
function createRows() {
  const taken: Readonly<{ [name in ClientName]: Set<number> }> = { 'Apollo Client': new Set(), urql: new Set() };
  let awaitingRetry: { readonly client: ClientName; readonly body: string; readonly row: number }[] = [];

  return {
    take(client: ClientName, body: string) {
      const refused = awaitingRetry.find(each => each.client === client && each.body === body);
      awaitingRetry = awaitingRetry.filter(each => each !== refused);
      let row = refused?.row ?? 0;
      while (!refused && taken[client].has(row)) row++;
      taken[client].add(row);
      return { row, isRetry: refused !== undefined };
    },
    free: (client: ClientName, row: number) => void taken[client].delete(row),
    keepForRetry: (client: ClientName, body: string, row: number) => void awaitingRetry.push({ client, body, row }),
    dropRetries() {
      for (const { client, row } of awaitingRetry) taken[client].delete(row);
      awaitingRetry = [];
    },
  };
}
