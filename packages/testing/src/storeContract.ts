import {
  createTokenManager,
  type RenewContext,
  sharedSession,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
  type TokenParts,
  type TokenRecord,
} from '@latchkey/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StoreKind, StorePlace } from './storeKind.ts';

const hourMs = 3_600_000;

/** Runs all pending promise callbacks. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve));

/** The access token, `null`, or the code of the `TokenError`. */
const outcome = (promise: Promise<{ readonly accessToken: string } | null>) =>
  promise.then(
    tokens => tokens?.accessToken ?? null,
    (error: unknown) => (TokenError.is(error) ? error.code : error),
  );

const tokensNamed = (name: string): TokenParts => ({ accessToken: name, refreshToken: `r${name}`, expiresInS: 3600 });

/** What every store must fulfil, as far as one process can show it: the rows of BEHAVIOUR.md that its tests name. */
export function storeContract(kind: StoreKind): void {
  describe(`the store ${kind.name}`, () => {
    let place: StorePlace;
    let pages: TokenManager[];
    /** The token requests, each with a function by which the test answers it. */
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

    /** Opens another page (or process) with a token manager. Its events are noted with its number. */
    function openPage(options: Partial<TokenManagerOptions> = {}, name?: string): TokenManager {
      const auth = createTokenManager({ renew, store: sharedSession(place.open(name)), ...options });
      const number = pages.push(auth);
      for (const event of ['signedIn', 'renewed', 'signedOut', 'storeFailed'] as const)
        auth.on(event, () => events.push(`${number} ${event}`));
      return auth;
    }
    /** Opens two pages in one session, with the token `A`. */
    async function openTwoPages(
      options?: Partial<TokenManagerOptions>,
    ): Promise<readonly [TokenManager, TokenManager]> {
      const one = openPage(options);
      await one.adopt(tokensNamed('A'));
      const other = openPage(options);
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

    test('B71 a session is one versioned record, which a renewal replaces as a whole', async () => {
      const auth = openPage();
      await auth.adopt(tokensNamed('A'));
      const first = await stored();
      expect(first).toMatchObject({ v: 1, version: 1, accessToken: 'A', refreshToken: 'rA' });
      const renewing = auth.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      expect(await stored()).toEqual({
        v: 1,
        sessionId: first?.sessionId,
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
      test('B70 its content is known synchronously', async () => {
        await openPage().adopt(tokensNamed('A'));
        expect(tokenOf(openPage())).toBe('A');
        await pages[0]?.signOut();
        expect(openPage().fresh()).toBeNull();
      });
    else
      test('B70 the state is unknown until it has loaded, and operations wait for the stored token', async () => {
        await openPage().adopt(tokensNamed('A'));
        const auth = openPage();
        expect(auth.fresh()).toBeUndefined();
        expect(auth.state.status).toBe('unknown');
        expect(await Promise.all([outcome(auth.get()), outcome(auth.get())])).toEqual(['A', 'A']);
        expect(requests).toHaveLength(0);
      });

    test.for<unknown>([{}, [], 'a string', 7, { v: 2 }, { v: 1, sessionId: 's' }, { v: 1, accessToken: 'A\r\nx: y' }])(
      'B45 SEC-05 the damaged record %j is reported once and deleted, and the state is signed out',
      async damaged => {
        await place.open().save(damaged as TokenRecord);
        const auth = openPage();
        expect(await outcome(auth.get())).toBeNull();
        await settled();
        expect(events).toEqual(['1 storeFailed']);
        expect(await stored()).toBeNull();
      },
    );

    if (kind.hasLock)
      test('B60 two pages that find the token expired at the same time send one request, and the other adopts', async () => {
        const [one, other] = await openTwoPages();
        expire();
        const gets = [outcome(one.get()), outcome(other.get())];
        await settled();
        expect(requests.map(({ from }) => from)).toEqual(['rA']);
        await requests[0]?.answer('B');
        expect(await Promise.all(gets)).toEqual(['B', 'B']);
        expect(requests).toHaveLength(1);
      });
    else
      test('B60 without a lock two pages that find the token expired at the same time send one request each, and both use the token set that was saved first', async () => {
        const [one, other] = await openTwoPages();
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

    test('B22 a token set that another page has renewed is adopted without a request', async () => {
      const [one, other] = await openTwoPages();
      expire();
      const renewing = one.renew();
      await settled();
      await requests[0]?.answer('B');
      await renewing;
      expect(await outcome(other.get())).toBe('B');
      expect(requests).toHaveLength(1);
    });

    if (kind.hasLock)
      test('B61 a lock whose holder never releases it is waited for no longer than lockWaitMs', async () => {
        const [one] = await openTwoPages({ renewTimeoutMs: 1_000, lockWaitMs: 3_000 });
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
      test('B61 it has no lock that could be held for ever', () => {
        expect(place.open()).not.toHaveProperty('lock');
      });

    test('B61 the late save of a frozen page loses, and that page continues with the token set that the other has saved', async () => {
      const frozen = openPage({ renewTimeoutMs: 60_000 });
      await frozen.adopt(tokensNamed('A'));
      const other = openPage({ renewTimeoutMs: 1_000, lockWaitMs: 3_000 });
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

    test('B61 a deletion that expects a record does not delete a newer one', async () => {
      const [one] = await openTwoPages();
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
      test('B62 SEC-06 when its storage throws, the session continues in memory with a single flight, and the failure is reported', async () => {
        const [auth] = await openTwoPages();
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
      const [one] = await openTwoPages();
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

    test('B63 a malformed record changes nothing, and the next renewal replaces it', async () => {
      const [one] = await openTwoPages();
      await place.open().save({ v: 1, sessionId: 's' } as TokenRecord);
      await settled();
      expect(tokenOf(one)).toBe('A');
      const renewing = outcome(one.renew());
      await settled();
      await requests[0]?.answer('B');
      expect(await renewing).toBe('B');
      expect(events).toContain('1 storeFailed');
      expect(await stored()).toMatchObject({ v: 1, version: 2, accessToken: 'B' });
    });

    test('B63 B69 a sign-in or sign-out under one name does not affect another name', async () => {
      const first = openPage({}, 'first');
      const second = openPage({}, 'second');
      await first.adopt(tokensNamed('A'));
      await second.adopt(tokensNamed('T'));
      await settled();
      expect([tokenOf(first), tokenOf(second)]).toEqual(['A', 'T']);
      await second.signOut();
      await settled();
      expect(tokenOf(first)).toBe('A');
      expect([(await stored('first'))?.accessToken, await stored('second')]).toEqual(['A', null]);
    });

    if (kind.notifies)
      test('B64 a sign-out in one page signs out all pages at once, without a request', async () => {
        const [one, other] = await openTwoPages();
        await one.signOut();
        await settled();
        expect(other.fresh()).toBeNull();
        expect(events.sort()).toEqual(['1 signedOut', '2 signedOut']);
        expect(requests).toHaveLength(0);
      });
    else
      test('B64 without notices a sign-out in one page signs out another when it looks at the store, without a request', async () => {
        const [one, other] = await openTwoPages();
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
      const both = await openTwoPages();
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
