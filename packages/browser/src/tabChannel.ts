import { isStamp, type Stamp, type TokenRecord } from '@latchkey/core/adapter';

/** What a message is about: a question for entries, an entry, or the lock of tabs that have no Web Locks. */
export type Topic = 'ask' | 'set' | 'claim' | 'held' | 'free';

/** What tabs of one origin send each other. */
export interface Message {
  readonly t: Topic;
  /** The tab that sends it. */
  readonly from: string;
  /** The only tab that it is for. */
  readonly to?: string | undefined;
  readonly stamp?: Stamp | undefined;
  /** As it came: it may be anything. `undefined`: it is in a storage. */
  readonly record?: TokenRecord | null | undefined;
}

const version = 1;
const topics: readonly unknown[] = ['ask', 'set', 'claim', 'held', 'free'];
const isId = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 64;

/** Any script of the origin can send: only known fields of their own count. `undefined`: it is of something else. */
export function readMessage(data: unknown): Message | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const own = (name: keyof Message | 'v'): unknown =>
    Object.hasOwn(data, name) ? (data as Record<string, unknown>)[name] : undefined;
  const [t, from, to, stamp] = [own('t'), own('from'), own('to'), own('stamp')];
  const isKnown = own('v') === version && topics.includes(t) && isId(from) && (to === undefined || isId(to));
  if (!isKnown || (stamp !== undefined && !isStamp(stamp)) || (t === 'set' && stamp === undefined)) return undefined;
  return {
    t: t as Topic,
    from,
    to: to as string | undefined,
    stamp,
    record: own('record') as TokenRecord | null | undefined,
  };
}

export interface TabChannelOptions {
  readonly name: string;
  readonly tab: string;
  readonly receive: (message: Message) => void;
  /** Called when there is no channel, or when it cannot send. */
  readonly failed: (thrown: unknown) => void;
}

/** The messages between the tabs of one origin. */
export class TabChannel {
  readonly #options: TabChannelOptions;
  #channel: BroadcastChannel | undefined;

  constructor(options: TabChannelOptions) {
    this.#options = options;
    this.open();
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  open(): void {
    const { name, tab, receive, failed } = this.#options;
    if (this.#channel) return;
    try {
      this.#channel = new BroadcastChannel(name);
      this.#channel.onmessage = ({ data }) => {
        const message = readMessage(data);
        if (message && message.from !== tab && (message.to === undefined || message.to === tab)) receive(message);
      };
    } catch (thrown) {
      failed(thrown);
    }
  }

  post(message: Omit<Message, 'from'>): void {
    try {
      this.#channel?.postMessage({ v: version, from: this.#options.tab, ...message });
    } catch (thrown) {
      this.#options.failed(thrown);
    }
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }
}
