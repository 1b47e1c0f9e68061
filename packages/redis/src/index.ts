export type { SealingKey } from './keyRing.ts';
export type { IoRedisClient, NodeRedisClient, RedisLike } from './redisLike.ts';
export { type RedisStoreOptions, redisStore } from './redisStore.ts';
