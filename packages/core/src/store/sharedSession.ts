import { tokenError } from '../errors/tokenError.ts';
import type { Clock } from '../time/clock.ts';
import { placeTimeoutMs } from './boundedPlace.ts';
import { createStore } from './createStore.ts';
import type { Entry, Place, StoreHost } from './place.ts';
import type { Store } from './sessionStore.ts';
import { endAfter, isStamp, type Stamp } from './stamp.ts';
import { readRecord, type TokenRecord } from './tokenRecord.ts';

/** A place of an application's own: a cookie on a server, a database row, a keychain. */
export interface PlainStore {
  /** What was saved last, or its JSON; `null` or `undefined`: nothing. May answer at once. */
  load(): unknown;
  /** @param stored - plain JSON that holds tokens; `null`: it is deleted */
  save(stored: object | null): unknown;
  /** Runs `run` while nobody else who shares the place runs theirs. When it rejects, the lock is gone. */
  lock?(run: () => Promise<void>): PromiseLike<unknown>;
  /** Calls `changed` after each write, also of others; returns how to stop. */
  subscribe?(changed: () => void): unknown;
}

/**
 * The option `store` for a place of your own. A record that is gone after it was seen is a sign-out.
 *
 * @throws TokenError `misconfigured` when the option is not a store, or when the provider is `exclusive` and it has no lock
 */
export function sharedSession(own: PlainStore): Store {
  const isStore = typeof own?.load === 'function' && typeof own.save === 'function';
  const isFunction = (value: unknown) => value === undefined || typeof value === 'function';
  if (!isStore || !isFunction(own.lock) || !isFunction(own.subscribe))
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'Option "store" must have the functions "load" and "save"; "lock" and "subscribe" are functions or left out. Pass sharedSession({ load, save }), or leave "store" out to keep the token set in memory.',
    );
  const register = new PlainRegister(own);
  return createStore(host => new PlainPlace(own, register, host));
}

const isLater = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** Goes on at once where the place answers at once. */
export const after = <T, U>(value: T | PromiseLike<T>, run: (value: T) => U | PromiseLike<U>): U | PromiseLike<U> =>
  isLater(value) ? Promise.resolve(value).then(run) : run(value);

/** A value that is no entry; its stamp is less than any other. */
const damaged = { stamp: '', record: {} as TokenRecord };

/** The entry of a stored value; `null`: there is none. */
function parse(stored: unknown): Entry | null {
  try {
    const value = (typeof stored === 'string' ? JSON.parse(stored) : stored) as { readonly stamp?: unknown } | null;
    if (value == null) return null;
    const record = readRecord(value);
    return record && Object.hasOwn(value, 'stamp') && isStamp(value.stamp) ? { stamp: value.stamp, record } : damaged;
  } catch {
    return damaged; // the error would quote the value
  }
}

/** Compares before it writes; each write after the one before, for all managers that share it. */
class PlainRegister {
  readonly #own: PlainStore;
  /** The greatest entry that was seen or saved. */
  #newest: Entry | undefined;
  #writing: Promise<unknown> | undefined;

  constructor(own: PlainStore) {
    this.#own = own;
  }

  load(): Entry | undefined | PromiseLike<Entry | undefined> {
    const before = this.#newest;
    return after(this.#own.load(), stored => {
      const entry = parse(stored);
      if (entry) return this.#see(entry);
      return this.#newest === before ? this.#gone() : this.#newest; // it was asked before the last write
    });
  }

  save(entry: Entry, over: Stamp | undefined, clock: Clock): boolean | PromiseLike<boolean> {
    const save = () =>
      after(this.load(), held =>
        !held || isAbove(entry, held, over) ? this.#write(entry) : held.stamp === entry.stamp,
      );
    const saved = this.#writing ? this.#writing.then(save) : save();
    if (isLater(saved)) this.#queue(saved, clock, () => this.#putBack(entry));
    return saved;
  }

  /** A write that took too long has ended: it may have overwritten a newer entry. */
  #putBack(late: Entry): void {
    const newest = this.#newest;
    if (!newest || newest.stamp <= late.stamp) return;
    const write = () =>
      after(this.#own.load(), stored => {
        const held = parse(stored);
        return (held && held.stamp >= newest.stamp) || this.#write(newest);
      });
    void new Promise<unknown>(done => done(write())).catch(() => {}); // a later look puts it back
  }

  #write(entry: Entry): boolean | PromiseLike<boolean> {
    const { stamp, record } = entry;
    if (!record) this.#see(entry); // its listeners are called within the write
    return after(this.#own.save(record ? { stamp, ...record } : null), () => {
      this.#see(entry);
      return true;
    });
  }

  #see(entry: Entry): Entry {
    if (entry.stamp > (this.#newest?.stamp ?? damaged.stamp)) this.#newest = entry;
    return entry;
  }

  /** A record that was there and is gone was deleted: somebody has signed out. */
  #gone(): Entry | undefined {
    const newest = this.#newest;
    if (newest?.record) this.#newest = { stamp: endAfter(newest.stamp), record: null };
    return this.#newest;
  }

  /** The next write waits for this one, as long as a place may take. */
  #queue(saved: PromiseLike<boolean>, clock: Clock, late: () => void): void {
    let isOver = false;
    this.#writing = new Promise<void>(resolve => {
      const end = () => {
        if (isOver) late();
        else clock.clearTimeout(timer);
        resolve();
      };
      const timer = clock.setTimeout(() => {
        isOver = true;
        resolve();
      }, placeTimeoutMs);
      saved.then(end, end);
    });
  }
}

const isAbove = ({ stamp }: Entry, held: Entry, over: Stamp | undefined): boolean =>
  stamp > held.stamp && (over === undefined || held.stamp <= over);

class PlainPlace implements Place {
  declare readonly lock?: NonNullable<Place['lock']>;
  readonly #register: PlainRegister;
  readonly #host: StoreHost;
  #unsubscribe: unknown;

  constructor(own: PlainStore, register: PlainRegister, host: StoreHost) {
    this.#register = register;
    this.#host = host;
    if (own.lock)
      this.lock = (run, signal) => own.lock?.(async () => (signal.aborted ? undefined : run(held))) as Promise<unknown>;
    this.#subscribe(own);
  }

  load(): ReturnType<Place['load']> {
    return this.#register.load();
  }

  save(entry: Entry, over?: Stamp): ReturnType<Place['save']> {
    return this.#register.save(entry, over, this.#host.clock);
  }

  close(): void {
    const stop = this.#unsubscribe;
    if (typeof stop === 'function') stop();
  }

  #subscribe(own: PlainStore): void {
    try {
      this.#unsubscribe = own.subscribe?.(() => this.#look());
    } catch (thrown) {
      queueMicrotask(() => this.#host.failed('notify', thrown)); // a renewal looks anyway
    }
  }

  #look(): void {
    void new Promise<Entry | undefined>(done => done(this.load())).then(
      entry => this.#host.found(entry),
      thrown => this.#host.failed('load', thrown),
    );
  }
}

const held = { isHeld: () => true };
