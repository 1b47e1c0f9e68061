import { expect, test } from 'vitest';
import { onRedis } from './onRedis.ts';
import { entryOf, eventually } from './scene.ts';

onRedis(
  'a cluster',
  (kind, scene) => {
    test('B60 B61 B64 record, lock and notices work, with keys of one slot', async () => {
      const { admin } = scene();
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await eventually(async () => expect(await admin.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
      const client = await scene().connectCluster(kind);
      const [one, other] = [scene().member(client), scene().member(client)];
      await eventually(() => expect(other.found).not.toEqual([]));
      expect(await one.place.save(entryOf(1, 'A'))).toBe(true);
      expect(await other.place.load()).toEqual(entryOf(1, 'A'));
      await eventually(() => expect(other.found).toContainEqual(entryOf(1, 'A')));
      const [first, second] = [one.acquire(), other.acquire()];
      await eventually(() => expect([first, second].filter(lock => lock.hold())).toHaveLength(1));
      const slots = (await admin.keys('*')).map(name => admin.call('CLUSTER', 'KEYSLOT', name));
      expect([slots.length, new Set(await Promise.all(slots)).size]).toEqual([2, 1]);
      const [holder, waiting] = first.hold() ? [first, second] : [second, first];
      holder.end();
      await holder.ended;
      await eventually(() => expect(waiting.hold()?.isHeld()).toBe(true));
      waiting.end();
      await waiting.ended;
      expect([...one.failed, ...other.failed]).toEqual([]);
    });
  },
  ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
);
