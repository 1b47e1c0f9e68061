import type { Store } from '@latchkey/core';
import { createStore, type Entry, type Place, type StoreHost } from '@latchkey/core/adapter';
import { PassingLock } from './passingLock.ts';
import type { Step, TestPlace } from './storeKind.ts';
import type { TestClock } from './testClock.ts';

export interface ComparingPlaceOptions {
  readonly clock: TestClock;
  readonly hasLock: boolean;
  readonly notifies: boolean;
}

/** As a server would be, which many processes share: it compares as it saves, and may lose its data. */
export class ComparingPlace implements TestPlace {
  readonly steps: Step[] = [];
  readonly #options: ComparingPlaceOptions;
  readonly #lock: PassingLock;
  readonly #entries = new Map<string, Entry>();
  readonly #hosts = new Set<StoreHost>();
  #isBroken = false;
  /** Every call waits for it. */
  #gate: Promise<void> | undefined;

  constructor(options: ComparingPlaceOptions) {
    this.#options = options;
    this.#lock = new PassingLock(options.clock, () => this.steps.push('release'));
  }

  readonly connect = (host: StoreHost, name = 'session'): Place => {
    this.#hosts.add(host);
    const place: Place = {
      load: async () => {
        await this.#call();
        return this.#entries.get(name);
      },
      save: async (entry, over) => {
        await this.#call();
        return this.#save(name, entry, over);
      },
      close: () => {
        this.#hosts.delete(host);
        this.steps.push('close');
      },
    };
    if (!this.#options.hasLock) return place;
    return { ...place, lock: (run, signal) => this.#call().then(() => this.#lock.hold(run, signal)) };
  };

  open(name?: string): Store {
    return createStore(host => this.connect(host, name));
  }

  stored(name = 'session'): Entry | undefined {
    return this.#entries.get(name);
  }

  put(entry: Entry | undefined): void {
    if (entry) this.#entries.set('session', entry);
    else this.#entries.clear();
    this.#notify(entry);
  }

  damage(value: unknown): void {
    this.put({ stamp: 'unreadable', record: value as NonNullable<Entry['record']> });
  }

  breakDown(): void {
    this.#isBroken = true;
  }

  recover(): void {
    this.#isBroken = false;
  }

  stall(): () => void {
    let resume = () => {};
    this.#gate = new Promise(resolve => {
      resume = resolve;
    });
    return resume;
  }

  takeOver(): void {
    this.#lock.takeOver();
  }

  doubt(): void {
    for (const host of this.#hosts) host.doubt();
  }

  async #call(): Promise<void> {
    await this.#gate;
    if (this.#isBroken) throw new Error('The server is out of reach.');
  }

  #save(name: string, entry: Entry, over?: string): boolean {
    const held = this.#entries.get(name)?.stamp ?? '';
    const isReadable = /^\d/.test(held);
    if (isReadable && (entry.stamp <= held || (over !== undefined && held > over))) return entry.stamp === held;
    this.#entries.set(name, entry);
    this.steps.push('save');
    if (name === 'session') this.#notify(entry);
    return true;
  }

  #notify(entry: Entry | undefined): void {
    if (this.#options.notifies) for (const host of this.#hosts) host.found(entry);
  }
}
