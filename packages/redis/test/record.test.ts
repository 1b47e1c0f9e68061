import { createTokenManager } from '@latchkey/core';
import { expect, test } from 'vitest';
import { redisStore } from '../src/redisStore.ts';
import { onRedis } from './onRedis.ts';
import { entryOf, eventually, stampOf } from './scene.ts';

const key = 'latchkey:{session}';
const dayMs = 86_400_000;
const keyOf = (id: string) => ({ id, key: new Uint8Array(32).fill(id.charCodeAt(0)) });

onRedis('the record', (kind, scene) => {
  test('B69 B71 SEC-02 it is one hash with stamp and data, and names hold no token', async () => {
    const { place, acquire } = scene().member(await scene().connect(kind));
    await place.save(entryOf(1, 'secret-token', { refreshToken: 'secret-refresh', subject: 'ann' }));
    const lock = acquire();
    await eventually(() => expect(lock.hold()).toBeDefined());
    const { admin } = scene();
    expect((await admin.keys('*')).sort()).toEqual([key, `${key}:lease`]);
    expect(await admin.hgetall(key)).toEqual({
      s: stampOf(1),
      d: JSON.stringify({
        v: 1,
        accessToken: 'secret-token',
        receivedAt: 1,
        refreshToken: 'secret-refresh',
        subject: 'ann',
      }),
      n: String(lock.hold()?.fence),
    });
    lock.end();
    await lock.ended;
    expect(await admin.keys('*')).toEqual([key]);
  });

  test('B61 a save whose answer is lost, and which is sent again, counts once', async () => {
    const client = await scene().connect(kind);
    const { place } = scene().member(client);
    await place.save(entryOf(1, 'A'));
    const changes: string[] = [];
    const listener = scene()
      .admin.duplicate()
      .on('error', () => {});
    await listener.subscribe(`${key}:changed`);
    listener.on('message', (_, notice: string) => void changes.push(notice));
    scene().proxy.loseNextAnswer();
    const lost = Promise.resolve(place.save(entryOf(2, 'B')));
    await lost.catch(() => {}); // `ioredis` sends it again by itself
    await eventually(async () => expect(await place.save(entryOf(2, 'B'))).toBe(true));
    await listener.ping();
    expect(changes).toHaveLength(1);
    listener.disconnect();
  });

  test.for([
    ['with a refresh token whose end is known', { refreshToken: 'r', refreshExpiresAt: 5 * dayMs, expiresAt: 1 }, 5],
    ['with a refresh token whose end is not known', { refreshToken: 'r', expiresAt: 1 }, 30],
    ['without a refresh token', { expiresAt: 2 * dayMs }, 2],
    ['whose tokens have expired', { refreshToken: 'r', refreshExpiresAt: -dayMs }, 1],
    ['of which nothing is known', {}, 30],
  ] as const)('SEC-16 a record %s is kept as long as it may be used, at least a day', async ([, times, days]) => {
    const { place, clock } = scene().member(await scene().connect(kind));
    const { expiresAt, refreshExpiresAt } = times as { expiresAt?: number; refreshExpiresAt?: number };
    await place.save(
      entryOf(1, 'A', {
        ...times,
        ...(expiresAt !== undefined && { expiresAt: clock.now() + expiresAt }),
        ...(refreshExpiresAt !== undefined && { refreshExpiresAt: clock.now() + refreshExpiresAt }),
      }),
    );
    const left = await scene().admin.pttl(key);
    expect(Math.round(left / dayMs)).toBe(days);
  });

  test('B64 B65 the end of a session is kept for a day', async () => {
    const { place, acquire } = scene().member(await scene().connect(kind));
    await place.save(entryOf(1, 'A'));
    await place.save({ stamp: stampOf(2), record: null });
    const lock = acquire();
    await eventually(() => expect(lock.hold()).toBeDefined());
    expect(Math.round((await scene().admin.pttl(key)) / dayMs)).toBe(1);
    expect(await place.load()).toEqual({ stamp: stampOf(2), record: null });
    lock.end();
  });

  test('B68 SEC-16 what is sealed is read by who has the key, and Redis does not see it', async () => {
    const client = await scene().connect(kind);
    const one = scene().member(client, { keys: [keyOf('old')] });
    const other = scene().member(client, { keys: [keyOf('new'), keyOf('old')] });
    await one.place.save(entryOf(1, 'secret-token'));
    expect(JSON.stringify(await scene().admin.hgetall(key))).not.toContain('secret-token');
    expect(await other.place.load()).toEqual(entryOf(1, 'secret-token'));
    await other.place.save(entryOf(2, 'B'));
    expect(await scene().admin.hget(key, 'd')).toMatch(/^v1\.new\./);
  });

  test('B45 B68 a record that is sealed with an unknown key, or read without one, is a failure that leaves it in place', async () => {
    const client = await scene().connect(kind);
    await scene()
      .member(client, { keys: [keyOf('new')] })
      .place.save(entryOf(1, 'A'));
    const before = await scene().admin.hgetall(key);
    for (const options of [{ keys: [keyOf('old')] }, {}]) {
      const load = Promise.resolve(scene().member(client, options).place.load());
      await expect(load).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('key new') });
    }
    expect(await scene().admin.hgetall(key)).toEqual(before);
  });

  test('B45 B68 the event of a record that is sealed with an unknown key names the id', async () => {
    const client = await scene().connect(kind);
    await scene()
      .member(client, { keys: [keyOf('new')] })
      .place.save(entryOf(1, 'A'));
    const auth = createTokenManager({
      renew: () => 'B',
      store: redisStore(client, 'session', { keys: [keyOf('old')], subscriber: false }),
    });
    const messages: unknown[] = [];
    auth.on('storeFailed', ({ cause }) => messages.push((cause as Error).message));
    await eventually(() => expect(messages).not.toEqual([]));
    auth.dispose();
    expect(messages).toEqual(['The record is sealed with the key new, which is not in option keys.']);
  });

  test('B45 B68 a record whose bytes were changed, moved or never sealed is damaged, and left in place', async () => {
    const client = await scene().connect(kind);
    const { place } = scene().member(client, { keys: [keyOf('new')] });
    await place.save(entryOf(1, 'A'));
    const sealed = (await scene().admin.hget(key, 'd')) ?? '';
    const changed = sealed.slice(0, -6) + (sealed.at(-6) === 'A' ? 'B' : 'A') + sealed.slice(-5);
    const plain = JSON.stringify({ v: 1, accessToken: 'forged', receivedAt: 1 });
    for (const [stamp, data] of [
      [stampOf(1), changed],
      [stampOf(9), sealed],
      [stampOf(1), plain],
    ] as const) {
      await scene().admin.hset(key, { s: stamp, d: data });
      expect(await place.load()).toEqual({ stamp, record: {} });
      expect(await scene().admin.hget(key, 'd')).toBe(data);
    }
  });

  test('B45 data that is not JSON is damaged, and a key of another type is a failure', async () => {
    const { place } = scene().member(await scene().connect(kind));
    await scene().admin.hset(key, { s: stampOf(1), d: '{"v":' });
    expect(await place.load()).toEqual({ stamp: stampOf(1), record: {} });
    await scene().admin.del(key);
    await scene().admin.set(key, 'of another program');
    await expect(place.load()).rejects.toThrow('WRONGTYPE');
    await expect(place.save(entryOf(1, 'A'))).rejects.toThrow('WRONGTYPE');
    expect(await scene().admin.get(key)).toBe('of another program');
  });
});
