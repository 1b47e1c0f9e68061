import type { Store } from '@latchkey/core';
import {
  createStore,
  type Entry,
  type Hold,
  type Place,
  readRecord,
  type Stamp,
  type StoreHost,
  type TokenRecord,
  tokenError,
} from '@latchkey/core/adapter';
import { isServer, MemoryPlace } from './memoryPlace.ts';
import type { Message } from './tabChannel.ts';
import { checkOptions, type TabStoreOptions } from './tabStoreOptions.ts';
import { Tabs } from './tabs.ts';

/**
 * The option `store` for an access token in memory and a refresh token in a cookie that no script can read: the tabs of one
 * origin are one session. The token set lives in the memory of each tab and is sent to the others by a BroadcastChannel;
 * renewals are taken in turn under a Web Lock. Nothing but stamps and times is written anywhere.
 *
 * A token set with a refresh token is `misconfigured`. On a server it is plain memory.
 *
 * @param name - tells apart the sessions of one origin
 * @throws TokenError `misconfigured` when the name is empty, too long or has a space, or a time is no number
 */
export function tabStore(name: string, options: TabStoreOptions = {}): Store {
  checkOptions(name, options);
  return createStore(host => (isServer() ? new MemoryPlace() : new TabPlace(name, host, options)));
}

interface Question {
  /** What answers it: this stamp, or a greater one. */
  readonly stamp: Stamp;
  readonly end: (isAnswered: boolean) => void;
}

/** The memory of one tab, which keeps the greatest entry of all tabs. */
export class TabPlace implements Place {
  readonly sharesNobody = true;
  readonly #host: StoreHost;
  readonly #tabs: Tabs;
  readonly #questions = new Set<Question>();
  #held: Entry | undefined;
  /** The stamp of what this tab has saved. */
  #written: Stamp | undefined;
  /** The newest stamp whose tab does not answer, or answers a damaged record. */
  #unanswered: Stamp | undefined;
  /** An end that was there before this page: somebody may have signed in without a page. */
  #endBefore: Stamp | undefined;
  #hasLoaded = false;
  #isBack = false;

  constructor(name: string, host: StoreHost, options: TabStoreOptions) {
    this.#host = host;
    this.#tabs = new Tabs({
      ...options,
      name,
      host,
      shownAs: 'at',
      receive: message => this.#receive(message),
      cameBack: () => this.#cameBack(),
      hasCookie: () => true,
    });
  }

  /** @throws TokenError `misconfigured` for a refresh token: it would leave the page, and outlive it */
  check({ refreshToken }: TokenRecord): void {
    if (refreshToken !== undefined)
      throw tokenError(
        'misconfigured',
        () =>
          process.env.NODE_ENV !== 'production' &&
          'tabStore sends token sets to other tabs, and must not have a refresh token. Keep it in an HttpOnly cookie, or use webStorageStore.',
      );
  }

  async load(): Promise<Entry | undefined> {
    await this.#tabs.here;
    const { leaves } = this.#tabs;
    const isFirst = !this.#hasLoaded;
    const isBack = this.#isBack;
    let entry = await this.#newest(isFirst || isBack);
    if (leaves !== this.#tabs.leaves) return this.load();
    this.#hasLoaded = true;
    if (isFirst && entry?.record === null) this.#endBefore = entry.stamp;
    if (isBack) entry = await this.#vouched(entry);
    if (isBack) this.#isBack = false;
    return entry?.record === null && entry.stamp === this.#endBefore ? { ...entry, record: undefined } : entry;
  }

  async save(entry: Entry, over?: Stamp): Promise<boolean> {
    if (entry.record) this.check(entry.record);
    const other = await this.#othersNewest();
    const held = this.#held?.stamp ?? '';
    if (held === entry.stamp) return true;
    for (const stamp of [held, other])
      if (stamp > entry.stamp || (over !== undefined && stamp > over && stamp !== entry.stamp)) return false;
    this.#written = entry.stamp;
    await this.#hold(entry);
    if (over !== undefined && (await this.#othersNewest()) > entry.stamp) return false; // saved meanwhile
    this.#send(entry);
    return true;
  }

  async #othersNewest(): Promise<Stamp> {
    const shown = this.#tabs.channel.isOpen ? await this.#tabs.greatest(this.#held?.stamp) : undefined;
    return shown?.stamp ?? '';
  }

  lock(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#tabs.lock(run, signal);
  }

  close(): void {
    this.#tabs.close();
    for (const { end } of this.#questions) end(false);
  }

  /** The newest entry of all tabs, where the tab that has it answers; else only its stamp is known. */
  async #newest(asksAll: boolean): Promise<Entry | undefined> {
    const before = this.#held;
    if (!this.#tabs.channel.isOpen) return before;
    if (!this.#tabs.hasLocks) return this.#newestWithoutLocks(asksAll);
    const shown = await this.#tabs.greatest(this.#held?.stamp);
    if (!this.#tabs.hasLocks) return this.#newestWithoutLocks(asksAll);
    if (!shown || shown.stamp <= (this.#held?.stamp ?? '')) return this.#held;
    const isAnswered =
      shown.stamp !== this.#unanswered && ((await this.#ask(shown.stamp, shown.tab)) || (await this.#ask(shown.stamp)));
    if (isAnswered && this.#unanswered !== shown.stamp) return this.#held;
    this.#unanswered = shown.stamp;
    return this.#held === before ? { stamp: shown.stamp, record: undefined } : this.#held;
  }

  async #newestWithoutLocks(asksAll: boolean): Promise<Entry | undefined> {
    if (asksAll) await this.#ask('');
    return this.#held;
  }

  /** Resolves to whether an entry with this stamp, or a greater one, has come in time. */
  #ask(stamp: Stamp, to?: string): Promise<boolean> {
    const { clock } = this.#host;
    return new Promise(resolve => {
      const timer = clock.setTimeout(() => question.end(false), this.#tabs.askMs);
      const question: Question = {
        stamp,
        end: isAnswered => {
          clock.clearTimeout(timer);
          this.#questions.delete(question);
          resolve(isAnswered);
        },
      };
      this.#questions.add(question);
      this.#tabs.channel.post({ t: 'ask', to, stamp: this.#held?.stamp });
    });
  }

  #receive({ t, from, to, stamp, record }: Message): void {
    const held = this.#held;
    if (t === 'ask') {
      if (held && held.stamp > (stamp ?? '')) this.#send(held, from);
    } else if (stamp !== undefined && record !== undefined) {
      if (held && stamp < held.stamp && held.stamp === this.#written) this.#send(held, from);
      if (stamp > (held?.stamp ?? '') && this.#tabs.isPlausible(stamp, held?.stamp))
        this.#take({ stamp, record }, to !== undefined && this.#questions.size > 0);
    }
  }

  /** @param isAnswer - to a question, whose asker passes it on */
  #take(entry: Entry, isAnswer: boolean): void {
    const record = entry.record && readRecord(entry.record);
    if (record?.refreshToken !== undefined) return; // not of a tab store
    if (record !== undefined) void this.#hold({ stamp: entry.stamp, record });
    else this.#unanswered = entry.stamp;
    if (record === undefined || !isAnswer) this.#host.found(record === undefined ? entry : this.#held);
    for (const { stamp, end } of this.#questions) if (entry.stamp >= stamp) end(true);
  }

  #hold(entry: Entry): Promise<void> {
    this.#held = entry;
    return this.#tabs.show(entry);
  }

  #send({ stamp, record }: Entry, to?: string): void {
    this.#tabs.channel.post({ t: 'set', to, stamp, record });
  }

  #cameBack(): void {
    this.#isBack = true;
    if (this.#held) void this.#tabs.show(this.#held);
    void this.load().then(entry => this.#host.found(entry));
  }

  /** A page that comes back to no other tab does not know what has become of the session: another document may have ended it. */
  async #vouched(entry: Entry | undefined): Promise<Entry | undefined> {
    if (!entry?.record || entry.stamp <= (await this.#othersNewest())) return entry;
    return { stamp: entry.stamp, record: undefined };
  }
}
