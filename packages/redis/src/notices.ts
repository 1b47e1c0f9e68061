import type { Connection } from './connection.ts';

/** The lock is free; any other notice is the sender of what was saved. */
export const free = 'free';

export interface NoticeListener {
  readonly heard: (notice: string) => void;
  /** Notices may have been missed. */
  readonly ready: () => void;
  readonly failed: (cause: unknown) => void;
}

export interface NoticesOptions {
  readonly channel: string;
  /** That of the commands, whose copy hears where there is no subscriber. */
  readonly connection: Connection;
  /** An application's own. `false`: there are no notices. */
  readonly subscriber: Connection | false | undefined;
}

/** Notices of one channel, by a connection of their own, for the managers of one store. */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #listeners = new Set<NoticeListener>();
  #close: (() => void) | undefined;
  /** A notice came on this connection: that others may publish is not certain before. */
  #isProven = false;
  /** Why nothing can be heard. */
  failure: unknown;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Whether a notice can be relied upon; otherwise who waits has to ask. */
  get isHeard(): boolean {
    return this.#isProven;
  }

  /** Returns what ends it: the last one closes the connection. */
  listen(listener: NoticeListener): () => void {
    this.#listeners.add(listener);
    this.open();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Connects, once the connection of the commands is ready: until then the application has not connected either. */
  open(): void {
    const { connection, subscriber } = this.#options;
    if (this.#close || subscriber === false || this.#listeners.size === 0) return;
    if (subscriber) this.#subscribe(subscriber, true);
    else if (connection.isReady()) this.#subscribe(connection.duplicate(), false);
  }

  close(): void {
    this.#close?.();
    this.#close = undefined;
    this.#isProven = false;
  }

  #subscribe(subscriber: Connection, isShared: boolean): void {
    const { channel } = this.#options;
    let hasSubscribed = false;
    const heard = (notice: unknown) => {
      this.#isProven = true;
      this.failure = undefined;
      for (const listener of this.#listeners) listener.heard(String(notice));
    };
    const subscribe = () => {
      hasSubscribed = true;
      subscriber.subscribe(channel, heard).then(ready, (thrown: unknown) => {
        hasSubscribed = false;
        this.failure = thrown;
        if (subscriber.isReady()) for (const listener of this.#listeners) listener.failed(thrown);
      });
    };
    const ready = () => {
      this.failure = undefined;
      for (const listener of this.#listeners) listener.ready();
    };
    const stop = subscriber.watch({
      ready: () => (hasSubscribed ? ready() : subscribe()), // both clients subscribe again by themselves
      lost: cause => {
        this.#isProven = false;
        if (cause !== undefined) this.failure = cause;
      },
    });
    this.#close = () => {
      stop();
      if (isShared) subscriber.unsubscribe(channel, heard);
      else subscriber.close();
    };
    if (subscriber.isReady()) subscribe();
    else if (!isShared) subscriber.open();
  }
}
