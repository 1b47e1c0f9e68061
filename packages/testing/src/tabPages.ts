import { setImmediate } from 'node:timers/promises';
import type { Step } from './storeKind.ts';

const realLocks = navigator.locks;
const RealChannel = BroadcastChannel;

/**
 * The window that the pages of a test share, with Node's own BroadcastChannel and Web Locks: they are tabs of one origin, and
 * one window. It counts what is on its way.
 */
export class TabPages {
  readonly steps: Step[] = [];
  /** Every query of the locks waits for it. */
  gate: Promise<void> | undefined;
  readonly window: EventTarget = new EventTarget();
  /** Tells the locks and channels of this test apart from those of others, which some tests leave held. */
  readonly origin: string = `${Math.random()} `;
  /** What was sent. */
  readonly sent: unknown[] = [];
  /** Messages on their way to each channel. */
  readonly arriving: Map<BroadcastChannel, number> = new Map();

  /** What the pages find as globals. */
  globals(): Record<string, unknown> {
    const { window } = this;
    return {
      location: { origin: 'https://app.example' },
      addEventListener: window.addEventListener.bind(window),
      removeEventListener: window.removeEventListener.bind(window),
      BroadcastChannel: channelOf(this),
      navigator: { locks: this.#locks() },
    };
  }

  /** How many channels are open, and listened to. */
  get channels(): number {
    return this.arriving.size;
  }

  /** Resolves when every message has arrived, and every lock that is free was granted. */
  async settled(): Promise<void> {
    for (let rounds = 0; rounds < 4; rounds++) {
      await setImmediate();
      await realLocks.query();
      if ([...this.arriving.values()].some(count => count > 0)) rounds = 0;
    }
  }

  /** Another tab, which hangs, holds this lock. Resolves when it is granted. */
  hold(name: string, options: LockOptions = {}): Promise<void> {
    const ended = new Promise(resolve => this.window.addEventListener('end', resolve, { once: true }));
    return new Promise(resolve => {
      const granted = () => {
        resolve();
        return ended;
      };
      realLocks.request(this.origin + name, options, granted).catch(() => {}); // taken over
    });
  }

  /** The names of the locks that are held. */
  async held(): Promise<string[]> {
    return (await this.#query()).map(({ name }) => name);
  }

  /** What the test itself holds ends. */
  end(): Promise<void> {
    this.window.dispatchEvent(new Event('end'));
    return this.settled();
  }

  /** All pages enter the back/forward cache, and come back. */
  leaveAndComeBack(): void {
    for (const type of ['pagehide', 'pageshow'])
      this.window.dispatchEvent(Object.assign(new Event(type), { persisted: true }));
  }

  /** The holder of the lock of this session hangs for so long that the next one takes it over. */
  takeOver(name: string): void {
    void realLocks.request(`${this.origin}latchkey.${name}.renew`, { steal: true }, () => {});
  }

  #locks(): Pick<LockManager, 'request' | 'query'> {
    const request = (name: string, options: LockOptions, granted: LockGrantedCallback<unknown>) =>
      realLocks.request(this.origin + name, options, async lock => {
        await granted(lock);
        if (name.endsWith('.renew')) this.steps.push('release');
      });
    const query = async () => {
      await this.gate;
      return { held: await this.#query() };
    };
    return { request: request as LockManager['request'], query };
  }

  async #query() {
    const { held = [] } = await realLocks.query();
    const own = held.filter(({ name = '' }) => name.startsWith(this.origin));
    return own.map(lock => ({ ...lock, name: lock.name?.slice(this.origin.length) ?? '' }));
  }
}

/** Node's BroadcastChannel, for the pages of one test. */
function channelOf(pages: TabPages): typeof BroadcastChannel {
  const { arriving, origin, sent, steps } = pages;
  return class extends RealChannel {
    constructor(name: string) {
      super(origin + name);
    }

    override set onmessage(receive: ((event: MessageEvent) => void) | null) {
      arriving.set(this, 0);
      this.addEventListener('message', event => {
        arriving.set(this, (arriving.get(this) ?? 1) - 1);
        receive?.(event);
      });
    }

    override postMessage(message: { readonly t?: unknown } | null): void {
      sent.push(message);
      if (message?.t === 'set') steps.push('save');
      for (const [channel, count] of arriving)
        if (channel !== this && channel.name === this.name) arriving.set(channel, count + 1);
      super.postMessage(message);
    }

    override close(): void {
      if (arriving.delete(this)) steps.push('close');
      super.close();
    }
  };
}
