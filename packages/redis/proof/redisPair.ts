import { type RedisServer, startRedis, startTcpProxy, type TcpProxy } from '@latchkey/emulators';
import { Redis } from 'ioredis';

/** A primary with a replica, behind one proxy that all processes use. */
export class RedisPair {
  readonly proxy: TcpProxy;
  readonly #link: TcpProxy;
  #primary: RedisServer;
  #replica: RedisServer;

  private constructor(proxy: TcpProxy, link: TcpProxy, servers: readonly [RedisServer, RedisServer]) {
    this.proxy = proxy;
    this.#link = link;
    [this.#primary, this.#replica] = servers;
  }

  static async start(): Promise<RedisPair> {
    const args = ['--repl-diskless-sync-delay', '0'];
    const servers = [await startRedis({ args, keepsData: true }), await startRedis({ args, keepsData: true })] as const;
    const pair = new RedisPair(await startTcpProxy(servers[0].port), await startTcpProxy(servers[0].port), servers);
    await pair.#replicate();
    return pair;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.proxy.port}`;
  }

  /** Asks the primary, past the proxy. */
  async ask(...command: readonly [string, ...string[]]): Promise<unknown> {
    return call(this.#primary, ...command);
  }

  async kill(): Promise<void> {
    await this.#primary.kill();
  }

  async startAgain(data: 'kept' | 'lost'): Promise<void> {
    await this.#primary.start({ data });
    await this.#replicate();
  }

  /** The replica falls behind for `lagMs`, then takes the place of the primary, which has crashed. */
  async failOver(lagMs: number): Promise<void> {
    this.#link.refuse();
    await new Promise(resolve => setTimeout(resolve, lagMs));
    await this.#primary.kill();
    await call(this.#replica, 'REPLICAOF', 'NO', 'ONE');
    [this.#primary, this.#replica] = [this.#replica, this.#primary];
    this.#link.lead(this.#primary.port);
    this.#link.accept();
    this.proxy.lead(this.#primary.port);
    await this.#replica.start({ data: 'lost' });
    await this.#replicate();
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.#link.close();
    await this.#primary.close();
    await this.#replica.close();
  }

  #replicate(): Promise<unknown> {
    return call(this.#replica, 'REPLICAOF', '127.0.0.1', String(this.#link.port));
  }
}

async function call({ port }: RedisServer, ...[name, ...args]: readonly [string, ...string[]]): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1');
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}
