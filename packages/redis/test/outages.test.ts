import type { EventEmitter } from 'node:events';
import { createTokenManager } from '@latchkey/core';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { expect, test, vi } from 'vitest';
import type { RedisLike } from '../src/redisLike.ts';
import { redisStore } from '../src/redisStore.ts';
import { onRedis } from './onRedis.ts';
import { entryOf, eventually, stampOf } from './scene.ts';

const gone = { code: 'unavailable' };

onRedis('Redis gone', (kind, scene) => {
  test('B67 every call rejects at once, and none runs later from the queue of the client', async () => {
    const { server, proxy } = scene();
    const { place, acquire, found } = scene().member(await scene().connect(kind));
    await place.save(entryOf(1, 'A'));
    await eventually(() => expect(found).not.toEqual([])); // notices are heard
    proxy.refuse();
    await server.kill();
    await eventually(() => expect(place.load()).rejects.toMatchObject(gone)); // one on its way fails otherwise
    await expect(place.save(entryOf(2, 'B'))).rejects.toMatchObject(gone);
    await expect(acquire().ended).rejects.toMatchObject(gone);
    const before = found.length;
    await server.start({ data: 'lost' });
    proxy.accept();
    await eventually(() => expect(found.length).toBeGreaterThan(before));
    expect(await scene().admin.keys('*')).toEqual([]);
    expect(found.at(-1)).toBeUndefined();
  });

  test('B67 a call that is not answered ends in its time, and what it brings later is taken', async () => {
    const { proxy } = scene();
    const { place, clock, found } = scene().member(await scene().connect(kind), { subscriber: false });
    await place.save(entryOf(1, 'A'));
    proxy.stall();
    const load = expect(place.load()).rejects.toMatchObject(gone);
    const save = expect(place.save(entryOf(2, 'B'))).rejects.toMatchObject(gone);
    await new Promise<void>(resolve => setImmediate(resolve));
    clock.advance(1_500);
    await Promise.all([load, save]);
    proxy.resume();
    await eventually(() => expect(found).toEqual([entryOf(1, 'A')]));
    await eventually(async () => expect(await place.load()).toEqual(entryOf(2, 'B')));
  });

  test('B67 a return is noticed, with the data and without', async () => {
    const { server, proxy } = scene();
    const { place, found } = scene().member(await scene().connect(kind));
    await place.save(entryOf(1, 'A'));
    await eventually(() => expect(found).not.toEqual([])); // notices are heard
    const before = found.length;
    proxy.cut();
    await eventually(() => expect(found.length).toBeGreaterThan(before));
    expect(found.at(-1)).toEqual(entryOf(1, 'A'));
    proxy.refuse();
    await server.kill();
    await server.start({ data: 'lost' });
    proxy.accept();
    await eventually(() => expect(found.at(-1)).toBeUndefined());
  });

  test('B67 B114 a client that has never been connected is waited for, but not when its connection is refused', async () => {
    const { port } = scene().proxy;
    const open = () =>
      kind === 'ioredis'
        ? new Redis({ port, host: '127.0.0.1' }).on('error', () => {})
        : createClient({ socket: { port, host: '127.0.0.1' } }).on('error', () => {});
    const first = open();
    const one = scene().member(first as never, { subscriber: false });
    const load = one.place.load();
    if ('isOpen' in first) await first.connect();
    expect(await load).toBeUndefined();
    scene().proxy.refuse();
    const second = open();
    const other = scene().member(second as never, { subscriber: false });
    const refused = expect(other.place.load()).rejects.toMatchObject(gone);
    if ('isOpen' in second) void second.connect().catch(() => {});
    await refused;
    for (const client of [first, second])
      if ('isOpen' in client) client.destroy();
      else client.disconnect();
  });

  test('B67 where nobody may publish, a save succeeds, which is reported, and where no script may run, it fails', async () => {
    const { admin } = scene();
    const rule = ['on', '>silent', '~latchkey:*', '&latchkey:*', '+@all', '-publish'];
    await admin.call('ACL', 'SETUSER', 'silent', ...rule);
    const silent = scene().member(await scene().connect(kind, { username: 'silent' }));
    expect(await silent.place.save(entryOf(1, 'A'))).toBe(true);
    expect(silent.failed).toEqual([expect.stringMatching(/^notify .*PUBLISH/)]);
    expect(await silent.place.load()).toEqual(entryOf(1, 'A'));
    await admin.call('ACL', 'SETUSER', 'mute', 'on', '>mute', '~latchkey:*', '&latchkey:*', '+@all', '-eval');
    const mute = scene().member(await scene().connect(kind, { username: 'mute' }));
    await expect(mute.place.load()).rejects.toThrow('NOPERM');
  });

  test('SEC-16 the commands that the README lists are enough', async () => {
    const commands = '+eval +hmget +hget +hset +get +set +del +pexpire +pttl +time +publish +subscribe +unsubscribe';
    const ofClients = '+hello +auth +ping +info +select';
    const rule = `on >least ~latchkey:* &latchkey:* ${commands} ${ofClients}`.split(' ');
    await scene().admin.call('ACL', 'SETUSER', 'least', ...rule);
    const client = await scene().connect(kind, { username: 'least' });
    const [one, other] = [scene().member(client), scene().member(client)];
    await eventually(() => expect(other.found.length).toBeGreaterThan(0));
    expect(await one.place.save(entryOf(1, 'A'))).toBe(true);
    await eventually(() => expect(other.found).toContainEqual(entryOf(1, 'A')));
    const lock = one.acquire();
    await eventually(() => expect(lock.hold()).toBeDefined());
    one.clock.advance(1_700);
    await eventually(() => expect(lock.hold()?.isHeld()).toBe(true));
    lock.end();
    await lock.ended;
    expect([...one.failed, ...other.failed]).toEqual([]);
    expect(await scene().admin.exists('latchkey:{session}:lease')).toBe(0);
  });

  test('B14 B102 a manager that is disposed of leaves the client as it was, and its own connection is closed', async () => {
    const { admin } = scene();
    const connections = async () =>
      String(await admin.client('LIST'))
        .trim()
        .split('\n').length;
    const client = await scene().connect(kind);
    const before = await connections();
    const auth = createTokenManager({ renew: () => 'A', store: redisStore(client, 'session') });
    expect(await auth.get()).toBeNull();
    await eventually(async () => expect(await connections()).toBe(before + 1));
    auth.dispose();
    await eventually(async () => expect(await connections()).toBe(before));
  });

  test('B102 the errors of a client that nobody listens to are still those of the application', async () => {
    const client = (await scene().connect(kind)) as RedisLike & EventEmitter;
    const before = client.listenerCount('error');
    await scene().member(client).place.load();
    expect(client.listenerCount('error')).toBe(before);
  });

  test('B67 what was asked for in an outage leaves nothing to do after it', async () => {
    const { server, proxy, admin } = scene();
    const { place, acquire } = scene().member(await scene().connect(kind), { subscriber: false });
    await place.load();
    proxy.refuse();
    await server.kill();
    await eventually(() => expect(place.load()).rejects.toMatchObject(gone));
    for (let tries = 0; tries < 100; tries++) await expect(acquire().ended).rejects.toMatchObject(gone);
    await server.start({ data: 'lost' });
    proxy.accept();
    await eventually(async () => void (await place.load()));
    const stats = await eventually(() => admin.info('commandstats'));
    expect(Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(10);
  });

  test('B102 twenty managers on one client cause no warning of too many listeners', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const client = await scene().connect(kind);
    for (let at = 0; at < 20; at++) await scene().member(client, { subscriber: false }, `session-${at}`).place.load();
    await new Promise<void>(resolve => setImmediate(resolve));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  test('B63 a subscriber of an application serves several stores, and stays open', async () => {
    const [client, subscriber] = [await scene().connect(kind), await scene().connect(kind)];
    const stores = ['a', 'b'].map(name => scene().member(client, { subscriber }, name));
    const writer = scene().member(client, { subscriber: false }, 'b');
    await eventually(() => expect(stores.map(({ found }) => found.length)).toEqual([1, 1]));
    await writer.place.save(entryOf(1, 'B'));
    await eventually(() => expect(stores[1]?.found).toHaveLength(2));
    expect(stores[0]?.found).toEqual([undefined]);
    stores[0]?.place.close?.();
    await writer.place.save({ stamp: stampOf(2), record: null });
    await eventually(() => expect(stores[1]?.found.at(-1)).toEqual({ stamp: stampOf(2), record: null }));
  });
});
