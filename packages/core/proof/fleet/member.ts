import { createTokenManager } from '../../src/createTokenManager.ts';
import { TokenError } from '../../src/errors/tokenError.ts';
import { createStore } from '../../src/store/createStore.ts';
import type { Entry, Hold, Place, StoreCall, StoreHost } from '../../src/store/place.ts';
import type { Stamp } from '../../src/store/stamp.ts';
import type { TokenManager } from '../../src/tokenManager.ts';
import type { TokenManagerOptions } from '../../src/tokenManagerOptions.ts';
import type { TokenSet } from '../../src/tokens/tokenSet.ts';
import { headerReceiver } from '../../src/verdict/headerReceiver.ts';
import type { FleetProcess } from './clock.ts';
import { FleetHistory } from './history.ts';
import type { FleetNetwork, TokenRequester } from './network.ts';
import type { FleetConnection, FleetPlace, FleetWorld } from './places.ts';
import { type FleetRefreshToken, isService } from './servers.ts';

const tokenHeader = 'x-access-token';

export interface MemberOptions {
  readonly name: string;
  readonly world: FleetWorld;
  readonly process: FleetProcess;
  readonly place: FleetPlace;
  readonly network: FleetNetwork;
  /** Holders are frozen at the moments that matter: before they send, and before they save. */
  readonly isAimed: () => boolean;
  /** It stands still from now on. */
  readonly freeze: (member: FleetMember, ms: number) => void;
}

/** One manager of the product in a process of its own, and what is watched of it. */
export class FleetMember implements TokenRequester {
  readonly name: string;
  readonly process: FleetProcess;
  readonly auth: TokenManager;
  readonly history: FleetHistory;
  connection!: FleetConnection;
  isDisposed = false;
  closes = 0;
  hold: Hold | undefined;
  readonly unsaved: Set<FleetRefreshToken> = new Set();
  readonly answered: Set<FleetRefreshToken> = new Set();
  /** The greatest entry that it has seen or saved. */
  greatest: Stamp = '';
  /** Sign-ins and sign-outs that are not saved yet. */
  openActs = 0;
  /** Saves that the place has not answered. */
  openSaves = 0;
  readonly #options: MemberOptions;
  /** The kinds of calls that have failed, and not succeeded since. */
  readonly #failing = new Set<StoreCall>();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.process = options.process;
    this.history = new FleetHistory(this.name, options.world.report, options.network.server);
    this.auth = createTokenManager(this.#managerOptions());
    this.#listen();
  }

  get tokens(): TokenSet | undefined {
    return this.auth.manager().session.state.tokens;
  }

  get isActive(): boolean {
    return this.process.isAwake && !this.isDisposed;
  }

  get isAlive(): boolean {
    return !this.process.isKilled && !this.isDisposed;
  }

  dispose(): void {
    this.isDisposed = true;
    this.auth.dispose();
  }

  /** A freeze that is aimed between the answer of the auth server and the save. */
  freezeBeforeSave(token: FleetRefreshToken | undefined): void {
    const { isAimed, freeze, world } = this.#options;
    if (!isAimed() || !world.random.chance(0.15)) return;
    world.report.log(() => `${this.name} is frozen after the answer to ${token?.id ?? 'its sign-in'}`);
    freeze(this, world.random.int(6_000, 14_000));
  }

  #managerOptions(): TokenManagerOptions {
    const { network, process } = this.#options;
    const { server, options } = network;
    const shared: TokenManagerOptions = {
      clock: process,
      store: createStore(host => this.#connect(host)),
      receive: headerReceiver(headers => {
        const accessToken = headers.get(tokenHeader);
        return accessToken ? { accessToken, expiresInS: 60 } : undefined;
      }),
    };
    if (isService(server.kind))
      return {
        ...shared,
        signIn: (_, { signal }) => network.signIn(this, signal),
        credentials: () => 'secret',
        ...(server.kind === 'oneLive' ? { exclusive: true } : { rotates: false }),
      };
    return {
      ...shared,
      renew: ({ current, signal }) => network.refresh(this, current?.refreshToken, signal),
      signOut: ({ accessToken }) => process.answer(50, () => server.revoke(accessToken)),
      ...(options.hasCookie && { restore: true, rotates: true }),
    };
  }

  #listen(): void {
    const { auth, history } = this;
    const { report } = this.#options.world;
    auth.subscribe(() => history.use(this.tokens));
    auth.on('signedOut', ({ sessionId, reason }) => history.ended(sessionId, reason));
    auth.on('storeFailed', ({ doing }) => {
      report.log(() => `${this.name} storeFailed ${doing}`);
      if (this.#failing.has(doing)) report.violated('two events of one outage', `${this.name} ${doing}`);
      this.#failing.add(doing);
    });
    auth.on('renewalFailed', ({ reason, error }) =>
      report.log(() => `${this.name} renewalFailed ${reason} ${error.code} ${error.message}`),
    );
  }

  /** Watches what the manager and the place tell each other. */
  #connect(host: StoreHost): Place {
    const { place, world } = this.#options;
    const found = (entry: Entry | undefined) => {
      this.#succeeded('load', entry);
      world.report.log(() => `${this.name} finds ${describe(entry)}`);
      host.found(entry);
    };
    this.connection = { name: this.name, host: { ...host, found }, process: this.process, isClosed: false };
    const inner = place.connect(this.connection);
    const lock: NonNullable<Place['lock']> | undefined =
      inner.lock && ((run, signal) => this.#lock(inner as Required<Place>, run, signal));
    return {
      load: () => this.#load(inner),
      save: (entry, over) => this.#save(inner, entry, over),
      ...(lock && { lock }),
      close: () => {
        if (++this.closes > 1) world.report.violated('a place was closed twice', this.name);
        if (this.hold) world.report.violated('a place was closed inside the lock', this.name);
        inner.close?.();
      },
    };
  }

  async #load(inner: Place): Promise<Entry | undefined> {
    const { isAimed, freeze, world } = this.#options;
    if (this.closes > 0) world.report.violated('a call after close', `${this.name} load`);
    if (this.hold && isAimed() && world.random.chance(0.15)) {
      world.report.log(() => `${this.name} is frozen before it sends`);
      freeze(this, world.random.int(6_000, 60_000));
    }
    const entry = await inner.load();
    world.report.log(() => `${this.name} loads ${describe(entry)}`);
    this.#succeeded('load', entry);
    return entry;
  }

  async #save(inner: Place, entry: Entry, over: Stamp | undefined): Promise<boolean> {
    const { report } = this.#options.world;
    if (this.closes > 0) report.violated('a call after close', `${this.name} save`);
    this.history.stamped(entry);
    if (entry.stamp > this.greatest && !over) this.greatest = entry.stamp;
    this.openSaves++;
    const isKept = await Promise.resolve(inner.save(entry, over)).finally(() => this.openSaves--);
    report.log(() => `${this.name} saves ${describe(entry)}: ${isKept}`);
    this.#succeeded('save', isKept ? entry : undefined);
    if (entry.record) this.#answersAreSaved();
    return isKept;
  }

  #answersAreSaved(): void {
    for (const token of this.answered) {
      this.unsaved.delete(token);
      this.answered.delete(token);
    }
  }

  async #lock(inner: Required<Place>, run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<unknown> {
    const { report } = this.#options.world;
    return inner.lock(async hold => {
      report.log(() => `${this.name} holds the lock`);
      this.#succeeded('lock');
      this.hold = hold;
      await run(hold);
      if (this.hold === hold) this.hold = undefined;
      report.log(() => `${this.name} lets go of the lock`);
    }, signal);
  }

  #succeeded(doing: StoreCall, entry?: Entry): void {
    this.#failing.delete(doing);
    if (!entry || entry.record === undefined) return;
    this.history.stamped(entry);
    if (entry.stamp > this.greatest) this.greatest = entry.stamp;
  }
}

const describe = (entry: Entry | undefined): string =>
  entry ? `${short(entry.stamp)} ${entry.record ? entry.record.accessToken : entry.record}` : 'nothing';

const short = (stamp: Stamp) =>
  stamp
    .split('-')
    .map(part => Number(part) % 1e8)
    .join('-');

/** What became of an operation: a word, or the code of its error. */
export const codeOf = (thrown: unknown): string => (TokenError.is(thrown) ? thrown.code : String(thrown));
