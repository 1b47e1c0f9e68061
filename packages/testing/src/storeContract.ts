import {
  createTokenManager,
  type RenewContext,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
  type TokenParts,
  type TokenRecord,
} from '@latchkey/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StoreKind, StorePlace } from './storeKind.ts';

const hourMs = 3_600_000;

/** Lets everything happen that can happen without a timer. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve));

/** The access token, `null`, or the code of the `TokenError`. */
const outcome = (promise: Promise<{ readonly accessToken: string } | null>) =>
  promise.then(
    tokens => tokens?.accessToken ?? null,
    (error: unknown) => (TokenError.is(error) ? error.code : error),
  );

const tokensNamed = (name: string): TokenParts => ({ accessToken: name, refreshToken: `r${name}`, expiresInS: 3600 });

/** What must hold for every place where sessions are kept, as far as one process can show it: rows B60 to B71 of the specification. */
export function storeContract(kind: StoreKind): void {
  describe(`the store ${kind.name}`, () => {
    let place: StorePlace;
    let pages: TokenManager[];
    /** The requests to the auth server, each with the answer that the test gives. */
    let requests: { readonly from: string | undefined; readonly answer: (name: string) => Promise<void> }[];
    let events: string[];

    const renew = ({ current }: RenewContext) =>
      new Promise<TokenParts>(resolve => {
        const answer = (name: string) => {
          resolve(tokensNamed(name));
          return settled();
        };
        requests.push({ from: current?.refreshToken, answer });
      });

    /** One more page or process with a token manager. */
    function page(options: Partial<TokenManagerOptions> = {}, name?: string): TokenManager {
      const auth = createTokenManager({ renew, store: place.open(name), ...options });
      const at = pages.push(auth);
      for (const event of ['signedIn', 'renewed', 'signedOut', 'storeFailed'] as const)
        auth.on(event, () => events.push(`${at} ${event}`));
      return auth;
    }
    /** Two pages in one session, with the token `A`. */
    async function twoPages(options?: Partial<TokenManagerOptions>): Promise<readonly [TokenManager, TokenManager]> {
      const one = page(options);
      await one.adopt(tokensNamed('A'));
      const other = page(options);
      expect(await outcome(other.get())).toBe('A');
      events = [];
      return [one, other];
    }
    const expire = () => vi.setSystemTime(Date.now() + 2 * hourMs);
    const stored = async (name?: string) => place.open(name).load();
    const tokenOf = (auth: TokenManager) => auth.fresh()?.accessToken;

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
      place = kind.create();
      pages = [];
      requests = [];
      events = [];
    });
    afterEach(() => {
      for (const auth of pages) auth.dispose();
      vi.useRealTimers();
    });

    test('B71 a session is one versioned record, and its successor takes its place whole', async () => {
      const auth = page();
      await auth.adopt(tokensNamed('A'));
      const first = await stored();
      expect(first).toMatchObject({ v: 1, version: 1, accessToken: 'A', refreshToken: 'rA' });
      const renewing = auth.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      expect(await stored()).toEqual({
        v: 1,
        session: first?.session,
        version: 2,
        accessToken: 'B',
        refreshToken: 'rB',
        receivedAt: Date.now(),
        expiresAt: Date.now() + hourMs,
      });
      expect(place.count?.() ?? 1).toBe(1);
      await auth.signOut();
      expect(await stored()).toBeNull();
      expect(place.count?.() ?? 0).toBe(0);
    });

    if (kind.answersAtOnce)
      test('B70 what it holds is known from the first line on', async () => {
        await page().adopt(tokensNamed('A'));
        expect(tokenOf(page())).toBe('A');
        await pages[0]?.signOut();
        expect(page().fresh()).toBeNull();
      });
    else
      test('B70 until it has answered nothing is known, and operations wait for the token that it holds', async () => {
        await page().adopt(tokensNamed('A'));
        const auth = page();
        expect(auth.fresh()).toBeUndefined();
        expect(auth.state.status).toBe('unknown');
        expect(await Promise.all([outcome(auth.get()), outcome(auth.get())])).toEqual(['A', 'A']);
        expect(requests).toHaveLength(0);
      });

    test.for<unknown>([{}, [], 'a text', 7, { v: 2 }, { v: 1, session: 's' }, { v: 1, accessToken: 'A\r\nx: y' }])(
      'B45 SEC-05 the damaged record %j is signed out, told once, and gone',
      async damaged => {
        await place.open().save(damaged as TokenRecord);
        const auth = page();
        expect(await outcome(auth.get())).toBeNull();
        await settled();
        expect(events).toEqual(['1 storeFailed']);
        expect(await stored()).toBeNull();
      },
    );

    if (kind.hasLock)
      test('B60 two who find the token expired at once make one request, and the other adopts', async () => {
        const [one, other] = await twoPages();
        expire();
        const gets = [outcome(one.get()), outcome(other.get())];
        await settled();
        expect(requests.map(({ from }) => from)).toEqual(['rA']);
        await requests[0]?.answer('B');
        expect(await Promise.all(gets)).toEqual(['B', 'B']);
        expect(requests).toHaveLength(1);
      });
    else
      test('B60 without a lock two who find the token expired at once ask once each, and both go on with what was saved first', async () => {
        const [one, other] = await twoPages();
        expire();
        const gets = [outcome(one.get()), outcome(other.get())];
        await settled();
        expect(requests.map(({ from }) => from)).toEqual(['rA', 'rA']);
        await requests[1]?.answer('B');
        await requests[0]?.answer('C');
        expect(await Promise.all(gets)).toEqual(['B', 'B']);
        expect([tokenOf(one), tokenOf(other)]).toEqual(['B', 'B']);
        expect(await stored()).toMatchObject({ version: 2, accessToken: 'B', refreshToken: 'rB' });
      });

    test('B22 what another has renewed is adopted without a request', async () => {
      const [one, other] = await twoPages();
      expire();
      const renewing = one.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      expect(await outcome(other.get())).toBe('B');
      expect(requests).toHaveLength(1);
    });

    if (kind.hasLock)
      test('B61 whoever holds the lock and dies is waited for no longer than lockWaitMs', async () => {
        const [one] = await twoPages({ renewTimeoutMs: 1_000, lockWaitMs: 3_000 });
        const options = { waitMs: 0, signal: new AbortController().signal };
        void place.open().lock?.(() => new Promise<never>(() => {}), options);
        const renewing = outcome(one.renew());
        await vi.advanceTimersByTimeAsync(2_999);
        expect(requests).toHaveLength(0);
        await vi.advanceTimersByTimeAsync(1);
        await settled();
        await requests[0]?.answer('B');
        expect(await renewing).toBe('B');
        expect(events).toContain('1 storeFailed');
      });
    else
      test('B61 without a lock there is nothing that could be held for ever', () => {
        expect(place.open()).not.toHaveProperty('lock');
      });

    test('B61 the late save of one who was frozen loses, and it goes on with what the other has saved', async () => {
      const frozen = page({ renewTimeoutMs: 60_000 });
      await frozen.adopt(tokensNamed('A'));
      const other = page({ renewTimeoutMs: 1_000, lockWaitMs: 3_000 });
      await other.get();
      const late = outcome(frozen.renew());
      await settled();
      const renewing = outcome(other.renew());
      if (kind.hasLock) await vi.advanceTimersByTimeAsync(3_000);
      await settled();
      await requests[1]?.answer('B');
      expect(await renewing).toBe('B');
      await requests[0]?.answer('C');
      expect(await late).toBe('B');
      expect([tokenOf(frozen), tokenOf(other)]).toEqual(['B', 'B']);
      expect(await stored()).toMatchObject({ version: 2, accessToken: 'B' });
    });

    test('B61 who deletes the record that they expect deletes none that is newer', async () => {
      const [one] = await twoPages();
      const expected = await stored();
      const renewing = one.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      expect(await place.open().save(null, expected)).toBe(false);
      expect(await stored()).toMatchObject({ version: 2, accessToken: 'B' });
      expect(await place.open().save(null, await stored())).not.toBe(false);
      expect(await stored()).toBeNull();
    });

    if (kind.canBreak)
      test('B62 SEC-06 when its storage throws, memory goes on: one request for all who ask, and the failure is told', async () => {
        const [auth] = await twoPages();
        place.breakDown?.();
        expire();
        const gets = [outcome(auth.get()), outcome(auth.get())];
        await settled();
        expect(requests).toHaveLength(1);
        await requests[0]?.answer('B');
        expect(await Promise.all(gets)).toEqual(['B', 'B']);
        expect(events).toContain('1 storeFailed');
        await auth.signOut();
        expect(auth.fresh()).toBeNull();
      });
    else
      test('B62 its storage is the memory of the process, which does not throw', () => {
        expect(place).not.toHaveProperty('breakDown');
      });

    test('B63 a stale change changes nothing', async () => {
      const [one] = await twoPages();
      const before = (await stored()) as TokenRecord;
      const renewing = one.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      events = [];
      await place.open().save(before);
      await settled();
      expect(tokenOf(one)).toBe('B');
      expect(events.filter(event => event.startsWith('1'))).toEqual([]);
      const next = outcome(one.renew());
      await settled();
      await requests[1]?.answer('C');
      expect(await next).toBe('C');
    });

    test('B63 a malformed change changes nothing, and is mended by who looks at it', async () => {
      const [one] = await twoPages();
      await place.open().save({ v: 1, session: 's' } as TokenRecord);
      await settled();
      expect(tokenOf(one)).toBe('A');
      const renewing = outcome(one.renew());
      await settled();
      await requests[0]?.answer('B');
      expect(await renewing).toBe('B');
      expect(events).toContain('1 storeFailed');
      expect(await stored()).toMatchObject({ v: 1, version: 2, accessToken: 'B' });
    });

    test('B63 B69 two names do not meet: neither a sign-in nor a sign-out of one is seen by the other', async () => {
      const mine = page({}, 'mine');
      const theirs = page({}, 'theirs');
      await mine.adopt(tokensNamed('A'));
      await theirs.adopt(tokensNamed('T'));
      await settled();
      expect([tokenOf(mine), tokenOf(theirs)]).toEqual(['A', 'T']);
      await theirs.signOut();
      await settled();
      expect(tokenOf(mine)).toBe('A');
      expect([(await stored('mine'))?.accessToken, await stored('theirs')]).toEqual(['A', null]);
    });

    if (kind.tells)
      test('B64 sign-out in one place signs out all at once, without a request', async () => {
        const [one, other] = await twoPages();
        await one.signOut();
        await settled();
        expect(other.fresh()).toBeNull();
        expect(events.sort()).toEqual(['1 signedOut', '2 signedOut']);
        expect(requests).toHaveLength(0);
      });
    else
      test('B64 without notices sign-out in one place signs out the others when they look, without a request', async () => {
        const [one, other] = await twoPages();
        await one.signOut();
        await settled();
        expect(tokenOf(other)).toBe('A');
        expire();
        expect(await outcome(other.get())).toBe('signedOut');
        expect(other.fresh()).toBeNull();
        expect(events.sort()).toEqual(['1 signedOut', '2 signedOut']);
        expect(requests).toHaveLength(0);
      });

    test.for([
      ['here', 0],
      ['elsewhere', 1],
    ] as const)('B65 a record deleted by sign-out %s is not written back by a slow renewal', async ([, at]) => {
      const both = await twoPages();
      const [one] = both;
      const renewing = outcome(one.renew());
      await settled();
      await both[at].signOut();
      await requests[0]?.answer('B');
      expect(await renewing).toBe('signedOut');
      expect(one.fresh()).toBeNull();
      expect(await stored()).toBeNull();
      expect(events).not.toContain('1 renewed');
    });
  });
}
