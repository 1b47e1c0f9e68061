import type { Clock } from '@latchkey/core';

export interface LostExchangeOptions {
  readonly name: string;
  readonly tab: string;
  readonly clock: Clock;
  readonly lostExchangeMs: number;
  /** The storage is full or forbidden. Called once. */
  readonly failed: (thrown: unknown) => void;
}

/** So long the storage of another process may be behind. */
const storageDelayMs = 5;

/**
 * A mark in localStorage, with the time and without a token, while a token request may be on its way. A page that vanishes with
 * one leaves it: the server may have rotated the cookie already, and the answer that sets the new one comes without the page.
 */
export class LostExchange {
  readonly #options: LostExchangeOptions;
  readonly #key: string;
  #isLeaving = false;
  #hasFailed = false;

  constructor(options: LostExchangeOptions) {
    this.#options = options;
    this.#key = `latchkey.${options.name} renewing`;
  }

  /** Resolves when a token request whose page has vanished has had its time. Called inside the lock. */
  async over(): Promise<void> {
    const { clock, lostExchangeMs } = this.#options;
    if (!this.#use(storage => storage)) return;
    await pause(clock, storageDelayMs);
    const [startedAt] = this.#read();
    const left = Math.min(lostExchangeMs, Number(startedAt) + lostExchangeMs - clock.now()); // whatever the clock says
    if (left > 0) await pause(clock, left);
  }

  begin(): void {
    const { clock, tab } = this.#options;
    this.#isLeaving = false;
    globalThis.addEventListener?.('beforeunload', this.leave); // a reload ends the request long before `pagehide`
    this.#use(storage => storage.setItem(this.#key, `${Math.floor(clock.now())} ${tab}`));
  }

  /** A page that is being left does not know what becomes of its request: the mark stays. */
  end(): void {
    globalThis.removeEventListener?.('beforeunload', this.leave); // it may keep a page out of the back/forward cache
    if (!this.#isLeaving && this.#read()[1] === this.#options.tab) this.#use(storage => storage.removeItem(this.#key));
  }

  /** Whether the page is being left: then its second try would come on top of the first. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  readonly leave = (): void => {
    this.#isLeaving = true;
  };

  stay(): void {
    this.#isLeaving = false;
  }

  #read(): readonly (string | undefined)[] {
    return this.#use(storage => storage.getItem(this.#key))?.split(' ') ?? [];
  }

  #use<T>(run: (storage: Storage) => T): T | undefined {
    try {
      const storage = globalThis.localStorage as Storage | undefined; // a service worker has none
      return storage ? run(storage) : undefined;
    } catch (thrown) {
      if (!this.#hasFailed) this.#options.failed(thrown);
      this.#hasFailed = true;
      return undefined;
    }
  }
}

export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise(resolve => void clock.setTimeout(resolve, ms));
