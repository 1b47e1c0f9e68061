/** A client of the package `redis` 6, by `createClient`, `createCluster` or `createSentinel`. A pool is none. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  subscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>;
  connect(): Promise<unknown>;
  duplicate(): unknown;
  destroy(): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A client of the package `ioredis` 6: `new Redis(…)` or `new Cluster(…)`. */
export interface IoRedisClient {
  readonly status: string;
  eval(script: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  connect(): Promise<unknown>;
  duplicate(): unknown;
  disconnect(): unknown;
  defineCommand(name: string, definition: { lua: string }): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** An application's own client. */
export type RedisLike = NodeRedisClient | IoRedisClient;
