import { type Store, TokenError } from '@latchkey/core';
import { createStore, type Place, type StoreHost } from '@latchkey/core/adapter';
import { connectionOf } from './connection.ts';
import { KeyRing, type SealingKey } from './keyRing.ts';
import { Notices } from './notices.ts';
import type { RedisLike } from './redisLike.ts';
import { RedisPlace } from './redisPlace.ts';

export interface RedisStoreOptions {
  /**
   * Hears the notices of the other processes; it may serve several stores. `false`: there are none, and processes ask instead.
   *
   * @defaultValue a copy of the client, closed when the token manager is disposed of
   */
  readonly subscriber?: RedisLike | false;
  /**
   * A holder of the lock that has stopped is replaced after this time; the lease is extended every third of it during a token
   * request. At least 1000. Together with `renewTimeoutMs` it may not exceed `lockWaitMs`.
   *
   * @defaultValue 5000
   */
  readonly leaseMs?: number;
  /** Redis counts as gone when a command takes longer; less than a third of `leaseMs`. @defaultValue 1500, or 0.3 of `leaseMs` */
  readonly commandTimeoutMs?: number;
  /**
   * Seals the token set with AES-256-GCM. The first key seals, all open. Add a new key as the second one in all processes, then
   * make it the first.
   *
   * @defaultValue none: who reads Redis reads the tokens
   */
  readonly keys?: readonly SealingKey[];
  /** How long a record without a known end is kept after its last save. @defaultValue 30 days */
  readonly recordTtlMs?: number;
  /** What the names of keys and channels begin with. @defaultValue 'latchkey:' */
  readonly prefix?: string;
}

const monthMs = 30 * 86_400_000;

/**
 * The option `store` for processes that share a session: one of them renews it, and all use what it brings.
 *
 * @param client - the application's own client of `redis` 6 or `ioredis` 6, which the application connects and closes
 * @param name - stands in the names of the keys: no user's name, nothing secret
 * @throws TokenError `misconfigured`, naming the option and the remedy
 */
export const redisStore = (client: RedisLike, name: string, options: RedisStoreOptions = {}): Store =>
  createStore(redisPlace(client, name, options));

/**
 * What `redisStore` gives to `createStore`, for a store that does more.
 *
 * @throws TokenError `misconfigured`, as `redisStore`
 */
export function redisPlace(
  client: RedisLike,
  name: string,
  options: RedisStoreOptions = {},
): (host: StoreHost) => Place {
  const { leaseMs = 5_000, recordTtlMs = monthMs, prefix = 'latchkey:', keys, subscriber } = options;
  const { commandTimeoutMs = Math.min(1_500, Math.floor(leaseMs * 0.3)) } = options;
  checkNames(name, prefix);
  checkTimes(leaseMs, commandTimeoutMs, recordTtlMs);
  if (keys) checkKeys(keys);
  const connection = connectionOf(client, 'The client', commandTimeoutMs);
  const channel = `${prefix}{${name}}:changed`;
  const notices = new Notices({
    channel,
    connection,
    subscriber: subscriber && connectionOf(subscriber, 'Option "subscriber"', commandTimeoutMs),
  });
  const place = {
    connection,
    notices,
    channel,
    ring: keys && new KeyRing(keys),
    keys: [`${prefix}{${name}}`, `${prefix}{${name}}:lease`] as const,
    leaseMs,
    commandTimeoutMs,
    recordTtlMs,
  };
  return host => {
    check(
      leaseMs + host.renewTimeoutMs <= host.lockWaitMs,
      'Option "lockWaitMs" is less than "leaseMs" and "renewTimeoutMs" together, so that operations would fail when a process ' +
        'stops. Raise it, or lower "leaseMs".',
    );
    return new RedisPlace(host, place);
  };
}

function check(isRight: boolean, message: string): void {
  if (!isRight) throw new TokenError('misconfigured', message);
}

const isName = (value: unknown) => typeof value === 'string' && !/[{}]/.test(value);

function checkNames(name: unknown, prefix: unknown): void {
  check(
    isName(name) && name !== '',
    'The name must be a string without braces, and not empty. Give each session a name of its own, as "altrata".',
  );
  check(isName(prefix), 'Option "prefix" must be a string without braces. Leave it out for "latchkey:".');
}

function checkTimes(leaseMs: number, commandTimeoutMs: number, recordTtlMs: number): void {
  check(
    Number.isInteger(leaseMs) && leaseMs >= 1_000 && leaseMs <= 600_000,
    'Option "leaseMs" must be a whole number of milliseconds from 1000 to 600000. Leave it out for 5000.',
  );
  check(
    commandTimeoutMs > 0 && commandTimeoutMs < leaseMs / 3,
    'Option "commandTimeoutMs" must be less than a third of "leaseMs", which is extended as often. Leave it out for the default.',
  );
  check(
    Number.isInteger(recordTtlMs) && recordTtlMs > 0,
    'Option "recordTtlMs" must be a whole number of milliseconds. Leave it out for 30 days.',
  );
}

function checkKeys(keys: readonly SealingKey[]): void {
  check(Array.isArray(keys) && keys.length > 0, 'Option "keys" has no key. Leave it out, or pass [{ id, key }].');
  const ids = keys.map(key => key?.id);
  check(
    ids.every(id => typeof id === 'string' && /^[\w-]{1,32}$/.test(id)),
    'Option "keys" has a key without an "id" of 1 to 32 letters, digits, "_" or "-". Name it, as "2026-11".',
  );
  for (const { id, key } of keys)
    check(
      key instanceof Uint8Array && key.length === 32,
      `The key "${id}" of option "keys" is not 32 bytes long. Make one with crypto.getRandomValues(new Uint8Array(32)).`,
    );
  check(new Set(ids).size === ids.length, 'Option "keys" has two keys of one id. Give each its own.');
}
