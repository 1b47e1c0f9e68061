import type { Entry, Hold, Place } from '../../src/store/place.ts';
import type { Stamp } from '../../src/store/stamp.ts';
import {
  type Breakdown,
  type FleetConnection,
  type FleetPlace,
  type FleetWorld,
  mayKeep,
  PlaceGone,
} from './places.ts';

const leaseMs = 5_000;
const extendMs = leaseMs / 3;
/** After a reconnect holders come first: nobody else acquires before this time is over. */
const holdersFirstMs = extendMs + 100;

interface Lease {
  owner: object | undefined;
  until: number;
  fence: number;
}

/** One holder of the lease: it keeps its lease as long as it runs, also over an outage. */
interface Holder {
  readonly connection: FleetConnection;
  readonly owner: object;
  readonly fence: number;
  /** Until then nobody else holds the lease. */
  until: number;
  isOpen: boolean;
}

/** A register with scripts that run one after another, a lease for a lock, notices without content, and outages. */
export class RedisFleetPlace implements FleetPlace {
  readonly hasLock = true;
  entry: Entry | undefined;
  readonly #world: FleetWorld;
  readonly #connections: FleetConnection[] = [];
  readonly #holders = new Set<Holder>();
  readonly #waiting = new Set<() => void>();
  readonly #lease: Lease = { owner: undefined, until: 0, fence: 0 };
  isUp = true;
  upSince: number = Number.NEGATIVE_INFINITY;

  constructor(world: FleetWorld) {
    this.#world = world;
  }

  connect(connection: FleetConnection): Place {
    this.#connections.push(connection);
    return {
      load: () => this.#command(connection, () => this.entry),
      save: (entry, over) => this.#command(connection, () => this.#keep(connection, entry, over)),
      lock: (run, signal) => this.#lock(connection, run, signal),
      close() {
        connection.isClosed = true;
      },
    };
  }

  look(connection: FleetConnection): void {
    const { host, process, isClosed } = connection;
    if (isClosed || process.isKilled) return;
    process.deliver(() => {
      this.#command(connection, () => this.entry).then(
        entry => host.found(entry),
        thrown => host.failed('load', thrown),
      );
    });
  }

  ended(): void {} // its lease ends by itself

  breakDown(how: Breakdown, hasReturned: () => void): void {
    const { timeline, random } = this.#world;
    const replica = this.entry;
    const lastsMs = how === 'outage' ? random.int(200, 12_000) : random.int(100, 5_000);
    timeline.after(how === 'failover' ? random.int(10, 400) : 0, () => {
      this.isUp = false;
      timeline.after(lastsMs, () => {
        if (how !== 'outage') this.#lose(how === 'failover' ? replica : undefined);
        this.isUp = true;
        this.#reconnect();
        hasReturned();
      });
    });
  }

  #lose(replica: Entry | undefined): void {
    this.#world.report.log(() => `redis: back with ${replica?.stamp ?? 'nothing'} for ${this.entry?.stamp}`);
    this.entry = replica;
    this.#lease.owner = undefined;
    if (!replica) this.#lease.fence = 0;
  }

  #reconnect(): void {
    const { timeline, random } = this.#world;
    this.upSince = timeline.now;
    for (const holder of this.#holders)
      timeline.after(random.int(5, 60), () => holder.connection.process.deliver(() => void this.#extend(holder, true)));
    for (const connection of this.#connections)
      timeline.after(random.int(5, 60), () =>
        connection.process.deliver(() => void this.#lookUntilAnswered(connection)),
      );
  }

  /** A client asks again until it knows what the place holds. */
  async #lookUntilAnswered(connection: FleetConnection): Promise<void> {
    const { host, isClosed } = connection;
    if (isClosed) return;
    try {
      host.found(await this.#command(connection, () => this.entry));
    } catch {
      if (this.isUp) await this.#lookUntilAnswered(connection);
    }
  }

  /** A script: it arrives, runs and is answered. Some answers are lost. */
  #command<T>({ process }: FleetConnection, run: () => T, mayBeLost = true): Promise<T> {
    const { timeline, random } = this.#world;
    const backMs = random.int(1, 15);
    const goneMs = random.int(1, 1_500);
    const isLost = mayBeLost && random.chance(0.01);
    return new Promise<T>((resolve, reject) => {
      const gone = () => process.deliver(() => reject(new PlaceGone('The connection was lost.')));
      timeline.after(random.int(1, 15), () => {
        if (!this.isUp) return timeline.after(goneMs, gone);
        const answer = run();
        if (isLost) timeline.after(1_500, gone);
        else timeline.after(backMs, () => process.deliver(() => resolve(answer)));
      });
    });
  }

  #keep(writer: FleetConnection, entry: Entry, over: Stamp | undefined): boolean {
    const isKept = mayKeep(entry, this.entry?.stamp, over);
    if (isKept !== true) return isKept === 'held';
    this.entry = entry;
    const { timeline, random } = this.#world;
    for (const reader of this.#connections)
      if (reader !== writer && !random.chance(0.08)) timeline.after(random.int(1, 60), () => this.look(reader));
    this.#wake();
    return true;
  }

  async #lock(connection: FleetConnection, run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { timeline, random } = this.#world;
    const owner = {};
    while (!signal.aborted) {
      const askedAt = timeline.now;
      if (askedAt - this.upSince < holdersFirstMs) {
        await connection.process.sleep(random.int(200, 500));
        continue;
      }
      const { fence, leftMs } = await this.#command(connection, () => this.#acquire(owner));
      if (fence === undefined) await this.#wait(connection, Math.min(leftMs, random.int(250, 1_000)), signal);
      else {
        await this.#hold({ connection, owner, fence, until: askedAt + leaseMs, isOpen: true }, run, signal);
        return;
      }
    }
  }

  #acquire(owner: object): { readonly fence?: number; readonly leftMs: number } {
    const { now } = this.#world.timeline;
    const lease = this.#lease;
    if (lease.owner && lease.owner !== owner && lease.until > now) return { leftMs: lease.until - now };
    const fence = Math.max(lease.fence + 1, now);
    Object.assign(lease, { owner, until: now + leaseMs, fence });
    return { fence, leftMs: 0 };
  }

  async #hold(holder: Holder, run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { timeline } = this.#world;
    this.#holders.add(holder);
    void this.#keepExtending(holder);
    if (!signal.aborted) await run({ fence: holder.fence, isHeld: () => timeline.now < holder.until });
    holder.isOpen = false;
    this.#holders.delete(holder);
    const release = () => {
      if (this.#lease.owner !== holder.owner) return;
      this.#lease.owner = undefined;
      this.#wake();
    };
    await this.#command(holder.connection, release).catch(() => {});
  }

  async #keepExtending(holder: Holder): Promise<void> {
    while (holder.isOpen) {
      await holder.connection.process.sleep(extendMs);
      if (holder.isOpen) await this.#extend(holder, false);
    }
  }

  /** Takes a missing lease again, also a lapsed one after a reconnect, but only at its own fence. */
  async #extend(holder: Holder, isReconnect: boolean): Promise<void> {
    if (!holder.isOpen) return;
    const lease = this.#lease;
    const askedAt = this.#world.timeline.now;
    const extend = () => {
      const { now } = this.#world.timeline;
      const isFree = !lease.owner || lease.owner === holder.owner || (isReconnect && lease.until <= now);
      if (!isFree || lease.fence > holder.fence) return false;
      Object.assign(lease, { owner: holder.owner, until: now + leaseMs, fence: holder.fence });
      return true;
    };
    const isExtended = await this.#command(holder.connection, extend, false).catch(() => false);
    if (isExtended) holder.until = askedAt + leaseMs;
  }

  #wake(): void {
    const { timeline, random } = this.#world;
    for (const wake of this.#waiting) timeline.after(random.int(1, 60), wake);
  }

  #wait({ process }: FleetConnection, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const end = () =>
        process.deliver(() => {
          this.#waiting.delete(end);
          resolve();
        });
      this.#waiting.add(end);
      this.#world.timeline.after(ms, end);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
