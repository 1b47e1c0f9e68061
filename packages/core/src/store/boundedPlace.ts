import { tokenError } from '../errors/tokenError.ts';
import { type Clock, withTimeout } from '../time/clock.ts';
import type { Entry, Place, StoreCall } from './place.ts';
import type { Stamp } from './stamp.ts';

/** A place that takes longer counts as gone. */
export const placeTimeoutMs = 5_000;

export interface BoundedPlaceOptions {
  readonly place: () => Place;
  readonly clock: Clock;
  /** Ends the waits for `load`. */
  readonly closed: AbortSignal;
  /** Called once per kind of call, until one of that kind succeeds. */
  readonly report: (doing: StoreCall, thrown: unknown, entry?: Entry) => void;
  /** The answer to a `load` that had timed out. */
  readonly foundLate: (entry: Entry | undefined) => void;
}

/** A place whose calls all end. */
export class BoundedPlace {
  readonly #options: BoundedPlaceOptions;
  readonly #failing = new Set<StoreCall>();

  constructor(options: BoundedPlaceOptions) {
    this.#options = options;
  }

  failed(doing: StoreCall, thrown: unknown, entry?: Entry): void {
    if (this.#failing.has(doing)) return;
    this.#failing.add(doing);
    this.#options.report(doing, thrown, entry);
  }

  succeeded(doing: StoreCall): void {
    this.#failing.delete(doing);
  }

  /** Waits for the answer of `load`. @throws what the place throws, or TokenError `unavailable`: the place is gone */
  async load(
    loading: () => ReturnType<Place['load']> = () => this.#options.place().load(),
  ): Promise<Entry | undefined> {
    let isOver = false;
    const answer = async () => {
      const entry = await loading();
      if (isOver) this.#options.foundLate(entry);
      return entry;
    };
    try {
      return await withTimeout(answer, { ...this.#limits('answer'), closed: this.#options.closed });
    } catch (thrown) {
      isOver = true;
      this.failed('load', thrown);
      throw thrown;
    }
  }

  /** Tries twice, but waits once. @throws what the place throws, or TokenError `unavailable`: the place is gone */
  async save(entry: Entry, over?: Stamp): Promise<boolean> {
    let isLate = false;
    const limits = this.#limits('save', () => {
      isLate = true;
    });
    const attempt = () => withTimeout(() => this.#options.place().save(entry, over), limits);
    try {
      const isKept = await attempt().catch((thrown: unknown) => (isLate ? Promise.reject(thrown) : attempt()));
      this.succeeded('save');
      return isKept !== false;
    } catch (thrown) {
      this.failed('save', thrown, entry);
      throw thrown;
    }
  }

  #limits(verb: string, isOver = () => {}) {
    const late = () => {
      isOver();
      return tokenError(
        'unavailable',
        () => process.env.NODE_ENV !== 'production' && `The store did not ${verb} in time.`,
      );
    };
    return { ms: placeTimeoutMs, clock: this.#options.clock, late };
  }
}
