import { createStore } from '../src/store/createStore.ts';
import type { Entry, Place, StoreHost } from '../src/store/place.ts';
import type { Store } from '../src/store/sessionStore.ts';
import { type PlainStore, sharedSession } from '../src/store/sharedSession.ts';
import { isStamp, type Stamp } from '../src/store/stamp.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import { type Environment, hasTakenLong, storeTimeoutMs } from './environment.ts';
import type { LoadAnswer, SaveAnswer, Scenario } from './scenario.ts';
import { SimulatedLock } from './simulatedLock.ts';

/** A tab that keeps its session in the storage. */
export interface StoreUser {
  readonly isDisposed: boolean;
  /** The user has signed out after `dispose`, which is still saved. */
  readonly endsAfterDispose: boolean;
  /** The access token of the session that is on, which the user has not ended. */
  readonly tokenToExpire: string | undefined;
  /** A call of the storage has succeeded. */
  storeSucceeded(doing: 'load' | 'save'): void;
  storeFailed(): void;
  /** The place has shown by itself what it holds. */
  storeIsBack(): void;
  /** The place has answered its newest stamp, and nobody has the record. */
  storeHasNoRecord(): void;
  /** The place holds something newer than the session whose end was to be saved. */
  endRefused(): void;
  /** Called before each save of any tab. */
  saving(record: TokenRecord): void;
  saved(record: TokenRecord): void;
}

interface Connection {
  readonly user: StoreUser;
  readonly host: StoreHost;
  readonly found: StoreHost['found'];
  isClosed: boolean;
}

interface Call {
  readonly users: Iterable<StoreUser>;
  readonly isLoad: boolean;
  readonly since: number;
  readonly sinceElapsedMs: number;
}

const storageError = () => new Error('The storage is out of order.');
const neverSettles = <T>() => new Promise<T>(() => {});
const readableStamp = (entry: Entry | undefined): Stamp => (isStamp(entry?.stamp) ? entry.stamp : '');
/** When a save that was given up takes effect. */
const lateMs = 7_000;

/** The storage of all tabs: a register that only rises. It answers synchronously or later, fails, or never answers. */
export class SimulatedStorage {
  entry: Entry | undefined;
  /** Whether one tab, and nobody else, has ever used it. */
  hasOneWriter: boolean;
  /** Whether others have renewed without the lock. */
  hasRace = false;
  /** Called before a save that is overtaken. */
  overtake: () => void = () => {};
  readonly connections: Connection[] = [];
  readonly lock: SimulatedLock;
  /** The stamps with which an access token was saved. */
  readonly #stamps = new Map<string, Stamp[]>();
  readonly #scenario: Scenario;
  readonly #env: Environment;
  readonly #plain: Store;
  readonly #plainUsers = new Set<StoreUser>();
  readonly #listeners = new Set<() => void>();
  readonly #earlier: Entry[] = [];
  readonly #signOuts = new Set<Stamp>();
  /** The calls that are not answered. */
  readonly #pending = new Set<Call>();
  readonly #nextLoad: () => LoadAnswer;
  readonly #nextSave: () => SaveAnswer;
  #hasFailed = false;

  constructor(scenario: Scenario, env: Environment, entry: Entry | undefined) {
    this.entry = entry;
    if (entry) this.#note(entry);
    this.#scenario = scenario;
    this.#env = env;
    this.hasOneWriter = scenario.tabs === 1;
    this.#nextLoad = env.plan(scenario.loads, 'succeeds');
    this.#nextSave = env.plan(scenario.saves, 'succeeds');
    this.lock = new SimulatedLock(env, env.plan(scenario.locks, 'succeeds'), scenario.hasFence);
    this.#plain = sharedSession(this.#plainStore());
  }

  /** Whether each call up to now has succeeded in time. */
  get isReliable(): boolean {
    return !this.#hasFailed && ![...this.#pending].some(call => this.#hasTimedOut(call));
  }

  /** No call is being answered. */
  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** Whether the core may still wait for a `load`. */
  isLoading(user: StoreUser): boolean {
    const mayWait = ({ isLoad, users, sinceElapsedMs }: Call) =>
      isLoad && [...users].includes(user) && this.#env.elapsedMs() < sinceElapsedMs + storeTimeoutMs;
    return [...this.#pending].some(mayWait);
  }

  /** Who signed in there, or renewed; `undefined`: nobody, or nobody can read it. */
  get record(): TokenRecord | undefined {
    return (readableStamp(this.entry) && this.entry?.record) || undefined;
  }

  stampsOf(accessToken: string): readonly Stamp[] {
    return this.#stamps.get(accessToken) ?? [];
  }

  storeFor(user: StoreUser): Store {
    if (this.#scenario.store === 'place') return createStore(host => this.#connect(user, host));
    this.#plainUsers.add(user);
    return this.#plain;
  }

  /** A write by a tab that is not part of the simulation. */
  putElsewhere(entry: Entry): void {
    this.hasOneWriter = false;
    this.#note(entry);
    this.#put(entry);
  }

  damage(): void {
    this.#hasFailed = true;
    this.entry = { stamp: 'damaged', record: { v: 1, accessToken: '', receivedAt: 0 } };
  }

  /** A notice that was overtaken by newer ones. */
  staleNotice(fraction: number): void {
    const entry = this.#earlier[Math.floor(fraction * this.#earlier.length)];
    for (const { found, isClosed } of this.connections)
      if (entry && !isClosed) void this.#env.schedule('stale notice', () => found(entry));
  }

  /** Memory may be old: the tab is asked to wait until it has been shown what the place holds. */
  doubt(user: StoreUser, ended: () => void): boolean {
    const connection = this.connections.find(({ user: other, isClosed }) => other === user && !isClosed);
    if (!connection) return false;
    connection.host.doubt();
    void this.#env.schedule('the end of the doubt', () => {
      connection.found(this.entry);
      ended();
    });
    return true;
  }

  /** All connected look at the place, as after a reconnect. */
  reconnect(): void {
    for (const { found, isClosed } of this.connections) if (!isClosed) found(this.entry);
    for (const changed of this.#listeners) changed();
  }

  /** Whether a tab, or with a plain store any of them, may send a token request. */
  mayRequest(user: object): boolean {
    const held = [...this.lock.holds].filter(({ by }) => by === undefined || by === user);
    for (const hold of held) hold.hasSent = true;
    return held.length > 0;
  }

  get #users(): ReadonlySet<StoreUser> {
    return new Set([...this.#plainUsers, ...this.connections.map(({ user }) => user)]);
  }

  #note({ stamp, record }: Entry): void {
    if (record) this.#stamps.set(record.accessToken, [...this.stampsOf(record.accessToken), stamp]);
  }

  #put(entry: Entry, by?: Connection): void {
    if (this.entry) this.#earlier.push(this.entry);
    this.entry = entry;
    if (!this.#scenario.hasNotices) return;
    for (const other of this.connections)
      if (other !== by)
        void this.#env.schedule('notice', () => {
          if (!other.isClosed) other.found(entry);
        });
    for (const changed of this.#listeners) void this.#env.schedule('notice', changed);
  }

  // ---- a place that compares

  #connect(user: StoreUser, host: StoreHost): Place {
    const found = (entry: Entry | undefined) => {
      if (!entry || isStamp(entry.stamp)) user.storeSucceeded('load');
      user.storeIsBack();
      host.found(entry);
    };
    const connection: Connection = { user, host, found, isClosed: false };
    this.connections.push(connection);
    const checkOpen = () => {
      if (connection.isClosed && !user.endsAfterDispose) this.#env.violated('a place was used after it was closed');
    };
    const place: Place = {
      load: () => {
        checkOpen();
        return this.#load(user);
      },
      save: (entry, over) => {
        checkOpen();
        return this.#save(connection, entry, over);
      },
      close: () => this.#close(connection),
    };
    if (this.#scenario.hasLock)
      place.lock = (run, signal) => {
        checkOpen();
        return this.lock.run(run, user, signal);
      };
    return place;
  }

  #close(connection: Connection): void {
    if (connection.isClosed) this.#env.violated('a place was closed twice');
    if (!connection.user.isDisposed) this.#env.violated('a place was closed before dispose');
    if ([...this.lock.holds].some(({ by }) => by === connection.user))
      this.#env.violated('a place was closed before the lock was let go');
    connection.isClosed = true;
  }

  #load(user: StoreUser): Entry | undefined | Promise<Entry | undefined> {
    const answer = this.#nextLoad();
    return this.#answer(answer, 'load', [user], () => {
      user.storeIsBack(); // it may be late; also a record that cannot be read shows that it works
      if (!this.entry || isStamp(this.entry.stamp)) user.storeSucceeded('load');
      if (answer !== 'withoutRecord' || !this.entry) return this.entry;
      user.storeHasNoRecord();
      return { ...this.entry, record: undefined };
    });
  }

  #save(connection: Connection, entry: Entry, over: Stamp | undefined): boolean | Promise<boolean> {
    const { user } = connection;
    const expired = entry.record || this.#signOuts.has(entry.stamp) ? undefined : user.tokenToExpire;
    if (!entry.record && expired === undefined) this.#signOuts.add(entry.stamp); // it may be tried again in the next session
    this.#note(entry);
    if (entry.record) for (const one of this.#users) one.saving(entry.record);
    const answer = this.#nextSave();
    return this.#answer(answer, 'save', [user], () => {
      if (answer === 'isOvertaken') this.overtake();
      const held = readableStamp(this.entry);
      const isKept = entry.stamp > held && (over === undefined || held <= over);
      if (isKept && expired !== undefined) this.#checkExpired(expired, held);
      if (isKept) this.#put(entry, connection);
      const isHeld = isKept || entry.stamp === held;
      if (isHeld) this.#saved(entry.record);
      user.storeSucceeded('save');
      if (!isHeld && expired !== undefined) user.endRefused();
      return isHeld;
    });
  }

  #saved(record: Entry['record']): void {
    if (record) for (const one of this.#users) one.saved(record);
  }

  /** The end of a session replaces only what was rejected. */
  #checkExpired(accessToken: string, held: Stamp): void {
    const isNewer = this.record && this.record.accessToken !== accessToken;
    if (isNewer && this.stampsOf(accessToken).every(stamp => stamp < held))
      this.#env.violated('a newer token set was deleted after the rejection of an older one');
  }

  // ---- a plain store

  #plainStore(): PlainStore {
    const users = this.#plainUsers;
    const store: PlainStore = {
      load: () =>
        this.#answer(this.#nextLoad(), 'load', users, () => {
          const { entry } = this;
          for (const user of users) {
            user.storeIsBack(); // it loads after a notice; also a record that cannot be read shows that it works
            if (!entry?.record || isStamp(entry.stamp)) user.storeSucceeded('load');
            user.storeSucceeded('save'); // a save that compares, and writes nothing
          }
          if (entry?.record) return { stamp: entry.stamp, ...entry.record };
          return null;
        }),
      save: stored => {
        const { stamp = '', ...record } = (stored ?? {}) as TokenRecord & { stamp?: string };
        const entry = stored ? { stamp, record } : undefined;
        if (entry) this.#note(entry);
        if (entry) for (const user of users) user.saving(record);
        return this.#answer(this.#nextSave(), 'save', users, () => {
          this.#put(entry ?? { stamp: '', record: null });
          this.#saved(entry?.record);
          for (const user of users) user.storeSucceeded('save');
        });
      },
    };
    if (this.#scenario.hasLock) store.lock = run => this.lock.run(run);
    if (this.#scenario.hasNotices)
      store.subscribe = changed => {
        this.#listeners.add(changed);
        return () => this.#listeners.delete(changed);
      };
    return store;
  }

  // ---- answers

  #hasTimedOut({ since, sinceElapsedMs }: Call): boolean {
    return hasTakenLong(this.#env, since, sinceElapsedMs);
  }

  #answer<T>(
    answer: LoadAnswer | SaveAnswer,
    label: string,
    users: Iterable<StoreUser>,
    succeed: () => T,
  ): T | Promise<T> {
    const { clock, elapsedMs, schedule } = this.#env;
    const call = { users, isLoad: label === 'load', since: clock.now(), sinceElapsedMs: elapsedMs() };
    this.#pending.add(call);
    if (answer !== 'succeeds' && answer !== 'isOvertaken') this.#fails(users);
    if (answer === 'neverSettles') return neverSettles();
    const run = () => {
      try {
        if (this.#hasTimedOut(call)) this.#fails(users);
        if (answer === 'fails') throw storageError();
        const result = succeed();
        if (answer === 'answerIsLost') throw storageError();
        return result;
      } finally {
        this.#pending.delete(call);
      }
    };
    if (answer === 'late')
      return new Promise(resolve => clock.setTimeout(() => resolve(schedule(`late ${label}`, run)), lateMs));
    if (!this.#scenario.isSlow) return run();
    return schedule(`${label} ${answer}`, run);
  }

  #fails(users: Iterable<StoreUser>): void {
    this.#hasFailed = true;
    for (const user of users) user.storeFailed();
  }
}
