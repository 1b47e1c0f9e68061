import type { AuthServer } from './authServer.ts';
import type { Worker } from './processes.ts';
import type { Random } from './random.ts';
import type { RedisPair } from './redisPair.ts';

export interface Scene {
  readonly redis: RedisPair;
  readonly server: AuthServer;
  readonly random: Random;
  readonly leaseMs: number;
  /** Those that run. */
  workers(): readonly Worker[];
  /** Ends this one at once, and starts another in its place. */
  replace(worker: Worker): Promise<void>;
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

/** The process that is in a token request, once there is one. */
async function holder(scene: Scene): Promise<Worker> {
  const { server, random } = scene;
  const pid = await Promise.race([server.nextRequester(), pause(6_000).then(() => 0)]);
  await pause(random.int(0, 100));
  return scene.workers().find(worker => worker.pid === pid) ?? random.of(scene.workers());
}

async function outage({ redis, random }: Scene, data: 'kept' | 'lost'): Promise<void> {
  redis.proxy.refuse();
  await redis.kill();
  await pause(random.int(200, 2_500));
  await redis.startAgain(data);
  redis.proxy.accept();
}

/** Each resolves when the fault is over. */
export const faults: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  killHolder: async scene => scene.replace(await holder(scene)),
  stopHolder: async scene => (await holder(scene)).stop(scene.leaseMs + scene.random.int(200, 1_500)),
  killAny: scene => scene.replace(scene.random.of(scene.workers())),
  stopAny: scene => scene.random.of(scene.workers()).stop(scene.leaseMs + scene.random.int(200, 1_500)),
  restart: scene => outage(scene, 'kept'),
  restartWithoutData: scene => outage(scene, 'lost'),
  async cut({ redis }) {
    redis.proxy.cut();
  },
  async delay({ redis, random }) {
    redis.proxy.delay(500);
    await pause(random.int(1_000, 3_000));
    redis.proxy.delay(0);
  },
  async stall({ redis, random }) {
    redis.proxy.stall();
    await pause(random.int(500, 2_500));
    redis.proxy.resume();
  },
  async loseAnswer({ redis }) {
    redis.proxy.loseNextAnswer();
  },
  failover: ({ redis, random }) => redis.failOver(random.int(0, 300)),
};
