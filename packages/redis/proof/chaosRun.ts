import { AuthServer } from './authServer.ts';
import { faults, type Scene } from './faults.ts';
import type { Answer, WorkerSettings } from './message.ts';
import { startWorkers, type Worker } from './processes.ts';
import { type Random, randomOf } from './random.ts';
import { RedisPair } from './redisPair.ts';

export interface ChaosOptions {
  readonly kind: 'exclusive' | 'rotating';
  readonly client: 'redis' | 'ioredis';
  readonly seed: number;
  readonly processes: number;
  readonly runMs: number;
  readonly print: (line: string) => void;
}

export interface ChaosResult {
  /** How often a process has lost its session. */
  readonly lostSessions: number;
  /** Operations that did not succeed though they were tried until long after the last fault. */
  readonly failedForGood: number;
  /** At the end all processes, Redis and the auth server have one token, and a sign-out stays. */
  readonly isConverged: boolean;
  /** Requests with a token that was superseded long before, without a fault that explains them; reuse of refresh tokens. */
  readonly violations: number;
}

const leaseMs = 2_000;
const lifetimeMs = 4_000;
/** Longer than a lease and one token request. */
const graceMs = 10_000;
/** After the last fault: leases, pauses after failures, the wait for the lock. */
const afterMs = 15_000;

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

/** Processes that operate without a pause, while one fault after the other happens. */
export class ChaosRun implements Scene {
  readonly options: ChaosOptions;
  readonly random: Random;
  readonly leaseMs: number = leaseMs;
  readonly server: AuthServer;
  readonly redis: RedisPair;
  readonly #settings: WorkerSettings;
  #workers: Worker[] = [];
  readonly #happened: string[] = [];
  /** When something was wrong, from and to. */
  readonly #disturbed: (readonly [number, number])[] = [];

  private constructor(options: ChaosOptions, server: AuthServer, redis: RedisPair, origin: string) {
    this.options = options;
    this.random = randomOf(options.seed);
    this.server = server;
    this.redis = redis;
    this.#settings = {
      kind: options.kind,
      client: options.client,
      redisUrl: redis.url,
      tokenUrl: `${origin}/token`,
      apiUrl: `${origin}/graphql`,
      apiKey: '',
      username: '',
      password: '',
      leaseMs,
      commandTimeoutMs: 600,
      renewTimeoutMs: 5_000,
      cooldownMs: 500,
    };
  }

  static async start(options: ChaosOptions): Promise<ChaosRun> {
    const { kind, seed } = options;
    const server = new AuthServer({ kind, random: randomOf(seed + 1), lifetimeMs, graceMs });
    return new ChaosRun(options, server, await RedisPair.start(), await server.listen());
  }

  workers(): readonly Worker[] {
    return this.#workers.filter(({ isEnded }) => !isEnded);
  }

  async replace(worker: Worker): Promise<void> {
    await worker.kill();
    const [next] = await startWorkers([this.#settings]);
    if (!next) return;
    this.#workers = [...this.#workers.filter(other => other !== worker), next];
    await next.ask({ do: 'run' });
  }

  async run(): Promise<ChaosResult> {
    const { processes, runMs } = this.options;
    this.#workers = await startWorkers(Array.from({ length: processes }, () => this.#settings));
    await this.#workers[0]?.ask({ do: 'signIn' });
    await Promise.all(this.#workers.map(worker => worker.ask({ do: 'run' })));
    const startedAt = Date.now();
    while (Date.now() - startedAt < runMs) {
      await pause(this.random.int(300, 1_500));
      await this.#disturb(startedAt);
    }
    const answers = await this.#finish();
    const lostSessions = answers.flatMap(answer => answer?.counts?.signedOut ?? []).length;
    const failedForGood = answers.filter(answer => !answer).length;
    const isOne = await this.#hasOneToken();
    const violations = this.#countStale() + this.server.reused;
    const staysSignedOut = await this.#staysSignedOut();
    this.#report(answers, { startedAt, isOne, staysSignedOut, violations });
    return { lostSessions, failedForGood, isConverged: isOne && staysSignedOut, violations };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.kill()));
    this.server.close();
    await this.redis.close();
  }

  async #disturb(startedAt: number): Promise<void> {
    const name = this.random.of(Object.keys(faults));
    const from = Date.now();
    await faults[name]?.(this);
    this.#disturbed.push([from, Date.now()]);
    this.#happened.push(`${name}@${((from - startedAt) / 1_000).toFixed(1)}`);
  }

  /** The operations that are on their way have this much time. */
  #finish(): Promise<readonly (Answer | undefined)[]> {
    return Promise.all(
      this.workers().map(worker => Promise.race([worker.ask({ do: 'finish' }), pause(afterMs).then(() => undefined)])),
    );
  }

  /** All use the token that the auth server issued last; with rotation each that is valid is as good. */
  async #hasOneToken(): Promise<boolean> {
    for (let tries = 0; tries < 20; tries++) {
      await Promise.all(this.workers().map(worker => worker.ask({ do: 'operate' })));
      const shown = await Promise.all(this.workers().map(worker => worker.ask({ do: 'show' })));
      const tokens = new Set(shown.map(answer => answer?.accessToken));
      const [stored] = (await this.redis.ask('HMGET', 'latchkey:{service}', 'd')) as readonly [string | null];
      const inRedis = (JSON.parse(stored ?? '{}') as { accessToken?: string }).accessToken;
      const isLive = this.options.kind === 'rotating' || inRedis === this.server.live;
      if (tokens.size === 1 && tokens.has(inRedis) && isLive) return true;
      await pause(250); // a token may be renewed just now
    }
    return false;
  }

  /** A sign-out in an outage, after which Redis comes back without its data. */
  async #staysSignedOut(): Promise<boolean> {
    this.redis.proxy.refuse();
    await this.redis.kill();
    await this.workers()[0]?.ask({ do: 'signOut' });
    await this.redis.startAgain('lost');
    this.redis.proxy.accept();
    for (let tries = 0; tries < 40; tries++) {
      await pause(250);
      const shown = await Promise.all(this.workers().map(worker => worker.ask({ do: 'show' })));
      const data = (await this.redis.ask('HGET', 'latchkey:{service}', 'd')) as string | null;
      if (data === '' && shown.every(answer => answer?.isGood === false)) return true;
    }
    return false;
  }

  /** Requests with a token that was superseded more than a lease ago, while nothing was wrong for as long. */
  #countStale(): number {
    const limitMs = leaseMs + 1_000;
    const isExplained = (pid: number, at: number) =>
      this.#disturbed.some(([from, to]) => at >= from && at <= to + limitMs) ||
      this.#workers.some(worker => worker.pid === pid && at <= worker.stoppedUntil);
    if (this.options.kind === 'rotating') return 0; // the older token lives on
    return this.server.stale.filter(({ pid, at, ageMs }) => ageMs > limitMs && !isExplained(pid, at)).length;
  }

  #report(
    answers: readonly (Answer | undefined)[],
    { startedAt, ...facts }: { startedAt: number } & Record<string, unknown>,
  ): void {
    const { kind, client, seed, print } = this.options;
    const sum = (key: 'operations' | 'retried' | 'storeFailed') =>
      answers.reduce((total, answer) => total + (answer?.counts?.[key] ?? 0), 0);
    const reasons = answers.flatMap(answer => answer?.counts?.signedOut ?? []);
    print(`chaos ${kind} ${client} seed=${seed}: ${this.#happened.join(' ')}`);
    print(
      `  after ${((Date.now() - startedAt) / 1_000).toFixed(0)} s: token_requests=${this.server.tokenRequests} ` +
        `operations=${sum('operations')} retried=${sum('retried')} store_failed=${sum('storeFailed')} ` +
        `reused=${this.server.reused} signed_out=${reasons.join(',') || 'none'} ` +
        `one_token=${String(facts.isOne)} sign_out_stays=${String(facts.staysSignedOut)} stale=${String(facts.violations)}`,
    );
  }
}
