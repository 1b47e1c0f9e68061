import { expect, test, vi } from 'vitest';
import { onRedis } from './onRedis.ts';
import { type Acquired, entryOf, eventually } from './scene.ts';

const lease = 'latchkey:{session}:lease';
const held = (lock: Acquired) => eventually(() => expect(lock.hold()).toBeDefined());

onRedis('the lock', (kind, scene) => {
  test('B61 SEC-15 a holder is not sure any more before its lease ends, and extends it before that', async () => {
    const { acquire, clock } = scene().member(await scene().connect(kind), { leaseMs: 10_000 });
    const lock = acquire();
    await held(lock);
    const { admin } = scene();
    await admin.pexpire(lease, 1_000);
    clock.advance(3_333); // no third of it yet
    clock.advance(1);
    await eventually(async () => expect(await admin.pttl(lease)).toBeGreaterThan(5_000));
    await eventually(() => {
      clock.advance(0);
      expect(lock.hold()?.isHeld()).toBe(true);
    });
    lock.end();
    await lock.ended;
    expect(await admin.exists(lease)).toBe(0);
  });

  test('B61 SEC-15 without an answer to its extension a holder gives up a tenth before the end, by its own clock', async () => {
    const { acquire, clock } = scene().member(await scene().connect(kind), { leaseMs: 10_000 });
    const lock = acquire();
    await held(lock);
    scene().proxy.stall();
    clock.advance(8_900);
    expect(lock.hold()?.isHeld()).toBe(true);
    clock.advance(100);
    expect(lock.hold()?.isHeld()).toBe(false);
    scene().proxy.resume();
    lock.end();
    await lock.ended;
  });

  test('B51 B61 SEC-15 a holder whose clock is set back gives its lease up in time by the monotonic clock', async () => {
    const { acquire, clock } = scene().member(await scene().connect(kind));
    const lock = acquire();
    await held(lock);
    clock.advance(-60_000);
    expect(lock.hold()?.isHeld()).toBe(true);
    const now = performance.now();
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(now + 4_600);
    expect(lock.hold()?.isHeld()).toBe(false);
    monotonic.mockRestore();
    lock.end();
    await lock.ended;
  });

  test('B61 SEC-15 a holder whose lease somebody else has does not get it back, and does not take it away', async () => {
    const { acquire, clock } = scene().member(await scene().connect(kind));
    const [frozen, next] = [acquire(), acquire()];
    await eventually(() => expect([frozen, next].filter(lock => lock.hold())).toHaveLength(1));
    const [first, second] = frozen.hold() ? [frozen, next] : [next, frozen];
    await scene().admin.del(lease); // as at its end
    await eventually(() => {
      clock.advance(500); // who waits asks again
      expect(second.hold()).toBeDefined();
    });
    const owner = await scene().admin.get(lease);
    await eventually(() => {
      clock.advance(1_000); // the first extends
      expect(first.hold()?.isHeld()).toBe(false);
    });
    first.end();
    await first.ended;
    expect(await scene().admin.get(lease)).toBe(owner);
    expect(Number(second.hold()?.fence)).toBeGreaterThan(Number(first.hold()?.fence));
    second.end();
    await second.ended;
  });

  test('B61 SEC-15 the fence rises also after a loss of data', async () => {
    const { acquire } = scene().member(await scene().connect(kind));
    const fences: number[] = [];
    for (let time = 0; time < 3; time++) {
      const lock = acquire();
      await held(lock);
      fences.push(Number(lock.hold()?.fence));
      lock.end();
      await lock.ended;
      if (time === 1) await scene().admin.flushall();
    }
    expect(fences).toEqual([...new Set(fences)].sort((one, other) => one - other));
    expect(fences[0]).toBeGreaterThan(Date.now() - 60_000);
  });

  test('B67 after a return without data the holder is first, and nobody else acquires meanwhile', async () => {
    const { server, proxy } = scene();
    const holder = scene().member(await scene().connect(kind));
    const waiting = scene().member(await scene().connect(kind));
    const lock = holder.acquire();
    await held(lock);
    const all = () => [holder.found, waiting.found].map(found => found.length);
    await eventually(() => expect(Math.min(...all())).toBeGreaterThan(0)); // notices are heard
    const before = all();
    proxy.refuse();
    await server.kill();
    await server.start({ data: 'lost' });
    proxy.accept();
    await eventually(() => expect(all().map((count, at) => count > (before[at] ?? 0))).toEqual([true, true]));
    const next = waiting.acquire();
    await eventually(async () => expect(await scene().admin.exists(lease)).toBe(1));
    expect([lock.hold()?.isHeld(), next.hold()]).toEqual([true, undefined]);
    lock.end();
    await lock.ended;
    await eventually(() => {
      waiting.clock.advance(500);
      expect(next.hold()?.isHeld()).toBe(true);
    });
    next.end();
  });

  test('B67 after a return nobody acquires before those who have held the lease have had time to extend it', async () => {
    const { place, acquire, clock, found } = scene().member(await scene().connect(kind));
    await eventually(() => expect(found).toHaveLength(1));
    scene().proxy.cut();
    await eventually(() => expect(found.length).toBeGreaterThan(1));
    const lock = acquire();
    await place.load();
    clock.advance(1_700);
    await place.load();
    expect(lock.hold()).toBeUndefined();
    await eventually(() => {
      clock.advance(100);
      expect(lock.hold()).toBeDefined();
    });
    lock.end();
    await lock.ended;
  });

  test('B60 who waits without notices looks once in a second at least, and finds what was saved', async () => {
    const client = await scene().connect(kind);
    const holder = scene().member(client, { subscriber: false });
    const waiting = scene().member(client, { subscriber: false });
    const lock = holder.acquire();
    await held(lock);
    const stop = new AbortController();
    const next = waiting.acquire(stop.signal);
    await holder.place.save(entryOf(1, 'B'));
    await eventually(() => {
      waiting.clock.advance(1_000);
      expect(waiting.found).toContainEqual(entryOf(1, 'B'));
    });
    stop.abort();
    await next.ended;
    expect(next.hold()).toBeUndefined();
    lock.end();
  });

  test('B61 an acquire whose answer comes too late holds the lock from nobody', async () => {
    const leaseMs = 10_000;
    const late = scene().member(await scene().connect(kind), { leaseMs, commandTimeoutMs: 1_500 });
    scene().proxy.stall();
    const lock = late.acquire();
    const failed = expect(lock.ended).rejects.toMatchObject({ code: 'unavailable' });
    await new Promise<void>(resolve => setImmediate(resolve));
    late.clock.advance(1_500);
    await failed;
    scene().proxy.resume();
    await eventually(async () => expect(await scene().admin.hget('latchkey:{session}', 'n')).not.toBeNull());
    await eventually(async () => expect(await scene().admin.exists(lease)).toBe(0), leaseMs / 2);
    expect(lock.hold()).toBeUndefined();
  });

  test('B61 SEC-15 a holder whose lease has ended, and whom another has followed, does not get it back', async () => {
    const frozen = scene().member(await scene().connect(kind));
    const other = scene().member(await scene().connect(kind));
    const lock = frozen.acquire();
    await held(lock);
    await scene().admin.del(lease); // as at its end
    const next = other.acquire();
    await held(next);
    next.end();
    await next.ended;
    frozen.clock.advance(2_000);
    await eventually(() => expect(lock.hold()?.isHeld()).toBe(false));
    expect(await scene().admin.exists(lease)).toBe(0);
    lock.end();
  });
});
