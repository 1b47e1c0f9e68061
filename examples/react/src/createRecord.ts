import type { TokenManager } from '@latchkey/core';

export type ClientName = 'Apollo Client' | 'urql';
/** What became of an operation each time it was sent; `repeated`: answered after a refusal. */
export type Outcome = 'answered' | 'repeated' | 'refused' | 'failed';

export interface Sending {
  readonly client: ClientName;
  /** Operations that are on their way together have different places. */
  readonly place: number;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export interface TokenLife {
  readonly from: number;
  /** Where it stops working, or was replaced before. `undefined`: not known. */
  to?: number | undefined;
}

export interface RenewalEnd {
  readonly at: number;
  readonly failed: boolean;
}

/** What has happened in the last minute, for the picture. */
export interface Record {
  readonly sendings: Sending[];
  readonly tokenLives: TokenLife[];
  readonly renewals: RenewalEnd[];
  /** Notes that an operation is sent. An operation that was refused is known again by its text. */
  readonly sent: (client: ClientName, text: string) => (outcome: 'answered' | 'refused' | 'failed') => void;
}

const keptMs = 60_000;

export function createRecord(auth: TokenManager): Record {
  const sendings: Sending[] = [];
  const tokenLives: TokenLife[] = [];
  const renewals: RenewalEnd[] = [];
  const underway: Readonly<{ [name in ClientName]: Set<number> }> = { 'Apollo Client': new Set(), urql: new Set() };
  /** The places of operations that were refused and may come again, by client and text. */
  const refused = new Map<string, number[]>();

  const begin = (from: number, to: number | undefined) => {
    end(from);
    tokenLives.push({ from, to });
    forget(tokenLives, life => life.to ?? from);
  };
  const end = (at: number) => {
    const last = tokenLives.at(-1);
    if (last) last.to = Math.min(last.to ?? at, at);
  };
  const giveUp = () => {
    for (const [key, places] of refused) {
      const client: ClientName = key.startsWith('urql') ? 'urql' : 'Apollo Client';
      for (const place of places) underway[client].delete(place);
    }
    refused.clear();
  };

  auth.on('signedIn', ({ at, expiresAt }) => begin(at, expiresAt));
  auth.on('renewed', ({ at, expiresAt }) => {
    begin(at, expiresAt);
    renewals.push({ at, failed: false });
    forget(renewals, renewal => renewal.at);
  });
  auth.on('renewalFailed', ({ at }) => {
    renewals.push({ at, failed: true });
    giveUp();
  });
  auth.on('signedOut', ({ at }) => {
    end(at);
    giveUp();
  });

  return {
    sendings,
    tokenLives,
    renewals,
    sent(client, text) {
      const key = `${client} ${text}`;
      const earlier = refused.get(key)?.shift();
      const place = earlier ?? firstFree(underway[client]);
      const sentAt = Date.now();
      underway[client].add(place);
      return ended => {
        const outcome = ended === 'answered' && earlier !== undefined ? 'repeated' : ended;
        if (outcome === 'refused' && earlier === undefined) refused.set(key, [...(refused.get(key) ?? []), place]);
        else underway[client].delete(place);
        sendings.push({ client, place, sentAt, endedAt: Date.now(), outcome });
        forget(sendings, sending => sending.endedAt);
      };
    },
  };
}

function firstFree(taken: ReadonlySet<number>): number {
  let place = 0;
  while (taken.has(place)) place++;
  return place;
}

function forget<T>(entries: T[], endOf: (entry: T) => number): void {
  const since = Date.now() - keptMs;
  while (entries[0] !== undefined && endOf(entries[0]) < since) entries.shift();
}
