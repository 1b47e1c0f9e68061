import type { RedisLike } from '@latchkey/redis';
import { Redis as IoRedis } from 'ioredis';
import { createClient } from 'redis';

/** What both clients have, and a test needs. */
type Client = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** A real client, whose commands a test fails, stalls and waits for. */
export class TestRedis {
  /** What the stores are given. */
  readonly client: RedisLike;
  #isBroken = false;
  /** Every command waits for it. */
  gate: Promise<void> | undefined;
  /** Called with the first line of a script and its reply, and when a copy is closed. */
  noteStep: (step: string, reply?: unknown) => void = () => {};
  readonly #pending = new Set<Promise<unknown>>();
  readonly #copies = new Set<Client>();
  /** Of the stores, for the events of the client. */
  readonly #listeners = new Map<string, () => void>();
  #sent = 0;

  constructor(client: unknown) {
    const real = client as Client & { readonly duplicate: () => unknown };
    const own = {
      eval: (...args: never[]) => this.#after(() => this.#run(real, args)),
      on: (event: string, listener: () => void) => void this.#listeners.set(event, listener),
      duplicate: () => this.#duplicate(real.duplicate() as Client),
      withCommandOptions: undefined, // its copies would pass by this one
    };
    const state = () => (this.#isBroken ? { isReady: false, status: 'reconnecting' } : {});
    this.client = wrap(real, () => ({ ...own, ...state() })) as unknown as RedisLike;
  }

  breakDown(): void {
    this.#isBroken = true;
    this.#listeners.get('reconnecting')?.();
  }

  /** Without an event: who has waited for it does not know yet. */
  recover(): void {
    this.#isBroken = false;
  }

  /** Counts as on its way until it resolves. */
  track<Result>(running: Promise<Result>): Promise<Result> {
    this.#sent++;
    const done: Promise<unknown> = running.catch(() => {}).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
    return running;
  }

  /** Runs this when the commands that have been sent so far are answered, and counts as one. */
  async afterwards(run: () => Promise<unknown>): Promise<void> {
    await turn();
    void this.track(Promise.all(this.#pending).then(run));
  }

  /** Resolves when all commands are answered and all notices have arrived, and none has followed from them. */
  async settled(): Promise<void> {
    for (let before = -1; before !== this.#sent || this.#pending.size > 0; ) {
      before = this.#sent;
      await turn();
      await Promise.all(this.#pending);
      for (const copy of this.#copies) await copy.ping?.().catch(() => {}); // after it comes what was published before
      await turn();
    }
  }

  async #after(run: () => Promise<unknown>): Promise<unknown> {
    await this.gate;
    return this.track(run());
  }

  async #run(client: Client, args: never[]): Promise<unknown> {
    const reply = await client.eval?.(...args);
    this.noteStep(/^-- latchkey (\w+)/.exec(args[0] ?? '')?.[1] ?? '', reply);
    return reply;
  }

  /** A copy that hears notices: it counts as on its way until Redis has confirmed it. */
  #duplicate(copy: Client): Client {
    let resolve: (value?: unknown) => void = () => {};
    void this.track(
      new Promise(done => {
        resolve = done;
      }),
    );
    const close = (name: 'destroy' | 'disconnect') => () => {
      this.#copies.delete(copy);
      resolve();
      this.noteStep('close');
      return copy[name]?.();
    };
    const subscribe = async (...args: never[]) => {
      await copy.subscribe?.(...args);
      this.#copies.add(copy);
      resolve();
    };
    return wrap(copy, () => ({ subscribe, destroy: close('destroy'), disconnect: close('disconnect') }));
  }
}

/** `client` with members of its own. */
const wrap = (client: Client, own: () => Readonly<Record<string, unknown>>): Client =>
  new Proxy(client, {
    get(target, name) {
      const replaced = own();
      if (typeof name === 'string' && name in replaced) return replaced[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

export interface ConnectedClient {
  readonly client: RedisLike;
  readonly end: () => void;
}

/** Connected clients of each package that a store can be given. */
export const clients: Readonly<Record<string, (url: string) => Promise<ConnectedClient>>> = {
  async redis(url) {
    const client = createClient({ url }).on('error', () => {});
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  async ioredis(url) {
    const client = new IoRedis(url, { lazyConnect: true });
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
};
