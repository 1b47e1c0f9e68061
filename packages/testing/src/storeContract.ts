import type { TokenManager } from '@latchkey/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { placeContract } from './placeContract.ts';
import { stampOf } from './stampOf.ts';
import type { StoreKind } from './storeKind.ts';
import { hourMs, outcome, receivesHeader, StoreScene, tokenOf, type tokensNamed } from './storeScene.ts';

/**
 * What every store must fulfil, as far as one process can show it: the rows of BEHAVIOUR.md that its tests name. Where a kind
 * cannot do what a row is about, another fact holds, which has a test in its place.
 */
export function storeContract(kind: StoreKind): void {
  describe(`the store ${kind.name}`, () => {
    let scene: StoreScene;
    beforeEach(() => {
      scene = new StoreScene(kind);
    });
    afterEach(() => scene.end());
    const page = (options?: Parameters<StoreScene['openPage']>[0]) => scene.openPage(options);
    const expire = () => scene.clock.jump(2 * hourMs);

    describe('what it holds', () => {
      test('B71 a session is one versioned record with its stamp, which a renewal replaces as a whole', async () => {
        const auth = page();
        await auth.adopt(scene.tokens('A'));
        const first = await scene.place.stored();
        const refreshToken = (name: string) => (kind.hasCookie ? {} : { refreshToken: `r${name}` });
        expect(first?.record).toMatchObject({ v: 1, accessToken: 'A', ...refreshToken('A') });
        await scene.renewed(auth, 'B');
        const second = await scene.place.stored();
        const now = scene.clock.now();
        expect(second).toEqual({
          stamp: expect.stringMatching(/^\d{15}-\d{10}-\d{15}-\d{5}-\d{10}$/),
          record: { v: 1, accessToken: 'B', ...refreshToken('B'), receivedAt: now, expiresAt: now + hourMs },
        });
        expect(String(second?.stamp) > String(first?.stamp)).toBe(true);
        expect(scene.place.count?.() ?? 1).toBe(1);
        await auth.signOut();
        expect(await scene.storedToken()).toBeNull();
        expect(scene.place.count?.() ?? 0).toBe(0);
      });

      test('B47 B71 each manager has a session id of its own, which is not stored', async () => {
        const [one, other] = await scene.openTwoPages();
        const ids = [one, other].map(({ state }) => state.sessionId);
        expect(new Set(ids).size).toBe(2);
        await scene.renewed(one, 'B');
        expire();
        await scene.renewed(other, 'C');
        expect([one, other].map(({ state }) => state.sessionId)).toEqual(ids);
        const stored = JSON.stringify(await scene.place.stored());
        expect(ids.filter(id => stored.includes(String(id)))).toEqual([]);
      });

      test('B63 B69 a sign-in or sign-out under one name does not affect another name', async () => {
        const first = page({ name: 'first' });
        const second = page({ name: 'second' });
        await first.adopt(scene.tokens('A'));
        await second.adopt(scene.tokens('T'));
        await scene.settled();
        expect([tokenOf(first), tokenOf(second)]).toEqual(['A', 'T']);
        await second.signOut();
        await scene.settled();
        expect(tokenOf(first)).toBe('A');
        expect([await scene.storedToken('first'), await scene.storedToken('second')]).toEqual(['A', null]);
      });

      test.for<readonly [unknown]>([
        [{}],
        [[]],
        ['a string'],
        [7],
        [{ v: 2, accessToken: 'A', receivedAt: 1 }],
        [{ v: 1, accessToken: 'A' }],
        [{ v: 1, receivedAt: 1, accessToken: 'A\r\nx: y' }],
      ])(
        'B45 SEC-05 the damaged record %j is reported once, and signed out is the state until a sign-in replaces it',
        async ([damaged]) => {
          await scene.place.damage(damaged);
          const auth = page();
          expect(await outcome(auth.get())).toBeNull();
          await scene.settled();
          expect(scene.events).toEqual(['1 storeFailed load']);
          await auth.adopt(scene.tokens('A'));
          expect(await scene.storedToken()).toBe('A');
          expect(await outcome(page().get())).toBe('A');
        },
      );

      test('B45 B63 a damaged record changes nothing for a page in a session, which writes its own over it', async () => {
        const [one, other] = await scene.openTwoPages();
        await scene.place.damage({ v: 1, stamp: 's' });
        await scene.settled();
        expect([tokenOf(one), tokenOf(other)]).toEqual(['A', 'A']);
        const { result } = await scene.startRenewal(one);
        expect(await scene.storedToken()).toBe('A');
        await scene.requests[0]?.answer(scene.tokens('B'));
        expect(await result).toBe('B');
        expect(scene.events.filter(event => event.startsWith('1'))).toEqual(['1 storeFailed load', '1 renewed']);
        await expectOneTokenSet([one, other], ['B']);
        expect(scene.events.filter(event => event.includes('signedOut'))).toEqual([]);
      });

      test('B45 a damaged record with a greater stamp signs no page out, and the next renewal is saved over it', async () => {
        const [one, other] = await scene.openTwoPages();
        const damaged = { v: 2 } as never;
        await scene.place.put({ stamp: stampOf({ epoch: scene.clock.now() }), record: damaged });
        scene.clock.jump(1_000);
        expect(await scene.renewed(one, 'B')).toBe('B');
        expect(await scene.storedToken()).toBe('B');
        await expectOneTokenSet([one, other], ['B']);
        expect(scene.events.filter(event => event.includes('signedOut'))).toEqual([]);
      });
    });

    describe('the start', () => {
      if (kind.answersAtOnce)
        test('B70 its content is known synchronously', async () => {
          const auth = page();
          await auth.adopt(scene.tokens('A'));
          expect(tokenOf(page())).toBe('A');
          await auth.signOut();
          expect(page().fresh()).toBeNull();
        });
      else {
        test('B70 the state is unknown until it has loaded, and operations wait for the stored token', async () => {
          await page().adopt(scene.tokens('A'));
          const auth = page();
          expect(auth.fresh()).toBeUndefined();
          expect(auth.state.status).toBe('unknown');
          expect(await Promise.all([outcome(auth.get()), outcome(auth.get())])).toEqual(['A', 'A']);
          expect(scene.requests).toHaveLength(0);
        });

        test('B114 a slow first answer decides nothing before it comes, and is taken however late it is', async () => {
          await page().adopt(scene.tokens('A'));
          await scene.settled();
          const answer = scene.place.stall?.();
          const auth = page();
          const get = outcome(auth.get());
          await scene.clock.advance(5_000);
          expect(await get).toBe('unavailable');
          expect(auth.state.status).toBe('unknown');
          answer?.();
          await scene.settled();
          expect(tokenOf(auth)).toBe('A');
          expect(scene.events.filter(event => event.startsWith('2'))).toEqual(['2 storeFailed load']);
          expect(scene.requests).toHaveLength(0);
        });
      }

      test('B14 B70 a page that is opened later is in the session, with the newest token', async () => {
        const auth = page();
        await auth.adopt(scene.tokens('A'));
        await scene.renewed(auth, 'B');
        if (!kind.livesInPages) auth.dispose();
        expect(await outcome(page().get())).toBe('B');
        expect(scene.requests).toHaveLength(1);
      });
    });

    describe('renewals', () => {
      if (kind.hasLock)
        test('B60 two pages that find the token expired at the same time send one request, and the other adopts', async () => {
          const [one, other] = await scene.openTwoPages();
          expire();
          const gets = [outcome(one.get()), outcome(other.get())];
          await scene.settled();
          expect(scene.requests.map(({ from }) => from)).toEqual(['rA']);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect(await Promise.all(gets)).toEqual(['B', 'B']);
          expect(scene.requests).toHaveLength(1);
        });
      else
        test.for([
          ['the first', [0, 1]],
          ['the second', [1, 0]],
        ] as const)(
          'B60 without a lock two pages that find the token expired send one request each, and all end with one token set: %s is answered first',
          async ([, order]) => {
            const pages = await scene.openTwoPages();
            expire();
            const gets = pages.map(auth => outcome(auth.get()));
            await scene.settled();
            expect(scene.requests.map(({ from }) => from)).toEqual(['rA', 'rA']);
            for (const at of order) await scene.requests[at]?.answer(scene.tokens(`B${at}`));
            await Promise.all(gets);
            await expectOneTokenSet(pages, ['B0', 'B1']);
          },
        );

      if (!kind.hasLock || kind.takesOver)
        test('B60 B61 a page whose clock is behind saves too late, and continues with what the other has saved', async () => {
          const late = page({ clock: scene.clock.wrongBy(-1_000) });
          await late.adopt(scene.tokens('A'));
          const other = page();
          await other.get();
          const { result } = await scene.startRenewal(late);
          scene.place.takeOver?.();
          const { result: renewing } = await scene.startRenewal(other);
          await scene.requests[1]?.answer(scene.tokens('B'));
          expect(await renewing).toBe('B');
          await scene.requests[0]?.answer(scene.tokens('C'));
          expect(await result).toBe('B');
          await expectOneTokenSet([late, other], ['B']);
        });
      else
        test('B61 a lock that its holder keeps lets no second page save meanwhile', async () => {
          const [one, other] = await scene.openTwoPages();
          const { result } = await scene.startRenewal(one);
          const { result: waiting } = await scene.startRenewal(other);
          expect(scene.requests).toHaveLength(1);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect([await result, await waiting]).toEqual(['B', 'B']);
          await expectOneTokenSet([one, other], ['B']);
          expect(scene.requests).toHaveLength(1);
        });

      test('B22 a token set that another page has renewed is adopted without a request', async () => {
        const [one, other] = await scene.openTwoPages();
        expire();
        await scene.renewed(one, 'B');
        expect(await outcome(other.get())).toBe('B');
        expect(scene.requests).toHaveLength(1);
      });

      test('B22 a page that is rejected takes the successor that another page has saved meanwhile', async () => {
        const [one, other] = await scene.openTwoPages({}, 'ann');
        const { result } = await scene.startRenewal(one);
        await other.adopt(scene.tokens('B', 'ann'));
        await scene.requests[0]?.answer(null);
        expect(await result).toBe('B');
        await expectOneTokenSet([one, other], ['B']);
      });

      if (kind.isAtomic)
        test('B22 a successor that is saved after the last look of a page that was rejected is taken, and ends nothing', async () => {
          const pauses = { beforeEnd: () => other.adopt(scene.tokens('B', 'ann')) };
          const [one, other] = await scene.openTwoPages({ pauses }, 'ann');
          const { result } = await scene.startRenewal(one);
          await scene.requests[0]?.answer(null);
          expect(await result).toBe('B');
          expect(scene.events.filter(event => event.includes('signedOut'))).toEqual([]);
          await expectOneTokenSet([one, other], ['B']);
        });
      else
        test('B22 B64 where a save is not atomic, a session that ends during a save elsewhere ends or continues for all pages', async () => {
          const pauses = { beforeEnd: () => other.adopt(scene.tokens('B', 'ann')) };
          const [one, other] = await scene.openTwoPages({ pauses }, 'ann');
          const { result } = await scene.startRenewal(one);
          await scene.requests[0]?.answer(null);
          const token = await scene.storedToken();
          expect(await result).toBe(token ?? 'sessionExpired');
          if (token === null) expect(await outcome(other.renew())).toBe('signedOut');
          expect([tokenOf(one), tokenOf(other)]).toEqual([token ?? undefined, token ?? undefined]);
        });

      test('B21 B64 a rejection ends the session for all pages, each once, and its refresh token is not sent again', async () => {
        const [one, other] = await scene.openTwoPages();
        expire();
        const { result } = await scene.startRenewal(one);
        await scene.requests[0]?.answer(null);
        expect(await result).toBe('sessionExpired');
        expect(await outcome(other.get())).toBe(kind.notifies ? null : 'signedOut');
        expect(scene.events.toSorted()).toEqual(['1 signedOut expired', '2 signedOut elsewhere']);
        expect(scene.requests).toHaveLength(1);
        expect(await scene.storedToken()).toBeNull();
      });

      if (kind.hasCookie)
        test('B113 tokens that a response brings during a renewal elsewhere are used on, and all pages end with one token set', async () => {
          const [one, other] = await scene.openTwoPages(receivesHeader);
          const { result } = await scene.startRenewal(other);
          await scene.receive(one, 'A2');
          scene.clock.jump(1);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect(await result).toBe('A2');
          await expectOneTokenSet([one, other], ['A2']);
        });
      else
        test.for(['before', 'after'] as const)(
          'B113 a rotated refresh token survives tokens that a response brings elsewhere %s it is saved',
          async when => {
            const [one, other] = await scene.openTwoPages(receivesHeader);
            const { result } = await scene.startRenewal(other);
            if (when === 'before') await scene.receive(one, 'A2');
            scene.clock.jump(1);
            await scene.requests[0]?.answer(scene.tokens('B'));
            if (when === 'after') await scene.receive(one, 'A2');
            expect(await result).toBe('B');
            expect((await scene.place.stored())?.record).toMatchObject({ refreshToken: 'rB' });
            expire();
            await scene.startRenewal(one);
            expect(scene.requests.map(({ from }) => from)).toEqual(['rA', 'rB']);
          },
        );

      test('B13 an answer after renewTimeoutMs is used and saved, and causes no second request', async () => {
        const [one, other] = await scene.openTwoPages({ renewTimeoutMs: 2_000 });
        const { result } = await scene.startRenewal(one);
        await scene.clock.advance(2_000);
        expect(await result).toBe('unavailable');
        const { result: next } = await scene.startRenewal(one);
        await scene.clock.advance(1_900);
        await scene.requests[0]?.answer(scene.tokens('B'));
        expect(await next).toBe('B');
        expire();
        await scene.startRenewal(other);
        expect(scene.requests.map(({ from }) => from)).toEqual(['rA', 'rB']);
      });

      test('B14 the answer after dispose() is saved, then the lock is let go, then the place is closed', async () => {
        const [one, other] = await scene.openTwoPages();
        expire();
        await scene.startRenewal(one);
        const before = scene.place.steps.length;
        one.dispose();
        const get = kind.hasLock ? outcome(other.get()) : undefined;
        await scene.settled();
        expect([scene.requests.length, scene.place.steps.length]).toEqual([1, before]);
        await scene.requests[0]?.answer(scene.tokens('B'));
        await scene.settled();
        const steps = new Set(scene.place.steps.slice(before));
        expect([...steps]).toEqual(kind.shows);
        expect(await (get ?? outcome(other.get()))).toBe('B');
        expect(scene.requests).toHaveLength(1);
        expect(scene.events.filter(event => event.startsWith('1'))).toEqual([]);
      });
    });

    describe('the lock', () => {
      if (kind.hasLock) {
        test('B07 B61 the wait for a holder that hangs is bounded, and no second request is sent meanwhile', async () => {
          const [one] = await scene.openTwoPages({ renewTimeoutMs: 60_000 });
          const waiting = page({ renewTimeoutMs: 1_000, lockWaitMs: 3_000 });
          await waiting.get();
          expire();
          const first = outcome(one.get());
          await scene.settled();
          const get = outcome(waiting.get());
          await scene.clock.advance(3_000);
          expect(await get).toBe('unavailable');
          expect(scene.requests).toHaveLength(1);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect([await first, await outcome(waiting.get())]).toEqual(['B', 'B']);
          expect(scene.requests).toHaveLength(1);
        });

        test('B60 a successor that is found ends the wait for the lock, and nothing is sent', async () => {
          const [one, other] = await scene.openTwoPages({}, 'ann');
          const third = page({ clock: scene.clock.wrongBy(1_000) }); // its successor is the greater one
          await third.get();
          expire();
          const first = outcome(one.get());
          await scene.settled();
          const waiting = outcome(other.get());
          await third.adopt(scene.tokens('B', 'ann'));
          await scene.settled();
          if (kind.notifies) expect(await waiting).toBe('B'); // while the first still holds the lock
          await scene.requests[0]?.answer(scene.tokens('C', 'ann'));
          expect([await first, await waiting]).toEqual(['B', 'B']);
          expect(scene.requests).toHaveLength(1);
          await expectOneTokenSet([one, other, third], ['B']);
        });

        test('B11 a page that is disposed of while it waits for the lock leaves it to the next one, and sends nothing', async () => {
          const [one, other] = await scene.openTwoPages();
          const third = page();
          await third.get();
          expire();
          const gets = [one, other, third].map(auth => outcome(auth.get()));
          await scene.settled();
          other.dispose();
          expect(await gets[1]).toBe('disposed');
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect([await gets[0], await gets[2]]).toEqual(['B', 'B']);
          expect(scene.requests).toHaveLength(1);
        });
      } else
        test('B62 without a lock an exclusive provider is not renewed, and others renew alone', async () => {
          const [one] = await scene.openTwoPages();
          expect(await scene.renewed(one, 'B')).toBe('B');
          const exclusive = Promise.resolve().then(() => page({ exclusive: true }).renew());
          expect(await outcome(exclusive)).toMatch(/^(?:misconfigured|unavailable)$/);
          expect(scene.requests).toHaveLength(1);
        });

      if (kind.takesOver) {
        test('B61 a holder that is frozen between its look and its token request sends nothing after a takeover', async () => {
          let goOn = () => {};
          const frozen = new Promise<void>(resolve => {
            goOn = resolve;
          });
          const [one, other] = await scene.openTwoPages({ pauses: { beforeSend: () => frozen } });
          expire();
          const gets = [one, other].map(auth => outcome(auth.get()));
          await scene.settled();
          expect(scene.requests).toHaveLength(0);
          scene.place.takeOver?.();
          await scene.settled();
          await scene.requests[0]?.answer(scene.tokens('B'));
          goOn();
          expect(await Promise.all(gets)).toEqual(['B', 'B']);
          expect(scene.requests).toHaveLength(1);
        });

        test.for([
          ['before', [0, 1]],
          ['after', [1, 0]],
        ] as const)(
          'B60 B61 a holder whose lock was taken over in mid-request is answered %s its successor, and all end with one token set',
          async ([, order]) => {
            const pages = await scene.openTwoPages();
            expire();
            const gets = pages.map(auth => outcome(auth.get()));
            await scene.settled();
            scene.clock.jump(1);
            scene.place.takeOver?.();
            await scene.settled();
            expect(scene.requests).toHaveLength(2);
            for (const at of order) await scene.requests[at]?.answer(scene.tokens(`B${at}`));
            await Promise.all(gets);
            await expectOneTokenSet(pages, ['B0', 'B1']);
          },
        );
      } else if (kind.hasLock)
        test('B61 the lock passes on only when its holder has ended, which it does though its token request is never answered', async () => {
          const [one, other] = await scene.openTwoPages({ renewTimeoutMs: 1_000 });
          expire();
          const first = outcome(one.get());
          await scene.settled();
          const second = outcome(other.get());
          await scene.clock.advance(2_999);
          expect([await first, scene.requests.length]).toEqual(['unavailable', 1]);
          await scene.clock.advance(1);
          expect(scene.requests.map(({ from }) => from)).toEqual(['rA', 'rA']);
          await scene.requests[1]?.answer(scene.tokens('B'));
          expect(await second).toBe('B');
        });
      else
        test('B61 without a lock a page that is frozen before its token request keeps no other from renewing', async () => {
          let goOn = () => {};
          const frozen = new Promise<void>(resolve => {
            goOn = resolve;
          });
          const pages = await scene.openTwoPages({ pauses: { beforeSend: () => frozen } });
          expire();
          const first = outcome(pages[0].get());
          await scene.settled();
          expect(await scene.renewed(pages[1], 'B')).toBe('B');
          goOn();
          await scene.settled();
          await scene.requests[1]?.answer(scene.tokens('C'));
          await first;
          await expectOneTokenSet(pages, ['B', 'C']);
        });
    });

    describe('beginnings and ends', () => {
      if (kind.notifies)
        test('B64 a sign-out in one page signs out all pages at once, without a request', async () => {
          const [one, other] = await scene.openTwoPages();
          await one.signOut();
          await scene.settled();
          expect(other.fresh()).toBeNull();
          expect(scene.events.toSorted()).toEqual(['1 signedOut signOut', '2 signedOut elsewhere']);
          expect(scene.requests).toHaveLength(0);
        });
      else
        test('B64 without notices a sign-out in one page signs out another when it looks at the place, without a request', async () => {
          const [one, other] = await scene.openTwoPages();
          await one.signOut();
          await scene.settled();
          expect(tokenOf(other)).toBe('A');
          expire();
          expect(await outcome(other.get())).toBe('signedOut');
          expect(other.fresh()).toBeNull();
          expect(scene.events.toSorted()).toEqual(['1 signedOut signOut', '2 signedOut elsewhere']);
          expect(scene.requests).toHaveLength(0);
        });

      test.for([
        ['here', 0],
        ['elsewhere', 1],
      ] as const)(
        'B40 B65 a session that a sign-out %s has ended is not written back by a slow renewal',
        async ([, at]) => {
          const both = await scene.openTwoPages();
          const [one] = both;
          const { result } = await scene.startRenewal(one);
          await both[at].signOut();
          scene.clock.jump(1_000);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect(await result).toBe('signedOut');
          expect(one.fresh()).toBeNull();
          expect(await scene.storedToken()).toBeNull();
          expect(scene.events).not.toContain('1 renewed');
          expect(await outcome(page().get())).toBeNull();
        },
      );

      test.for([
        ['the same user continues the operations of another page', 'ann', 'B'],
        ['another user fails them', 'bob', 'signedOut'],
        ['an unknown user fails them', undefined, 'signedOut'],
      ] as const)('B46 B110 a sign-in of %s', async ([, subject, expected]) => {
        const [one, other] = await scene.openTwoPages({}, 'ann');
        const { sessionId } = one.state;
        expire();
        const get = outcome(one.get());
        await scene.settled();
        const signingIn = page({ signIn: () => scene.tokens('B', subject) });
        await signingIn.signIn('password');
        await scene.settled();
        await scene.requests[0]?.answer(scene.tokens('C', 'ann'));
        expect(await get).toBe(expected);
        expect(one.state.sessionId === sessionId).toBe(subject === 'ann');
        await expectOneTokenSet([one, other, signingIn], ['B']);
      });

      test('B23 B110 pages that sign in by themselves at the same time are in one session', async () => {
        const credentials = () => 'key';
        const answers: ((tokens: ReturnType<typeof tokensNamed>) => void)[] = [];
        const signIn = () => new Promise<ReturnType<typeof tokensNamed>>(resolve => void answers.push(resolve));
        const pages = [page({ credentials, signIn }), page({ credentials, signIn })];
        const gets = pages.map(auth => outcome(auth.get()));
        await scene.settled();
        expect(answers).toHaveLength(kind.hasLock ? 1 : 2);
        for (const [at, answer] of answers.entries()) {
          answer(scene.tokens(`R${at}`));
          await scene.settled();
        }
        await Promise.all(gets);
        await expectOneTokenSet(pages, ['R0', 'R1']);
        expect(scene.events.filter(event => event.includes('signedOut'))).toEqual([]);
      });

      test('B46 a sign-in wins over a session that began on a device whose clock is ahead', async () => {
        const ahead = page({ clock: scene.clock.wrongBy(600_000) });
        const one = page();
        await one.get();
        await ahead.adopt(scene.tokens('A', 'ann'));
        await one.adopt(scene.tokens('U', 'bob'));
        await scene.settled();
        expect([await scene.storedToken(), tokenOf(one)]).toEqual(['U', 'U']);
        await expectOneTokenSet([one, ahead], ['U']);
      });

      test('B63 B67 an older entry that comes back changes nothing, and the newest is put in its place', async () => {
        const [one] = await scene.openTwoPages();
        const before = await scene.place.stored();
        await scene.renewed(one, 'B');
        const newest = await scene.place.stored();
        scene.events = [];
        await scene.place.put(before);
        await scene.settled();
        expect(tokenOf(one)).toBe('B');
        const { result } = await scene.startRenewal(one);
        expect(await scene.place.stored()).toEqual(newest);
        await scene.requests[1]?.answer(scene.tokens('C'));
        expect(await result).toBe('C');
        expect(scene.requests.map(({ from }) => from)).toEqual(['rA', 'rB']);
        expect(scene.events.filter(event => event.startsWith('1'))).toEqual(['1 renewed']);
      });

      test('B112 the entry of a session that was replaced is not entered when it comes back', async () => {
        const [one] = await scene.openTwoPages();
        const before = await scene.place.stored();
        await one.adopt(scene.tokens('U'));
        await one.adopt(scene.tokens('V'));
        await scene.place.put(before);
        await scene.settled();
        const { result } = await scene.startRenewal(one);
        expect(await scene.storedToken()).toBe('V');
        await scene.requests[0]?.answer(scene.tokens('W'));
        expect(await result).toBe('W');
        expect(await outcome(page().get())).toBe('W');
      });

      test(
        kind.mayLoseData
          ? 'B67 when the place has lost everything, the session is put back, and no one is signed out'
          : 'B64 a record that is gone is a sign-out',
        async () => {
          const [one] = await scene.openTwoPages();
          const before = await scene.place.stored();
          await scene.place.put(undefined);
          const { result } = await scene.startRenewal(one);
          const signedOut = () => scene.events.filter(event => event.startsWith('1 signedOut'));
          if (kind.mayLoseData) {
            expect(await scene.place.stored()).toEqual(before);
            await scene.requests[0]?.answer(scene.tokens('B'));
            expect([await result, signedOut()]).toEqual(['B', []]);
          } else {
            expect([await result, signedOut()]).toEqual(['signedOut', ['1 signedOut elsewhere']]);
            expect(scene.requests).toHaveLength(0);
          }
        },
      );
    });

    describe('outages', () => {
      if (!kind.canBreak) {
        test('B62 its storage is the memory of the process, which does not fail', () => {
          expect(scene.place.breakDown).toBeUndefined();
        });
        return;
      }
      const breakDown = () => scene.place.breakDown?.();
      const recover = () => scene.place.recover?.();
      const failuresOf = (number: number) =>
        scene.events.filter(event => event.startsWith(`${number} storeFailed`) && !event.endsWith('notify'));

      test('B114 a first load that fails decides nothing, and the next need asks again', async () => {
        await page().adopt(scene.tokens('A'));
        breakDown();
        const auth = page();
        expect(auth.state.status).toBe('unknown');
        const get = outcome(auth.get());
        await scene.clock.advance(5_000);
        expect(await get).toBe('unavailable');
        expect(auth.fresh()).toBeUndefined();
        expect(failuresOf(2)).toEqual(['2 storeFailed load']);
        recover();
        scene.clock.jump(hourMs / 2); // the pause after failures is over
        expect(await outcome(auth.get())).toBe('A');
        expect(scene.requests).toHaveLength(0);
      });

      test('B28 SEC-06 when the save of a renewal fails, memory keeps the token set, and puts it into the place later', async () => {
        const [one] = await scene.openTwoPages();
        const { result } = await scene.startRenewal(one);
        breakDown();
        await scene.requests[0]?.answer(scene.tokens('B'));
        expect(await result).toBe('B');
        expect(failuresOf(1)).toEqual(['1 storeFailed save']);
        recover();
        const { result: next } = await scene.startRenewal(one);
        expect([await scene.storedToken(), scene.requests[1]?.from]).toEqual(['B', 'rB']);
        await scene.requests[1]?.answer(scene.tokens('C'));
        expect(await next).toBe('C');
        expect(await outcome(page().get())).toBe('C');
      });

      const providers = [
        ['a refresh token that may rotate', {}, false],
        ['a refresh token that stays the same', { rotates: false }, true],
        ['an exclusive provider', { rotates: false, exclusive: true }, false],
      ] as const;
      test.for(kind.hasLock ? providers : providers.slice(0, 2))(
        'B62 B67 the valid token is used in an outage, and an expired one is renewed only as two renewals do no harm: %s',
        async ([, options, isHarmless]) => {
          const [one] = await scene.openTwoPages(options);
          breakDown();
          expect(tokenOf(one)).toBe('A');
          expire();
          const gets = [outcome(one.get()), outcome(one.get())];
          await scene.settled();
          const isAlone = isHarmless || !kind.hasLock;
          expect(scene.requests).toHaveLength(isAlone ? 1 : 0);
          await scene.requests[0]?.answer(scene.tokens('B'));
          expect(await Promise.all(gets)).toEqual(isAlone ? ['B', 'B'] : ['unavailable', 'unavailable']);
          expect(one.state.status).toBe('signedIn');
        },
      );

      test('B67 an outage of 100 renewals is one event per kind of call, and so is the next', async () => {
        let count = 0;
        const renew = () => scene.tokens(`B${++count}`);
        const [one] = await scene.openTwoPages({ rotates: false, renew });
        for (let outage = 0; outage < 2; outage++) {
          breakDown();
          for (let time = 0; time < 100; time++) {
            expect(await outcome(one.renew())).toBe(`B${count}`);
            scene.clock.jump(1_000);
          }
          await scene.settled();
          const kinds = kind.hasLock && !kind.keepsLock ? ['load', 'lock', 'save'] : ['load', 'save'];
          expect(failuresOf(1).toSorted()).toEqual(kinds.map(doing => `1 storeFailed ${doing}`));
          recover();
          await one.renew();
          await scene.settled();
          expect(await scene.storedToken()).toBe(`B${count}`);
          scene.events = [];
        }
      });

      if (!kind.answersAtOnce)
        test('B42 saves that take too long and end in the end do not undo a later act', async () => {
          const auth = page();
          await auth.adopt(scene.tokens('A'));
          await scene.settled();
          const resume = scene.place.stall?.();
          const adopted = auth.adopt(scene.tokens('U'));
          await scene.clock.advance(5_000);
          await adopted;
          expect(failuresOf(1)).toEqual(['1 storeFailed save']);
          const signedOut = auth.signOut();
          expect(auth.fresh()).toBeNull();
          await scene.clock.advance(1_000);
          resume?.();
          await signedOut;
          await scene.settled();
          expect([auth.fresh(), await scene.storedToken()]).toEqual([null, null]);
          expect(await outcome(page().get())).toBeNull();
        });

      test('B43 SEC-06 a sign-out in an outage is at once, and reaches the place later', async () => {
        const [one, other] = await scene.openTwoPages();
        breakDown();
        await one.signOut();
        expect(one.fresh()).toBeNull();
        expect(failuresOf(1)).toEqual(['1 storeFailed save']);
        recover();
        await one.adopt(scene.tokens('U'));
        await one.signOut();
        expire();
        await outcome(other.get());
        expect(other.fresh()).toBeNull();
        expect(await scene.storedToken()).toBeNull();
      });
    });

    if (kind.doubts)
      test('B115 memory that the place doubts is not used before the place has answered', async () => {
        const pages = await scene.openTwoPages();
        for (const token of ['A', 'B']) {
          scene.place.doubt?.();
          expect(pages.map(auth => auth.fresh())).toEqual([undefined, undefined]);
          expect(await Promise.all(pages.map(auth => outcome(auth.get())))).toEqual([token, token]);
          expect(pages.map(tokenOf)).toEqual([token, token]);
          if (token === 'A') await scene.renewed(pages[0], 'B');
        }
        expect(scene.events.toSorted()).toEqual(['1 renewed', '2 renewed']);
        expect(scene.requests).toHaveLength(1);
      });
    else
      test('B115 a place that never doubts its pages is read again before their next renewal', async () => {
        const [one, other] = await scene.openTwoPages();
        await scene.renewed(one, 'B');
        const { result } = await scene.startRenewal(other);
        await scene.requests[1]?.answer(scene.tokens('C'));
        expect(await result).toBe(kind.notifies ? 'C' : 'B');
      });

    if (kind.connects) placeContract(kind);

    /** All pages, after their next look, and the place have the same token set, which is one of these. */
    async function expectOneTokenSet(pages: readonly TokenManager<string>[], names: readonly string[]): Promise<void> {
      await scene.settled();
      const stored = await scene.storedToken();
      expect(names).toContain(stored);
      const sent = scene.requests.length;
      if (!kind.notifies) for (const auth of pages) if (tokenOf(auth) !== stored) await outcome(auth.renew());
      expect(pages.map(tokenOf)).toEqual(pages.map(() => stored));
      expect(scene.requests).toHaveLength(sent);
    }
  });
}
