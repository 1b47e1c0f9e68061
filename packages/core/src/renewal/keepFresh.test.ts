import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  current,
  scriptedStore,
  hours,
  minutes,
  outcome,
  recordA,
  scriptedProvider,
  settled,
  signedIn,
} from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { longestTimerMs } from '../time/clock.ts';

/** What a browser has of a page: its visibility, and whether it is online. */
class Page extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  readonly navigator = { onLine: true };

  show(isVisible: boolean): void {
    this.document.visibilityState = isVisible ? 'visible' : 'hidden';
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  connect(isOnline: boolean): void {
    this.navigator.onLine = isOnline;
    this.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
  }
}

let page: Page;
beforeEach(() => {
  page = new Page();
  vi.stubGlobal('document', page.document);
  vi.stubGlobal('navigator', page.navigator);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const fresh = (call: number) => ({ accessToken: `token-${call}`, expiresInS: 3600 });

test('B59 it renews ahead of expiry without anybody asking, again and again', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  auth.keepFresh();
  await clock.advance(10 * hours);
  expect(renewals.calls).toHaveLength(10);
  expect(renewals.calls.every(({ argument }) => argument.reason === 'ahead')).toBe(true);
  expect(clock.timers).toHaveLength(1);
});

test('B59 a token that the store brings dead is renewed at once', async () => {
  const store = scriptedStore(recordA({ expiresAt: Date.UTC(2026, 10, 22) - 1 }));
  const { auth, clock, renewals } = scriptedProvider({ store });
  auth.keepFresh();
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 without it no timer exists', async () => {
  const { auth, clock, renewals } = signedIn();
  await settled();
  expect(clock.timers).toEqual([]);
  renewals.always(() => fresh(1));
  await auth.renew();
  await settled();
  expect(clock.timers).toEqual([]);
  await clock.advance(10 * hours);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 its stop ends it', async () => {
  const { auth, clock, renewals } = signedIn();
  const stop = auth.keepFresh();
  expect(clock.timers).toHaveLength(1);
  stop();
  page.show(true);
  page.connect(true);
  await auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  await clock.advance(10 * hours);
  expect(clock.timers).toEqual([]);
  expect(renewals.calls).toHaveLength(0);
});

test('B11 dispose ends it, and nothing of it is left on the page', () => {
  const added = vi.fn(page.addEventListener.bind(page));
  const removed = vi.fn(page.removeEventListener.bind(page));
  vi.stubGlobal('addEventListener', added);
  vi.stubGlobal('removeEventListener', removed);
  const ofDocument = vi.spyOn(page.document, 'removeEventListener');
  const { auth } = signedIn();
  auth.keepFresh();
  expect(added).toHaveBeenCalledTimes(1);
  auth.dispose();
  expect(removed.mock.calls).toEqual(added.mock.calls);
  expect(ofDocument).toHaveBeenCalledTimes(1);
});

test('B59 it pauses while the page is hidden, and checks once on return', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  auth.keepFresh();
  page.show(false);
  expect(clock.timers).toEqual([]);
  await clock.advance(59.5 * minutes);
  expect(renewals.calls).toHaveLength(0);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 on return after eight hours the dead token is renewed once', async () => {
  const { auth, clock, renewals } = signedIn();
  auth.keepFresh();
  page.show(false);
  await clock.advance(8 * hours);
  page.show(true);
  await settled();
  expect(renewals.calls.map(({ argument }) => argument.reason)).toEqual(['expired']);
  await renewals.last.answer(fresh(1));
  await clock.advance(30 * minutes);
  expect(current(auth).accessToken).toBe('token-1');
  expect(renewals.calls).toHaveLength(1);
});

test('B59 on return with a token that is good nothing is asked', async () => {
  const { auth, clock, renewals } = signedIn();
  auth.keepFresh();
  page.show(false);
  await clock.advance(30 * minutes);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toHaveLength(1);
});

test('B59 it pauses while the page is offline, and checks once on return', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  auth.keepFresh();
  page.connect(false);
  await clock.advance(8 * hours);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([]);
  page.connect(true);
  await settled();
  expect(renewals.calls).toHaveLength(1);
});

test('B59 exclusive providers are renewed at expiry', async () => {
  const { auth, clock, renewals } = signedIn({ exclusive: true });
  renewals.always(() => fresh(renewals.calls.length));
  auth.keepFresh();
  await clock.advance(hours - 1);
  expect(renewals.calls).toHaveLength(0);
  await clock.advance(1);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 after a failed renewal it waits for the end of the cool-down', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, renewals } = signedIn({ renewAheadMs: 10 * minutes, cooldownMs: 2 * minutes });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Gone.')));
  auth.keepFresh();
  await clock.advance(50 * minutes);
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(2 * minutes - 1);
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(2);
});

test('B59 an outage without a cool-down is not asked about without pause', async () => {
  const { auth, clock, renewals } = signedIn({ cooldownMs: 0 });
  renewals.always(() => Promise.reject(new Error('offline')));
  auth.keepFresh();
  clock.jump(hours);
  await clock.advance(10_000);
  expect(renewals.calls.length).toBeGreaterThan(5);
  expect(renewals.calls.length).toBeLessThanOrEqual(11);
});

test('B59 an outage that outlasts the token is got over', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Gone.')));
  auth.keepFresh();
  await clock.advance(3 * hours);
  expect(renewals.calls.length).toBeLessThan(50);
  renewals.always(() => fresh(1));
  await clock.advance(6 * minutes);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 the session is over: no timer is left, and the next session has its own', async () => {
  const { auth, clock, renewals } = signedIn();
  auth.keepFresh();
  await auth.signOut();
  expect(clock.timers.filter(ms => ms > 10_000)).toEqual([]);
  await auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  renewals.always(() => fresh(1));
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 begun before anybody is signed in it starts with the session', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  auth.keepFresh();
  expect(clock.timers).toEqual([]);
  await auth.adopt({ accessToken: 'A', expiresInS: 3600 });
  renewals.always(() => fresh(1));
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 on return nobody is signed in by it', async () => {
  const { auth, signIns } = scriptedProvider({ credentials: () => ({ username: 'ann', password: 'a password' }) });
  auth.keepFresh();
  page.show(true);
  page.connect(true);
  await settled();
  expect(signIns.calls).toHaveLength(0);
});

test('B59 a token that lives longer than the longest timer: no timer is longer, and none fires for nothing', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 60 * 86_400 });
  renewals.always(() => fresh(1));
  auth.keepFresh();
  expect(clock.timers).toEqual([longestTimerMs]);
  await clock.advance(longestTimerMs);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([longestTimerMs]);
  await clock.advance(60 * 24 * hours - longestTimerMs - 2 * minutes);
  expect(renewals.calls).toHaveLength(0);
  await clock.advance(2 * minutes);
  expect(renewals.calls).toHaveLength(1);
});

test.each(['never', 'refused'] as const)('B59 with renewal %s there is nothing to time', async renewal => {
  const { auth, clock, renewals } = signedIn({ renewal });
  auth.keepFresh();
  await clock.advance(10 * hours);
  expect(clock.timers).toEqual([]);
  expect(renewals.calls).toHaveLength(0);
});

test('B59 a token of unknown expiry has no timer', async () => {
  const { auth, clock } = scriptedProvider();
  await auth.adopt('opaque');
  auth.keepFresh();
  await settled();
  expect(clock.timers).toEqual([]);
});

test('B59 a page without document and navigator, as on a server, is always awake', async () => {
  vi.unstubAllGlobals();
  vi.stubGlobal('navigator', undefined);
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(1));
  const stop = auth.keepFresh();
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
  stop();
});

test('B59 another tab’s renewal puts the timer off', async () => {
  let notify = () => {};
  const store = scriptedStore(recordA());
  const { auth, clock, renewals } = scriptedProvider({
    store: {
      load: () => store.load(),
      save: record => store.save(record),
      subscribe(changed) {
        notify = changed;
        return () => {};
      },
    },
  });
  await auth.get();
  auth.keepFresh();
  store.record = recordA({ version: 2, accessToken: 'B', expiresAt: clock.now() + 3 * hours });
  notify();
  await settled();
  await clock.advance(2 * hours);
  expect(renewals.calls).toHaveLength(0);
  expect(await outcome(auth.get())).toBe('B');
});

test('B59 a timer that knows no fractions of a millisecond does not fire before the renewal is due', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.12345);
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 3 });
  auth.keepFresh();
  const [wait = 0] = clock.timers;
  expect(wait).toBe(Math.ceil(wait));
  await clock.advance(wait);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 a timer that fires early waits for the rest, and no longer', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 3 });
  auth.keepFresh();
  const [wait = 0] = clock.timers;
  page.show(true); // looks early, as the timer of some systems does
  expect(clock.timers).toEqual([wait]);
  clock.jump(wait - 1);
  page.show(true);
  expect(clock.timers).toEqual([1]);
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(1);
});
