export type { SealingKey } from './keyRing.ts';
export type { IoRedisClient, NodeRedisClient, RedisLike } from './redisLike.ts';
export { type RedisStoreOptions, redisPlace, redisStore } from './redisStore.ts';
