import type { Store } from '@latchkey/core';
import type { Entry, Place, StoreHost } from '@latchkey/core/adapter';
import { findRedis, startRedis } from '@latchkey/emulators';
import { redisPlace, redisStore } from '@latchkey/redis';
import { Redis } from 'ioredis';
import { afterAll, test } from 'vitest';
import { storeContract } from './storeContract.ts';
import type { Step, StoreKind, TestPlace } from './storeKind.ts';
import type { TestClock } from './testClock.ts';
import { clients, TestRedis } from './testRedis.ts';

const leaseMs = 2_000;

interface RedisTestPlaceOptions {
  readonly clock: TestClock;
  /** What the pages use. */
  readonly client: unknown;
  /** What the test uses. */
  readonly admin: Redis;
  /** Of this place alone. */
  readonly prefix: string;
}

class RedisTestPlace implements TestPlace {
  readonly steps: Step[] = [];
  readonly #options: RedisTestPlaceOptions;
  readonly #redis: TestRedis;

  constructor(options: RedisTestPlaceOptions) {
    this.#options = options;
    this.#redis = new TestRedis(options.client);
    this.#redis.noteStep = (step, reply) => {
      if (step === 'close' || ((step === 'save' || step === 'release') && Number(reply) === 1)) this.steps.push(step);
    };
  }

  open(name = 'session'): Store {
    return redisStore(this.#redis.client, name, { leaseMs, prefix: this.#options.prefix });
  }

  readonly connect = (host: StoreHost): Place =>
    redisPlace(this.#redis.client, 'session', { leaseMs, prefix: this.#options.prefix })(host);

  async stored(name?: string): Promise<Entry | undefined> {
    const [stamp, data] = await this.#options.admin.hmget(this.#key(name), 's', 'd');
    return stamp ? { stamp, record: data ? (JSON.parse(data) as NonNullable<Entry['record']>) : null } : undefined;
  }

  put(entry: Entry | undefined): Promise<unknown> {
    const { admin } = this.#options;
    if (!entry) return admin.del(this.#key());
    const data = entry.record ? JSON.stringify(entry.record) : '';
    return this.#redis.track(admin.hset(this.#key(), { s: entry.stamp, d: data }));
  }

  damage(value: unknown): Promise<unknown> {
    return this.#options.admin.hset(this.#key(), { s: 'unreadable', d: JSON.stringify(value) });
  }

  breakDown(): void {
    this.#redis.breakDown();
  }

  recover(): void {
    this.#redis.recover();
  }

  stall(): () => void {
    let resume = () => {};
    this.#redis.gate = new Promise(resolve => {
      resume = resolve;
    });
    return () => {
      this.#redis.gate = undefined;
      resume();
    };
  }

  takeOver(): void {
    const { admin, clock } = this.#options;
    void this.#redis.afterwards(() => {
      clock.jump(leaseMs);
      return admin.multi().del(`${this.#key()}:lease`).publish(`${this.#key()}:changed`, 'free').exec();
    });
  }

  settled(): Promise<void> {
    return this.#redis.settled();
  }

  #key(name = 'session'): string {
    return `${this.#options.prefix}{${name}}`;
  }
}

function redisKind(name: string, client: unknown, admin: RedisTestPlaceOptions['admin']): StoreKind {
  let places = 0;
  return {
    name: `redisStore with a client of ${name}`,
    create: clock => new RedisTestPlace({ clock, client, admin, prefix: `${name}-${++places}:` }),
    answersAtOnce: false,
    hasLock: true,
    takesOver: true,
    notifies: true,
    isAtomic: true,
    mayLoseData: true,
    canBreak: true,
    connects: true,
    doubts: false,
    shows: ['save', 'release', 'close'],
  };
}

if (findRedis()) {
  const server = await startRedis();
  const admin = new Redis(server.url);
  const connected = await Promise.all(
    Object.entries(clients).map(async ([name, connect]) => ({ name, ...(await connect(server.url)) })),
  );
  for (const { name, client } of connected) storeContract(redisKind(name, client, admin));
  afterAll(async () => {
    for (const { end } of connected) end();
    admin.disconnect();
    await server.close();
  });
} else {
  process.stdout.write('redis-server was not found: set REDIS_SERVER to run the tests on Redis. They are skipped.\n');
  test.skip('the store contract on Redis', () => {});
}
