import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { redisStore } from './redisStore.ts';

redisStore(createClient(), 'a');
redisStore(createClient({ RESP: 2 }), 'a', { subscriber: createClient() });
redisStore(createCluster({ rootNodes: [] }), 'a');
redisStore(createSentinel({ name: 'a', sentinelRootNodes: [] }), 'a');
redisStore(new Redis(), 'a');
redisStore(new Cluster([]), 'a', { subscriber: new Redis() });
// @ts-expect-error -- a pool has no connection of its own
redisStore(createClientPool(), 'a');
// @ts-expect-error -- an object without the commands of a client
redisStore({}, 'a');
