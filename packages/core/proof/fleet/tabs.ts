import type { Entry, Hold, Place } from '../../src/store/place.ts';
import type { Stamp } from '../../src/store/stamp.ts';
import type { FleetProcess } from './clock.ts';
import { type FleetConnection, type FleetPlace, type FleetWorld, mayKeep } from './places.ts';

/** A token request is sent so long after the grant at most. */
const sendWindowMs = 5_000;
const askMs = 250;

/** A tab that is open, and the entry that it shows to the others. */
interface Tab {
  readonly connection: FleetConnection;
  shown: Entry | undefined;
}

/** One request for the lock. */
interface LockRequest {
  readonly process: FleetProcess;
  readonly grant: () => void;
  grantedAt: number;
  isGranted: boolean;
  isStolen: boolean;
}

/** The memory of each tab, shown to the others by messages, and a lock of the browser that ends with its holder. */
export class TabsFleetPlace implements FleetPlace {
  readonly hasLock = true;
  readonly isUp = true;
  readonly upSince: number = Number.NEGATIVE_INFINITY;
  readonly #world: FleetWorld;
  #tabs: Tab[] = [];
  #holder: LockRequest | undefined;
  #queue: LockRequest[] = [];

  constructor(world: FleetWorld) {
    this.#world = world;
  }

  get entry(): Entry | undefined {
    return this.#newest()?.shown;
  }

  connect(connection: FleetConnection): Place {
    const tab: Tab = { connection, shown: undefined };
    this.#tabs.push(tab);
    return {
      load: () => this.#load(tab),
      save: (entry, over) => this.#save(tab, entry, over),
      lock: (run, signal) => this.#lock(connection, run, signal),
      close: () => {
        connection.isClosed = true;
        this.#tabs = this.#tabs.filter(one => one !== tab);
      },
    };
  }

  look({ process, host }: FleetConnection): void {
    const tab = this.#tabs.find(({ connection }) => connection.host === host);
    if (tab) process.deliver(() => void this.#load(tab).then(entry => host.found(entry)));
  }

  ended(process: FleetProcess): void {
    this.#tabs = this.#tabs.filter(({ connection }) => connection.process !== process);
    this.#queue = this.#queue.filter(request => request.process !== process);
    if (this.#holder?.process === process) this.#free(this.#holder);
  }

  #newest(): Tab | undefined {
    let newest: Tab | undefined;
    for (const tab of this.#tabs) if (tab.shown && tab.shown.stamp > (newest?.shown?.stamp ?? '')) newest = tab;
    return newest;
  }

  /** A greater stamp that another tab shows: that tab is asked, then all, for the record. */
  async #load(tab: Tab): Promise<Entry | undefined> {
    const { process } = tab.connection;
    await process.sleep(1);
    const newest = this.#newest();
    const stamp = newest?.shown?.stamp;
    if (!newest || stamp === undefined || stamp === tab.shown?.stamp) return tab.shown;
    return (
      (await this.#ask(tab, [newest], stamp)) ??
      (await this.#ask(tab, this.#tabs, stamp)) ?? { stamp, record: undefined }
    );
  }

  #ask(tab: Tab, asked: readonly Tab[], stamp: Stamp): Promise<Entry | undefined> {
    const { timeline, random } = this.#world;
    const { process } = tab.connection;
    return new Promise(resolve => {
      for (const one of asked)
        timeline.after(random.int(1, 5), () =>
          one.connection.process.deliver(() => {
            const { shown } = one;
            if (one === tab || !shown || shown.stamp < stamp) return;
            timeline.after(random.int(1, 5), () => process.deliver(() => resolve(shown)));
          }),
        );
      timeline.after(askMs, () => process.deliver(() => resolve(undefined)));
    });
  }

  async #save(tab: Tab, entry: Entry, over: Stamp | undefined): Promise<boolean> {
    await tab.connection.process.sleep(1);
    const isKept = mayKeep(entry, this.entry?.stamp, over);
    if (isKept) tab.shown = entry;
    if (isKept === true) this.#send(tab, entry);
    return isKept !== false;
  }

  #send(tab: Tab, entry: Entry): void {
    const { timeline, random } = this.#world;
    for (const reader of this.#tabs) {
      const { process, host } = reader.connection;
      const receive = () => {
        if (reader.connection.isClosed) return;
        host.found(entry);
        if (entry.stamp > (reader.shown?.stamp ?? '')) reader.shown = entry;
      };
      if (reader !== tab && !random.chance(0.05)) timeline.after(random.int(1, 60), () => process.deliver(receive));
    }
  }

  async #lock(connection: FleetConnection, run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    const request = await this.#request(connection, signal);
    if (!request) return;
    const isHeld = () => !request.isStolen && this.#world.timeline.now - request.grantedAt < sendWindowMs;
    if (!signal.aborted) await run({ isHeld });
    this.#free(request);
  }

  /** `undefined`: aborted. */
  #request(connection: FleetConnection, signal: AbortSignal): Promise<LockRequest | undefined> {
    const { process, host } = connection;
    return new Promise(resolve => {
      const grant = () => process.deliver(() => resolve(request));
      const request: LockRequest = { process, grant, grantedAt: 0, isGranted: false, isStolen: false };
      const leave = () => {
        if (request.isGranted) return;
        this.#queue = this.#queue.filter(one => one !== request);
        resolve(undefined);
      };
      signal.addEventListener('abort', leave, { once: true });
      if (this.#holder) this.#queue.push(request);
      else this.#grant(request);
      this.#watchHolder(request, host.requestTimeoutMs + 6_000);
    });
  }

  #grant(request: LockRequest): void {
    this.#holder = request;
    request.isGranted = true;
    request.grantedAt = this.#world.timeline.now;
    request.grant();
  }

  #free(request: LockRequest): void {
    if (this.#holder !== request) return;
    this.#holder = undefined;
    const next = this.#queue.shift();
    if (next) this.#grant(next);
  }

  /** The first of the queue takes the lock from a holder that has it for too long. */
  #watchHolder(request: LockRequest, limitMs: number): void {
    const { timeline, report } = this.#world;
    let seen = this.#holder;
    let since = timeline.now;
    const watch = () => {
      if (!this.#queue.includes(request)) return;
      const holder = this.#holder;
      if (holder !== seen) since = timeline.now;
      seen = holder;
      if (holder && this.#queue[0] === request && timeline.now - since >= limitMs) {
        report.log(() => 'tabs: the lock is taken from a holder that hangs');
        holder.isStolen = true;
        this.#queue.shift();
        this.#grant(request);
      } else request.process.setTimeout(watch, 500);
    };
    request.process.setTimeout(watch, 500);
  }
}
