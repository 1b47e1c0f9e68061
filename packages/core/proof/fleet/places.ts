import type { Entry, Place, StoreHost } from '../../src/store/place.ts';
import type { Stamp } from '../../src/store/stamp.ts';
import type { FleetProcess, FleetTimeline } from './clock.ts';
import type { FleetRandom } from './random.ts';
import type { FleetReport } from './report.ts';

export const placeKinds = ['redis', 'tabs', 'keyValue'] as const;
export type PlaceKind = (typeof placeKinds)[number];

/** What the parts of a life share. */
export interface FleetWorld {
  readonly timeline: FleetTimeline;
  readonly random: FleetRandom;
  readonly report: FleetReport;
}

/** A manager's connection with a place. */
export interface FleetConnection {
  readonly name: string;
  readonly host: StoreHost;
  readonly process: FleetProcess;
  isClosed: boolean;
}

/** A place that all managers of a life share. */
export interface FleetPlace {
  readonly hasLock: boolean;
  /** The greatest entry that it holds. */
  readonly entry: Entry | undefined;
  connect(connection: FleetConnection): Place;
  /** A notice, or a reconnect: the manager gets what the place holds now. */
  look(connection: FleetConnection): void;
  /** The process was killed. */
  ended(process: FleetProcess): void;
  /** @param hasReturned - called when it works again */
  breakDown?(how: Breakdown, hasReturned: () => void): void;
  readonly isUp: boolean;
  /** When it has come back the last time. */
  readonly upSince: number;
}

export type Breakdown = 'outage' | 'loss' | 'failover';

export class PlaceGone extends Error {
  override readonly name: string = 'PlaceGone';
}

/** Whether an entry may replace what is held: `true`, it is kept; `'held'`, it is held already. */
export function mayKeep(entry: Entry, held: Stamp | undefined, over: Stamp | undefined): boolean | 'held' {
  if (held === entry.stamp) return 'held';
  return held === undefined || (entry.stamp > held && (over === undefined || held <= over));
}

/** Web storage or a database row without a lock; only half of its changes are notified. */
export class KeyValueFleetPlace implements FleetPlace {
  readonly hasLock = false;
  readonly isUp = true;
  readonly upSince: number = Number.NEGATIVE_INFINITY;
  entry: Entry | undefined;
  readonly #world: FleetWorld;
  readonly #connections: FleetConnection[] = [];

  constructor(world: FleetWorld) {
    this.#world = world;
  }

  connect(connection: FleetConnection): Place {
    const { process } = connection;
    this.#connections.push(connection);
    const { random } = this.#world;
    return {
      load: () => process.answer(random.int(0, 3), () => this.entry),
      save: (entry, over) => process.answer(random.int(0, 3), () => this.#keep(connection, entry, over)),
      close() {
        connection.isClosed = true;
      },
    };
  }

  look({ host, process }: FleetConnection): void {
    process.deliver(() => host.found(this.entry));
  }

  ended(): void {}

  #keep(writer: FleetConnection, entry: Entry, over: Stamp | undefined): boolean {
    const isKept = mayKeep(entry, this.entry?.stamp, over);
    if (isKept !== true) return isKept === 'held';
    this.entry = entry;
    const { timeline, random } = this.#world;
    for (const reader of this.#connections)
      if (reader !== writer && !reader.isClosed && random.chance(0.5))
        timeline.after(random.int(1, 60), () => reader.isClosed || this.look(reader));
    return true;
  }
}
