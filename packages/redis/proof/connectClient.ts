import type { RedisLike } from '@latchkey/redis';
import type { WorkerSettings } from './message.ts';

/** An application's own client, with the defaults of its package. Each process loads only one of the two. */
export async function connectClient({
  client,
  redisUrl,
}: Pick<WorkerSettings, 'client' | 'redisUrl'>): Promise<RedisLike> {
  if (client === 'ioredis') {
    const { Redis } = await import('ioredis');
    return new Redis(redisUrl).on('error', () => {});
  }
  const { createClient } = await import('redis');
  const connecting = createClient({ url: redisUrl }).on('error', () => {});
  void connecting.connect().catch(() => {});
  return connecting;
}
