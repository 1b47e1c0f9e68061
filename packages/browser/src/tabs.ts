import { type Entry, epochOf, type Hold, type Stamp, type StoreCall, type StoreHost } from '@latchkey/core/adapter';
import { ClaimLock } from './claimLock.ts';
import { LostExchange } from './lostExchange.ts';
import { type ShownStamp, ShownStamps } from './shownStamps.ts';
import { type Message, TabChannel } from './tabChannel.ts';
import { holdTabLock } from './tabLock.ts';
import type { TabStoreOptions } from './tabStoreOptions.ts';

export interface TabsOptions extends TabStoreOptions {
  readonly name: string;
  readonly host: StoreHost;
  /** What the names of the shown stamps begin with, after that of the store. */
  readonly shownAs: string;
  readonly receive: (message: Message) => void;
  /** The page has come back from the back/forward cache, and has missed what was sent meanwhile. */
  readonly cameBack: () => void;
  /** Whether the answer to a token request does its work without the page, by a cookie. */
  readonly hasCookie: () => boolean;
}

const dayMs = 86_400_000;

/** The tabs of one origin that share a session, seen from one of them: the newest stamp of the others, messages, the lock. */
export class Tabs {
  readonly tab: string = Math.random().toString(36).slice(2, 12);
  readonly channel: TabChannel;
  readonly askMs: number;
  /** Resolves when the page is not in the back/forward cache. */
  here: Promise<void> = Promise.resolve();
  /** How often the page has entered the back/forward cache: an answer from before says nothing. */
  leaves = 0;
  readonly #options: TabsOptions;
  readonly #lostExchangeMs: number;
  readonly #lostExchange: LostExchange;
  readonly #claims: ClaimLock;
  readonly #shown: ShownStamps | undefined;
  #locks: LockManager | undefined;
  #arrive = () => {};

  constructor(options: TabsOptions) {
    const { name, host, shownAs, askMs = 250, lostExchangeMs = 3_000 } = options;
    const { tab } = this;
    const prefix = `latchkey.${name}`;
    this.#options = options;
    this.askMs = askMs;
    this.#lostExchangeMs = Math.min(lostExchangeMs, host.renewTimeoutMs);
    const failed = (doing: StoreCall) => (thrown: unknown) => host.failed(doing, thrown);
    const shared = { name, tab, clock: host.clock };
    this.#lostExchange = new LostExchange({
      ...shared,
      lostExchangeMs: this.#lostExchangeMs,
      failed: failed('lock'),
    });
    this.#claims = new ClaimLock({ ...shared, channel: () => this.channel, longestHoldMs: host.requestTimeoutMs });
    this.channel = new TabChannel({
      name: prefix,
      tab,
      receive: message => this.#receive(message),
      failed: failed('notify'),
    });
    this.#locks = locksOfPage();
    if (this.#locks) this.#shown = new ShownStamps(this.#locks, `${prefix}.${shownAs}`, tab);
    else host.failed('lock', new Error('The page has no navigator.locks: it is not a secure context.'));
    globalThis.addEventListener?.('pagehide', this.#leave);
    globalThis.addEventListener?.('pageshow', this.#comeBack);
  }

  /** Whether the others can be seen: where they cannot, each is asked by messages. */
  get hasLocks(): boolean {
    return this.#locks !== undefined;
  }

  /** The newest stamp that another tab shows. Never rejects. */
  async greatest(own: Stamp | undefined): Promise<ShownStamp | undefined> {
    try {
      return this.#locks && (await this.#shown?.greatest(stamp => this.isPlausible(stamp, own)));
    } catch (thrown) {
      this.#loseLocks(thrown);
      return undefined;
    }
  }

  /** Resolves when the other tabs see that this one has the entry. Never rejects. */
  async show({ stamp, record }: Entry): Promise<void> {
    try {
      if (this.#locks) await this.#shown?.show(stamp, record === null);
    } catch (thrown) {
      this.#loseLocks(thrown);
    }
  }

  /** A stamp that is more than a day ahead would lock out all that follow. */
  isPlausible(stamp: Stamp, own: Stamp | undefined): boolean {
    return epochOf(stamp) <= Math.max(this.#options.host.clock.now(), own ? epochOf(own) : 0) + dayMs;
  }

  async lock(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { host, name, hasCookie } = this.#options;
    if (!this.#locks && host.exclusive) throw new Error('The page has no lock that it shares with other tabs.');
    if (!this.#locks) return this.#claims.hold(run, signal);
    return holdTabLock(run, signal, {
      prefix: `latchkey.${name}`,
      locks: this.#locks,
      host,
      lostExchangeMs: this.#lostExchangeMs,
      lostExchange: () => (hasCookie() ? this.#lostExchange : undefined),
    });
  }

  close(): void {
    globalThis.removeEventListener?.('pagehide', this.#leave);
    globalThis.removeEventListener?.('pageshow', this.#comeBack);
    this.channel.close();
    this.#shown?.hide();
  }

  #receive(message: Message): void {
    if (message.t === 'claim' || message.t === 'held' || message.t === 'free') this.#claims.receive(message);
    else this.#options.receive(message);
  }

  /**
   * A page with held locks, or to which a message comes, is thrown out of the back/forward cache. Its memory is doubted now:
   * another listener of `pageshow` may ask for a token before this one is called.
   */
  readonly #leave = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) {
      this.#options.host.doubt();
      this.leaves++;
      this.here = new Promise(resolve => {
        this.#arrive = resolve;
      });
    }
    this.channel.close();
    this.#shown?.hide();
    this.#lostExchange.leave();
  };

  readonly #comeBack = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    this.#lostExchange.stay();
    this.channel.open();
    this.#shown?.unhide();
    this.#arrive();
    this.#options.host.doubt();
    this.#options.cameBack();
  };

  /** A sandboxed frame has the locks, and none of their calls works. */
  #loseLocks(thrown: unknown): void {
    this.#locks = undefined;
    this.#options.host.failed('lock', thrown);
  }
}

function locksOfPage(): LockManager | undefined {
  try {
    return globalThis.navigator?.locks ?? undefined;
  } catch {
    return undefined;
  }
}
