import { TokenError } from '@latchkey/core';
import type { IoRedisClient, NodeRedisClient } from './redisLike.ts';
import type { Script } from './scripts.ts';

/** What both clients have in common, as far as a store needs it. */
export interface Connection {
  /** Commands are sent only then: otherwise they would enter the queue of the client, and run later. */
  isReady(): boolean;
  /** It was lost, or could not be made, and is not back yet. */
  isLost(): boolean;
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Connects a copy. Never rejects. */
  open(): void;
  /** Connects a client that does so with its first command only (`lazyConnect`). */
  wake(): void;
  /** For as long as the connection is used: `heard` is called with each notice. Resolves when Redis has confirmed it. */
  subscribe(channel: string, heard: (notice: unknown) => void): Promise<unknown>;
  /** Ends one subscription; the connection goes on. */
  unsubscribe(channel: string, heard: (notice: unknown) => void): void;
  /** Another connection, to the same place, which does not keep the process running. */
  duplicate(): Connection;
  close(): void;
  /** Calls `ready` when the connection can be used, `lost` when it cannot, perhaps several times. Returns what ends it. */
  watch(watcher: ConnectionWatcher): () => void;
}

export interface ConnectionWatcher {
  readonly ready: () => void;
  readonly lost: (cause: Error | undefined) => void;
  /** The application has closed it. */
  readonly ended?: () => void;
}

const ignore = () => {};

type Emitter = Pick<NodeRedisClient, 'on'>;

/** A cluster reports its nodes one by one, and connects before it is ready, as every client, or when it is. */
const readyEvents = ['ready', 'connect', 'node-ready'];
const endEvents = ['end', 'disconnect'];
/** Seen without being listened to: a client that nobody listens to reports its errors by itself. */
const errorEvent = Symbol.for('events.errorMonitor');
const lostEvents = [errorEvent, 'end', 'close', 'reconnecting', 'node-error', 'node-disconnect', 'node error'];

/** Of one client, however many stores it serves: an emitter warns of more than ten listeners. */
interface Watch {
  readonly watchers: Set<ConnectionWatcher>;
  isLost: boolean;
}

const watches = new WeakMap<Emitter, Watch>();

function watchOf(client: Emitter, isReady: () => boolean): Watch {
  const known = watches.get(client);
  if (known) return known;
  const watch: Watch = { watchers: new Set(), isLost: false };
  watches.set(client, watch);
  const on = (events: readonly (string | symbol)[], heard: (cause: unknown) => void) => {
    for (const event of events) client.on(event as string, (cause?: unknown) => heard(cause));
  };
  on(readyEvents, () => {
    if (!isReady()) return;
    watch.isLost = false;
    for (const { ready } of watch.watchers) ready();
  });
  on(lostEvents, cause => {
    watch.isLost = true;
    for (const { lost } of watch.watchers) lost(cause instanceof Error ? cause : undefined);
  });
  on(endEvents, () => {
    for (const { ended } of watch.watchers) ended?.();
  });
  return watch;
}

/** What needs only the events of a client. */
const watching = (client: Emitter, isReady: () => boolean): Pick<Connection, 'isReady' | 'isLost' | 'watch'> => ({
  isReady,
  isLost: () => watchOf(client, isReady).isLost,
  watch(watcher) {
    const { watchers } = watchOf(client, isReady);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  },
});

/** @param timeoutMs - a command that could not be written by then is taken out of the client's queue */
function nodeRedis(client: NodeRedisClient, timeoutMs: number): Connection {
  const { withCommandOptions } = client as { withCommandOptions?: (options: object) => unknown };
  const sender = (withCommandOptions?.call(client, { timeout: timeoutMs }) ?? client) as NodeRedisClient;
  return {
    run: ({ source }, keys, args) => sender.eval(source, { keys: [...keys], arguments: [...args] }),
    open: () => void client.connect().catch(ignore), // its errors are events
    wake: ignore,
    subscribe: (channel, heard) => client.subscribe(channel, heard),
    unsubscribe: (channel, heard) => void client.unsubscribe(channel, heard).catch(ignore),
    duplicate() {
      const copy = client.duplicate() as NodeRedisClient & { unref?: () => void };
      copy.on('error', ignore); // without a listener an error would end the process
      copy.unref?.();
      return nodeRedis(copy, timeoutMs);
    },
    close: () => void new Promise(done => done(client.destroy())).catch(ignore), // it throws while it is not connected
    ...watching(client, () => client.isReady),
  };
}

interface NodeStream {
  readonly writable?: boolean;
  unref?(): void;
}

function ioRedis(client: IoRedisClient): Connection {
  const stream = () => (client as { stream?: NodeStream | null }).stream;
  const listeners = new Map<unknown, (from: unknown, notice: unknown) => void>();
  const wake = () => {
    if (client.status === 'wait') void client.connect().catch(ignore);
  };
  return {
    run: ({ source }, keys, args) => client.eval(source, keys.length, ...keys, ...args),
    open: wake,
    wake,
    subscribe(channel, heard) {
      const listener = (from: unknown, notice: unknown) => {
        if (from === channel) heard(notice);
      };
      listeners.set(heard, listener);
      client.on('message', listener);
      return client.subscribe(channel);
    },
    unsubscribe(_, heard) {
      const listener = listeners.get(heard);
      if (listener) client.off('message', listener); // others may hear the channel
    },
    duplicate() {
      const copy = client.duplicate() as IoRedisClient;
      copy.on('error', ignore);
      copy.on('connect', () => (copy as { stream?: NodeStream }).stream?.unref?.());
      return ioRedis(copy);
    },
    close: () => void client.disconnect(),
    ...watching(client, () => client.status === 'ready' && stream()?.writable !== false),
  };
}

/** @throws TokenError `misconfigured` for anything but a client of `redis` or `ioredis` */
export function connectionOf(client: unknown, what: string, timeoutMs: number): Connection {
  const shape = (typeof client === 'object' && client !== null ? client : {}) as Record<string, unknown>;
  const isFunction = (...names: readonly string[]) => names.every(name => typeof shape[name] === 'function');
  if (isFunction('eval', 'on', 'duplicate', 'subscribe', 'connect')) {
    if (typeof shape.status === 'string' && isFunction('defineCommand', 'disconnect'))
      return ioRedis(client as IoRedisClient);
    if (typeof shape.isReady === 'boolean' && isFunction('destroy'))
      return nodeRedis(client as NodeRedisClient, timeoutMs);
  }
  throw new TokenError(
    'misconfigured',
    `${what} is no client of "redis" 6 or "ioredis" 6. Pass what createClient(), createCluster() or new Redis() returns.`,
  );
}
