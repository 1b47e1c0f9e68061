import { redactedCause, secretsIn } from '../errors/redact.ts';
import { tokenError } from '../errors/tokenError.ts';
import { beginSession, endSession, type Flight, loadSession, renewSession } from '../session/session.ts';
import { emitEvent, type TokenEvents } from '../session/tokenEvents.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import { BoundedStore } from './boundedStore.ts';
import type { SessionStore, Store, StoreHost } from './sessionStore.ts';
import { isShared, readRecord, recordOf, type TokenRecord, type TokenStore } from './tokenStore.ts';
import { withLock } from './withLock.ts';

/**
 * The option `store` for a place of your own: a cookie on a server, a database row, a keychain.
 *
 * @throws TokenError `misconfigured` when the option is not a store, or when others share it, the provider is `exclusive` and
 * it has no lock
 */
export function sharedSession(store: TokenStore): Store {
  const isStore = typeof store?.load === 'function' && typeof store.save === 'function';
  if (!isStore)
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'Option "store" must have the functions "load" and "save". Pass sharedSession({ load, save }), or leave it out to keep the token set in memory.',
    );
  return host => new SharedSession(store, host);
}

class SharedSession implements SessionStore {
  readonly loaded: Promise<void>;
  readonly #isShared: boolean;
  readonly #store: TokenStore;
  readonly #host: StoreHost;
  readonly #bounded: BoundedStore;
  readonly #closing = new AbortController();
  /** Its record is being deleted, and is not saved again. */
  #ending: TokenSet | undefined;
  /** The session that was left last: the slow renewal of another tab does not bring it back. */
  #leftSessionId: string | undefined;

  constructor(store: TokenStore, host: StoreHost) {
    if (host.exclusive && !store.lock && store.shared !== false)
      throw tokenError(
        'misconfigured',
        () =>
          process.env.NODE_ENV !== 'production' &&
          'An "exclusive" provider needs a store with a lock: without one, two renewals would invalidate each other\'s tokens. Pass "lock", or "shared: false" where no one else uses the store.',
      );
    this.#isShared = isShared(store);
    this.#store = store;
    this.#host = host;
    this.#bounded = new BoundedStore({
      store,
      clock: host.clock,
      closed: this.#closing.signal,
      failed: (doing, thrown, record) => this.#failed(doing, thrown, record),
      overwritten: () => void this.reread(),
    });
    this.loaded = this.#load();
    this.#bounded.listen(() => void this.reread());
  }

  async reread(): Promise<void> {
    const bounded = this.#bounded;
    await this.#writeWhatIsMissing();
    const { written } = bounded;
    await written;
    if (written !== bounded.written) return this.reread(); // the record is about to be replaced by this manager
    const { session } = this.#host;
    const before = session.state.tokens;
    if (bounded.isBehind || this.#isClosed || session.state.status === 'loading') return;
    try {
      const record = await bounded.read(() => this.#store.load());
      if (session.state.tokens === before && written === bounded.written && !this.#isClosed) this.#take(record);
    } catch (thrown) {
      this.#failed('load', thrown);
    }
  }

  async begin(tokens: TokenSet): Promise<void> {
    this.#leave();
    await this.#bounded.write(recordOf(tokens));
  }

  async replace(previous: TokenSet, next: TokenSet, use: () => void): Promise<void> {
    const isCurrent = () => this.#host.session.state.tokens === previous && !this.#isClosed;
    for (let tries = 0; tries < 2 && isCurrent(); tries++) {
      const saved = await this.#bounded.write(recordOf(next), recordOf(previous));
      if (isCurrent() && saved) return use();
      if (isCurrent()) await this.reread(); // others were faster, or an earlier save of this manager was late
    }
    if (isCurrent())
      throw tokenError(
        'unavailable',
        () =>
          process.env.NODE_ENV !== 'production' &&
          'Another tab or process renews the session, and the store does not hold the new token set yet.',
      );
  }

  async advance(previous: TokenSet, next: TokenSet): Promise<void> {
    if (!(await this.#bounded.write(recordOf(next), recordOf(previous)))) await this.reread();
  }

  async end(): Promise<void> {
    this.#leave();
    await this.#bounded.write(null);
  }

  async expire(tokens: TokenSet, end: () => void): Promise<void> {
    const bounded = this.#bounded;
    if (!this.#isShared || bounded.isBehind) {
      const cleared = bounded.write(null);
      end();
      await cleared;
      return;
    }
    this.#ending = tokens;
    if (!(await bounded.write(null, recordOf(tokens)))) await this.reread();
    this.#ending = undefined;
    if (this.#host.session.state.tokens === tokens && !this.#isClosed) end();
  }

  locked(flight: Flight, run: () => Promise<void>): Promise<void> {
    const { clock, exclusive, lockWaitMs } = this.#host;
    const store = this.#store;
    const lookAndRun = () => this.#lookForSuccessor(flight).then(run);
    if (!store.lock) return lookAndRun();
    const lock: typeof store.lock = (inside, options) => (store.lock as typeof lock)(inside, options);
    const failed = (thrown: unknown) => this.#failed('lock', thrown);
    return withLock(lookAndRun, { lock, clock, lockWaitMs, exclusive, signal: flight.abort.signal, failed });
  }

  close(): void {
    this.#closing.abort();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Others may have renewed. A successor that has expired as well is renewed in turn. */
  async #lookForSuccessor(flight: Flight): Promise<void> {
    if (!this.#isShared) return;
    await this.reread();
    const { session, clock } = this.#host;
    const { state } = session;
    if (!state.tokens || session.flight !== flight || flight.from?.sessionId !== state.tokens.sessionId) return;
    if (clock.now() >= (state.scheduleBefore ?? state.schedule).hardAt) flight.from = state.tokens;
  }

  /** Reads synchronously where the store does: then a page knows at once whether a user is signed in. */
  #load(): Promise<void> {
    try {
      const record = this.#store.load();
      if (typeof (record as PromiseLike<unknown> | null)?.then !== 'function') {
        this.#take(record);
        return Promise.resolve();
      }
      return this.#bounded
        .read(() => record)
        .then(
          loaded => this.#loadedLater(loaded),
          thrown => this.#notLoaded(thrown),
        );
    } catch (thrown) {
      this.#notLoaded(thrown);
      return Promise.resolve();
    }
  }

  #loadedLater(record: unknown): void {
    if (this.#host.session.state.status === 'loading' && !this.#isClosed) this.#take(record);
  }

  #notLoaded(thrown: unknown): void {
    this.#failed('load', thrown);
    if (!this.#isClosed) loadSession(this.#host.session, null);
  }

  /** The record of the session in memory; `null`: there is none, or it is being deleted. */
  #held(): TokenRecord | null {
    const { tokens } = this.#host.session.state;
    return tokens && tokens !== this.#ending ? recordOf(tokens) : null;
  }

  /** After a failed save memory is newer than the store, unless others have saved there. */
  async #writeWhatIsMissing(): Promise<void> {
    const { written } = this.#bounded;
    await written;
    if (written !== this.#bounded.written || !this.#bounded.isBehind || this.#isClosed) return;
    const held = this.#held();
    await this.#bounded.write(held, held);
  }

  /** Takes over what the store holds, where that is new. */
  #take(record: unknown): void {
    const { session } = this.#host;
    const stored = readRecord(record);
    const { tokens } = session.state;
    const isOfLeftSession = stored && stored.sessionId === this.#leftSessionId;
    if (stored === undefined || isOfLeftSession) this.#replaceStored(stored);
    else if (session.state.status === 'loading') loadSession(session, stored);
    else if (stored && stored.sessionId === tokens?.sessionId) this.#takeSuccessor(stored, tokens);
    else if (this.#isShared && (stored || tokens)) this.#takeOther(stored);
  }

  /** Others have signed in or out. */
  #takeOther(stored: TokenSet | null): void {
    const { session } = this.#host;
    this.#leave();
    if (stored) beginSession(session, stored, { reason: 'elsewhere' });
    else endSession(session, 'elsewhere');
  }

  /** Nobody signed in leaves the last session as the one that was left. */
  #leave(): void {
    const { tokens } = this.#host.session.state;
    if (tokens) this.#leftSessionId = tokens.sessionId;
  }

  /** A damaged record, or one of a session that was left, is replaced. */
  #replaceStored(stored: TokenSet | undefined): void {
    if (!stored) this.#failed('read');
    void this.#bounded.write(this.#held(), stored && recordOf(stored));
    loadSession(this.#host.session, null);
  }

  #takeSuccessor(stored: TokenSet, tokens: TokenSet): void {
    const isOther = stored.version === tokens.version && stored.accessToken !== tokens.accessToken; // of two successors this was saved
    if (stored.version > tokens.version || isOther) renewSession(this.#host.session, stored);
    else if (stored.version < tokens.version) void this.#bounded.write(this.#held(), recordOf(stored)); // a later save would not replace it
  }

  #failed(doing: TokenEvents['storeFailed']['doing'], thrown?: unknown, record?: TokenRecord | null): void {
    const { session } = this.#host;
    const { tokens } = session.state;
    const secrets = secretsIn([tokens && recordOf(tokens), record]);
    const cause = thrown === undefined ? undefined : redactedCause(thrown, secrets);
    queueMicrotask(() => emitEvent(session.events, 'storeFailed', { doing, cause })); // the first load may fail before anybody can listen
  }
}
