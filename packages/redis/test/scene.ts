import type { Entry, Hold, Place, StoreHost, TokenRecord } from '@latchkey/core/adapter';
import { type RedisServer, startRedis, startTcpProxy, type TcpProxy } from '@latchkey/emulators';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { vi } from 'vitest';
import type { RedisLike } from '../src/redisLike.ts';
import { type RedisStoreOptions, redisPlace } from '../src/redisStore.ts';
import { type TestClock, testClock } from './testClock.ts';

export const clientKinds = ['redis', 'ioredis'] as const;
export type ClientKind = (typeof clientKinds)[number];

/** A stamp whose parts but the first are fixed. */
export const stampOf = (epoch: number): string =>
  `${String(epoch).padStart(15, '0')}-0000000001-000000000000000-00000-0000000001`;

export const recordOf = (accessToken: string, more: Partial<TokenRecord> = {}): TokenRecord => ({
  v: 1,
  accessToken,
  receivedAt: 1,
  ...more,
});

export const entryOf = (epoch: number, accessToken: string, more?: Partial<TokenRecord>): Entry => ({
  stamp: stampOf(epoch),
  record: recordOf(accessToken, more),
});

/** One of the processes that share a place, with the test as its token manager. */
export interface Member {
  readonly place: Place;
  readonly clock: TestClock;
  readonly found: (Entry | undefined)[];
  /** What failed and why: `load NOPERM …`. */
  readonly failed: string[];
  /** Acquires the lock, and holds it until `end`. */
  acquire(signal?: AbortSignal): Acquired;
}

export interface Acquired {
  readonly hold: () => Hold | undefined;
  readonly end: () => void;
  /** Resolves when the lock was let go, or was not needed. */
  readonly ended: Promise<unknown>;
}

export interface ConnectOptions {
  readonly port?: number;
  /** Also the password. */
  readonly username?: string;
}

/** Waits until this no longer throws. */
export const eventually = <T>(assert: () => T | Promise<T>, timeout = 20_000): Promise<T> =>
  vi.waitFor(assert, { timeout, interval: 10 });

/** A real redis-server behind a proxy, and processes that share it. */
export class Scene {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  /** Of the test, past the proxy. */
  readonly admin: Redis;
  readonly #ends: (() => void)[] = [];

  private constructor(server: RedisServer, proxy: TcpProxy) {
    this.server = server;
    this.proxy = proxy;
    this.admin = new Redis(server.port, '127.0.0.1').on('error', () => {});
  }

  static async open(args: readonly string[] = []): Promise<Scene> {
    const server = await startRedis({ args });
    return new Scene(server, await startTcpProxy(server.port));
  }

  /** A connected client with the defaults of its package. */
  async connect(kind: ClientKind, { port = this.proxy.port, username = '' }: ConnectOptions = {}): Promise<RedisLike> {
    const user = username ? { username, password: username } : {};
    if (kind === 'ioredis') {
      const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, ...user }).on('error', () => {});
      this.#ends.push(() => client.disconnect());
      await client.connect();
      return client;
    }
    const client = createClient({ socket: { port, host: '127.0.0.1' }, ...user }).on('error', () => {});
    this.#ends.push(() => client.destroy());
    await client.connect();
    return client;
  }

  /** A connected client of the cluster that consists of this server alone. */
  async connectCluster(kind: ClientKind): Promise<RedisLike> {
    const { port } = this.server;
    if (kind === 'ioredis') {
      const cluster = new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true }).on('error', () => {});
      this.#ends.push(() => cluster.disconnect());
      await cluster.connect();
      return cluster;
    }
    const cluster = createCluster({ rootNodes: [{ url: this.server.url }] }).on('error', () => {});
    this.#ends.push(() => cluster.destroy());
    await cluster.connect();
    return cluster;
  }

  /** Another process on this client. */
  member(client: RedisLike, options: RedisStoreOptions = {}, name = 'session'): Member {
    const clock = testClock();
    const found: Member['found'] = [];
    const failed: string[] = [];
    const host: StoreHost = {
      clock,
      exclusive: false,
      renewTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      lockWaitMs: 20_000,
      found: entry => void found.push(entry),
      doubt() {},
      failed: (doing, cause) => void failed.push(`${doing} ${String((cause as Error).message)}`),
    };
    const place = redisPlace(client, name, options)(host);
    this.#ends.push(() => place.close?.());
    return { place, clock, found, failed, acquire: (signal?: AbortSignal) => acquire(place, signal) };
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) end();
    this.admin.disconnect();
    await this.proxy.close();
    await this.server.close();
  }
}

function acquire(place: Place, signal = new AbortController().signal): Acquired {
  let hold: Hold | undefined;
  let end = () => {};
  const ended = Promise.resolve(
    place.lock?.(granted => {
      hold = granted;
      return new Promise<void>(resolve => {
        end = resolve;
      });
    }, signal),
  );
  ended.catch(() => {}); // a test that expects a failure awaits it
  return { hold: () => hold, end: () => end(), ended };
}
