import { tabStore } from '@latchkey/browser';
import type { Store } from '@latchkey/core';
import type { Entry } from '@latchkey/core/adapter';
import { stampOf } from './stampOf.ts';
import type { TestPlace } from './storeKind.ts';
import type { TabPages } from './tabPages.ts';

const channelOf = (name: string) => new BroadcastChannel(`latchkey.${name}`);

/** The memory of tabs. The test is another tab, which sends what it likes. */
export class TabTestPlace implements TestPlace {
  readonly #pages: TabPages;

  constructor(pages: TabPages) {
    this.#pages = pages;
  }

  get steps(): TestPlace['steps'] {
    return this.#pages.steps;
  }

  open(name = 'session'): Store {
    return tabStore(name);
  }

  /** Asks all tabs. */
  async stored(name = 'session'): Promise<Entry | undefined> {
    const channel = channelOf(name);
    let newest: Entry | undefined;
    channel.onmessage = ({ data: { t, stamp, record } }) => {
      if (t === 'set' && stamp > (newest?.stamp ?? '')) newest = { stamp, record };
    };
    channel.postMessage({ v: 1, t: 'ask', from: 'test' });
    await this.settled();
    channel.close();
    return newest;
  }

  async put(entry: Entry | undefined): Promise<void> {
    if (entry) await this.#send(entry);
  }

  async damage(value: unknown): Promise<void> {
    const newest = await this.stored();
    const stamp = newest ? `${newest.stamp.slice(0, -10)}9999999999` : stampOf({ epoch: 1 });
    await this.#send({ stamp, record: value as NonNullable<Entry['record']> });
  }

  stall(): () => void {
    let resume = () => {};
    this.#pages.gate = new Promise(resolve => {
      resume = resolve;
    });
    return resume;
  }

  settled(): Promise<void> {
    return this.#pages.settled();
  }

  takeOver(): void {
    this.#pages.takeOver('session');
  }

  doubt(): void {
    this.#pages.leaveAndComeBack();
  }

  /** Shows the entry as a tab does, sends it, and answers questions with it. */
  async #send(entry: Entry): Promise<void> {
    const tab = `test${Math.random()}`;
    const channel = channelOf('session');
    const send = () => channel.postMessage({ v: 1, t: 'set', from: tab, ...entry });
    channel.onmessage = ({ data: { t, to } }) => {
      if (t === 'ask' && to === tab) send();
    };
    await this.#pages.hold(`latchkey.session.at ${entry.stamp} ${tab}`, { mode: 'shared' });
    this.#pages.window.addEventListener('end', () => channel.close(), { once: true });
    send();
    await this.settled();
  }
}
