import type { TokenManager } from '@latchkey/core';

export type ClientName = 'Apollo Client' | 'urql';
/** What became of an operation each time it was sent; `repeated`: answered after a refusal. */
export type Outcome = 'answered' | 'repeated' | 'refused' | 'failed';

export interface Sending {
  readonly client: ClientName;
  /** Operations that are on their way together have different places. */
  readonly place: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export interface TokenLife {
  readonly from: number;
  /** Where it stops working, or was replaced before. `undefined`: not known. */
  to: number | undefined;
}

export interface RenewalEnd {
  readonly at: number;
  readonly failed: boolean;
}

/** What has happened in the last minute, for the picture. */
export interface Journal {
  readonly sendings: readonly Sending[];
  readonly tokenLives: readonly TokenLife[];
  readonly renewals: readonly RenewalEnd[];
  /** Notes that an operation is sent, and returns what notes its end. An operation that was refused is known again by its text. */
  readonly sent: (client: ClientName, text: string) => (outcome: Exclude<Outcome, 'repeated'>) => void;
}

const keptMs = 60_000;

export function createJournal(auth: TokenManager): Journal {
  const sendings: Sending[] = [];
  const tokenLives: TokenLife[] = [];
  const renewals: RenewalEnd[] = [];
  const places = createPlaces();

  const endLife = (at: number) => {
    const last = tokenLives.at(-1);
    if (last) last.to = Math.min(last.to ?? at, at);
  };
  const beginLife = (from: number, to: number | undefined) => {
    endLife(from);
    add(tokenLives, { from, to }, life => life.to ?? from);
  };

  auth.on('signedIn', ({ at, expiresAt }) => beginLife(at, expiresAt));
  auth.on('renewed', ({ at, expiresAt }) => {
    beginLife(at, expiresAt);
    // Otherwise an answer brought the token set along, without a renewal.
    if (auth.state.renewing) add(renewals, { at, failed: false }, renewal => renewal.at);
  });
  auth.on('renewalFailed', ({ at }) => {
    places.giveUpRepeats();
    add(renewals, { at, failed: true }, renewal => renewal.at);
  });
  auth.on('signedOut', ({ at }) => {
    places.giveUpRepeats();
    endLife(at);
  });

  return {
    sendings,
    tokenLives,
    renewals,
    sent(client, text) {
      const { place, isRepeat } = places.take(client, text);
      return ended => {
        const outcome = ended === 'answered' && isRepeat ? 'repeated' : ended;
        if (outcome === 'refused' && !isRepeat) places.keepForRepeat(client, text, place);
        else places.free(client, place);
        add(sendings, { client, place, endedAt: Date.now(), outcome }, sending => sending.endedAt);
      };
    },
  };
}

/** Adds an entry, and forgets those that are too old to be seen. */
function add<T>(entries: T[], entry: T, endOf: (entry: T) => number): void {
  const since = Date.now() - keptMs;
  entries.push(entry);
  while (entries[0] !== undefined && endOf(entries[0]) < since) entries.shift();
}

/** Where in the picture an operation stands: the lowest place that is free, and the same one when it is sent again. */
function createPlaces() {
  const taken: Readonly<{ [name in ClientName]: Set<number> }> = { 'Apollo Client': new Set(), urql: new Set() };
  let awaitingRepeat: { readonly client: ClientName; readonly text: string; readonly place: number }[] = [];

  return {
    take(client: ClientName, text: string) {
      const earlier = awaitingRepeat.find(each => each.client === client && each.text === text);
      awaitingRepeat = awaitingRepeat.filter(each => each !== earlier);
      let place = earlier?.place ?? 0;
      while (!earlier && taken[client].has(place)) place++;
      taken[client].add(place);
      return { place, isRepeat: earlier !== undefined };
    },
    free: (client: ClientName, place: number) => void taken[client].delete(place),
    keepForRepeat: (client: ClientName, text: string, place: number) =>
      void awaitingRepeat.push({ client, text, place }),
    giveUpRepeats() {
      for (const { client, place } of awaitingRepeat) taken[client].delete(place);
      awaitingRepeat = [];
    },
  };
}
