import { createTokenManager } from '@latchkey/core';
import { createClient, createClientPool } from 'redis';
import { expect, test } from 'vitest';
import { type RedisStoreOptions, redisStore } from './redisStore.ts';

const client = createClient();
const key = new Uint8Array(32);

test.for<readonly [string, unknown, unknown, unknown?]>([
  ['The client is no client', {}, 'session'],
  ['The client is no client', undefined, 'session'],
  ['The client is no client', createClientPool(), 'session'],
  ['The client is no client', { status: 'ready', eval() {}, on() {} }, 'session'],
  ['Option "subscriber" is no client', client, 'session', { subscriber: {} }],
  ['The name must be a string', client, ''],
  ['The name must be a string', client, 'a{b'],
  ['The name must be a string', client, 'a}b'],
  ['The name must be a string', client, undefined],
  ['Option "prefix"', client, 'session', { prefix: '{' }],
  ['Option "leaseMs"', client, 'session', { leaseMs: 999 }],
  ['Option "leaseMs"', client, 'session', { leaseMs: Number.NaN }],
  ['Option "commandTimeoutMs"', client, 'session', { commandTimeoutMs: 2_000 }],
  ['Option "commandTimeoutMs"', client, 'session', { commandTimeoutMs: 0 }],
  ['Option "recordTtlMs"', client, 'session', { recordTtlMs: 0.5 }],
  ['Option "keys" has no key', client, 'session', { keys: [] }],
  ['Option "keys" has a key without an "id"', client, 'session', { keys: [{ id: 'a.b', key }] }],
  ['Option "keys" has a key without an "id"', client, 'session', { keys: [null] }],
  ['The key "a" of option "keys" is not 32 bytes long', client, 'session', { keys: [{ id: 'a', key: key.slice(16) }] }],
  [
    'The key "a" of option "keys" is not 32 bytes long',
    client,
    'session',
    { keys: [{ id: 'a', key: 'k'.repeat(32) }] },
  ],
  [
    'Option "keys" has two keys of one id',
    client,
    'session',
    {
      keys: [
        { id: 'a', key },
        { id: 'a', key },
      ],
    },
  ],
])('B60 B68 wrong: %s', ([message, wrongClient, name, options]) => {
  const make = () => redisStore(wrongClient as never, name as never, options as RedisStoreOptions);
  expect(make).toThrow(expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining(message) }));
});

test('B61 a wait for the lock that is shorter than a lease and a token request is refused at construction', () => {
  const make = (lockWaitMs: number) =>
    createTokenManager({ renew: () => 'A', store: redisStore(client, 'session'), renewTimeoutMs: 10_000, lockWaitMs });
  expect(() => make(14_999)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  expect(() => make(14_999)).toThrow('lockWaitMs');
  make(15_000).dispose();
});
