import type { Entry, Hold, Place, StoreHost } from '@latchkey/core/adapter';
import { beforeEach, describe, expect, test } from 'vitest';
import { stampOf } from './stampOf.ts';
import type { StoreKind, TestPlace } from './storeKind.ts';
import { type TestClock, testClock } from './testClock.ts';

const epoch = Date.UTC(2026, 10, 21);
const record = (accessToken: string) => ({ v: 1 as const, accessToken, receivedAt: epoch });

// One session: A, tokens that a response brought, two renewals of the same version, its end, and the next session.
const A: Entry = { stamp: stampOf({ epoch }), record: record('A') };
const received: Entry = { stamp: stampOf({ epoch, received: 1 }), record: record('A2') };
const B: Entry = { stamp: stampOf({ epoch, version: epoch, write: 1 }), record: record('B') };
const C: Entry = { stamp: stampOf({ epoch, version: epoch, write: 2 }), record: record('C') };
const end: Entry = { stamp: stampOf({ epoch: epoch + 1 }), record: null };
const U: Entry = { stamp: stampOf({ epoch: epoch + 2 }), record: record('U') };
const ordered = [A, received, B, C, end, U];

/** What a place must fulfil that is made by `createStore`, with the test as its token managers. */
export function placeContract(kind: StoreKind): void {
  describe('as a place', () => {
    let clock: TestClock;
    let place: TestPlace;
    /** What the hosts have found, in order. */
    let found: (Entry | undefined)[];
    const settled = async () => {
      await new Promise<void>(resolve => setImmediate(resolve));
      await place.settled?.();
    };
    beforeEach(() => {
      clock = testClock(settled);
      place = kind.create(clock);
      found = [];
    });

    function connect(): Place {
      const host: StoreHost = {
        clock,
        exclusive: false,
        renewTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        lockWaitMs: 15_000,
        found: entry => void found.push(entry),
        doubt() {},
        failed() {},
      };
      const connected = place.connect?.(host);
      if (!connected) throw new Error('A kind with "connects" has a place with "connect".');
      return connected;
    }

    test('B61 it keeps what is greater, whenever a lesser entry comes and however often', async () => {
      const [one, other] = [connect(), connect()];
      for (const [at, entry] of ordered.entries()) {
        expect(await one.save(entry)).toBe(true);
        for (const lesser of ordered.slice(0, at)) {
          expect(await other.save(lesser)).toBe(false);
          expect(await other.save(lesser)).toBe(false);
        }
        expect([await one.load(), await other.load()]).toEqual([entry, entry]);
      }
    });

    test('B61 it answers that it keeps an entry that it holds already, and notifies of nothing else than that', async () => {
      const one = connect();
      await one.save(B);
      await settled();
      found = [];
      expect(await one.save(B)).toBe(true);
      await settled();
      expect(found.filter(entry => entry?.stamp !== B.stamp)).toEqual([]);
      expect(await one.load()).toEqual(B);
    });

    test.for([
      ['it holds just that', A, true],
      ['it holds less', undefined, true],
      ['it holds a successor', B, false],
      ['it holds another session', U, false],
    ] as const)(
      'B22 an end over an entry is kept only where nothing is greater than that entry: %s',
      async ([, held, isKept]) => {
        const one = connect();
        if (held) await one.save(held);
        expect(await one.save(end, A.stamp)).toBe(isKept);
        expect(await one.load()).toEqual(isKept ? end : held);
      },
    );

    test('B65 no renewal of a session is kept over its end, and a later sign-in is', async () => {
      const [one, other] = [connect(), connect()];
      await one.save(A);
      await other.save(end);
      expect(await Promise.all([one.save(received), one.save(B), one.save(C)])).toEqual([false, false, false]);
      expect(await other.load()).toEqual(end);
      expect(await one.save(U)).toBe(true);
    });

    test('B60 of two renewals of one version the same one stays, in either order of arrival', async () => {
      for (const order of [
        [B, C],
        [C, B],
      ]) {
        place = kind.create(clock);
        const [one, other] = [connect(), connect()];
        await one.save(A);
        const saves = order.map(async (entry, at) => (at === 0 ? one : other).save(entry));
        await Promise.all(saves);
        expect([await one.load(), await other.load()]).toEqual([C, C]);
      }
    });

    test('B45 an entry is kept over a value that cannot be read, whatever it is', async () => {
      for (const damaged of [{}, 'a string', 7]) {
        place = kind.create(clock);
        const one = connect();
        await place.damage(damaged);
        expect(await one.save(A)).toBe(true);
        expect(await one.load()).toEqual(A);
      }
    });

    if (kind.notifies)
      test('B63 B64 a save notifies the others before it resolves, and what it notifies of is what it holds', async () => {
        const one = connect();
        connect();
        await one.save(A);
        await one.save(end);
        await settled();
        expect(found.at(-1)).toEqual(end);
        for (const entry of found) expect([undefined, ...ordered]).toContainEqual(entry);
      });
    else
      test('B63 a save notifies no one', async () => {
        const one = connect();
        connect();
        await one.save(A);
        await settled();
        expect(found).toEqual([]);
      });

    if (!kind.hasLock) {
      test('B62 it has no lock', () => {
        expect(connect().lock).toBeUndefined();
      });
      return;
    }

    /** Acquires the lock, and holds it until `end` is called. */
    function acquire({ signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {}) {
      const state: { hold?: Hold; end: () => void } = { end() {} };
      const ended = connect().lock?.(hold => {
        state.hold = hold;
        return new Promise(resolve => {
          state.end = resolve;
        });
      }, signal);
      return { state, ended: Promise.resolve(ended) };
    }

    test('B60 its lock has one holder at a time, and passes on when that has ended', async () => {
      const [first, second] = [acquire(), acquire()];
      await settled();
      const holders = () => [first, second].filter(({ state }) => state.hold);
      expect(holders()).toHaveLength(1);
      expect(holders()[0]?.state.hold?.isHeld()).toBe(true);
      holders()[0]?.state.end();
      await settled();
      expect(holders()).toHaveLength(2);
      const fences = [first, second].map(({ state }) => state.hold?.fence);
      if (fences[0] !== undefined) expect(fences[1]).toBeGreaterThan(fences[0]);
      second.state.end();
      await Promise.all([first.ended, second.ended]);
    });

    test('B60 who no longer waits leaves the queue of the lock, which resolves without a run', async () => {
      const stop = new AbortController();
      const holder = acquire();
      await settled();
      const waiting = acquire({ signal: stop.signal });
      const next = acquire();
      await settled();
      stop.abort();
      await waiting.ended;
      holder.state.end();
      await settled();
      expect([waiting.state.hold, next.state.hold?.isHeld()]).toEqual([undefined, true]);
      next.state.end();
      await next.ended;
    });

    test('B60 an aborted signal acquires nothing', async () => {
      const { state, ended } = acquire({ signal: AbortSignal.abort() });
      await ended;
      expect(state.hold).toBeUndefined();
    });

    if (kind.takesOver)
      test('B61 a holder whose lock was taken over finds out at once, and the fence rises', async () => {
        const frozen = acquire();
        await settled();
        const next = acquire();
        place.takeOver?.();
        await settled();
        expect([frozen.state.hold?.isHeld(), next.state.hold?.isHeld()]).toEqual([false, true]);
        const fence = frozen.state.hold?.fence ?? 0;
        expect(next.state.hold?.fence ?? 1).toBeGreaterThan(fence);
        frozen.state.end();
        await frozen.ended;
        expect(next.state.hold?.isHeld()).toBe(true);
        next.state.end();
        await next.ended;
      });

    if (kind.canBreak)
      test('B67 its calls reject in an outage, the lock before anything has run', async () => {
        const one = connect();
        await one.save(A);
        place.breakDown?.();
        const lock = acquire();
        const calls = [one.load(), one.save(B), lock.ended].map(call => Promise.resolve(call));
        expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual([
          'rejected',
          'rejected',
          'rejected',
        ]);
        expect(lock.state.hold).toBeUndefined();
        place.recover?.();
        expect(await one.load()).toEqual(A);
      });
  });
}
