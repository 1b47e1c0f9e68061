import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  current,
  hours,
  minutes,
  outcome,
  recordA,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  successorOf,
} from '../../test/scriptedProvider.ts';
import { TokenError } from '../errors/tokenError.ts';
import { longestTimerMs } from '../time/clock.ts';
import { keepFresh } from './keepFresh.ts';

/** The browser APIs of a page for its visibility and its network connection. */
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

test('B59 renews ahead of each expiry without a call', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  keepFresh(auth);
  await clock.advance(10 * hours);
  expect(renewals.calls).toHaveLength(10);
  expect(renewals.calls.every(({ argument }) => argument.reason === 'ahead')).toBe(true);
  expect(clock.timers).toHaveLength(1);
  expect(reported).not.toHaveBeenCalled();
});

test('B59 renews an expired token from the store at once', async () => {
  const store = scriptedStore(recordA({ expiresAt: Date.UTC(2026, 10, 22) - 1 }));
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { auth, clock, renewals } = scriptedProvider({ store });
  keepFresh(auth);
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(1);
  await renewals.last.answer('B');
  expect(current(auth).accessToken).toBe('B');
  expect(reported).not.toHaveBeenCalled();
});

test('B59 without keepFresh there is no timer', async () => {
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

test('B59 the returned function stops it', async () => {
  const { auth, clock, renewals } = signedIn();
  const stop = keepFresh(auth);
  expect(clock.timers).toHaveLength(1);
  stop();
  page.show(true);
  page.connect(true);
  await auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  await clock.advance(10 * hours);
  expect(clock.timers).toEqual([]);
  expect(renewals.calls).toHaveLength(0);
});

test('B102 once stopped it leaves no listener', () => {
  const { auth } = signedIn();
  const { closing, session } = auth.manager();
  const listeners = () => [
    getEventListeners(page, 'online').length,
    getEventListeners(page.document, 'visibilitychange').length,
    getEventListeners(closing.signal, 'abort').length,
    session.listeners.size,
  ];
  const before = listeners();
  const stop = keepFresh(auth);
  expect(listeners()).toEqual(before.map(count => count + 1));
  stop();
  expect(listeners()).toEqual(before);
});

test('B11 dispose stops it and removes its listeners from the page', () => {
  const added = vi.fn(page.addEventListener.bind(page));
  const removed = vi.fn(page.removeEventListener.bind(page));
  vi.stubGlobal('addEventListener', added);
  vi.stubGlobal('removeEventListener', removed);
  const removedFromDocument = vi.spyOn(page.document, 'removeEventListener');
  const { auth } = signedIn();
  keepFresh(auth);
  expect(added).toHaveBeenCalledTimes(1);
  auth.dispose();
  expect(removed.mock.calls).toEqual(added.mock.calls);
  expect(removedFromDocument).toHaveBeenCalledTimes(1);
});

test('B59 pauses while the page is hidden, and renews once when it is shown', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  keepFresh(auth);
  page.show(false);
  expect(clock.timers).toEqual([]);
  await clock.advance(59.5 * minutes);
  expect(renewals.calls).toHaveLength(0);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 renews an expired token once when the page is shown after eight hours', async () => {
  const { auth, clock, renewals } = signedIn();
  keepFresh(auth);
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

test('B59 does not renew a fresh token when the page is shown', async () => {
  const { auth, clock, renewals } = signedIn();
  keepFresh(auth);
  page.show(false);
  await clock.advance(30 * minutes);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toHaveLength(1);
});

test('B59 pauses while the page is offline, and renews once when it is online', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(renewals.calls.length));
  keepFresh(auth);
  page.connect(false);
  await clock.advance(8 * hours);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([]);
  page.connect(true);
  await settled();
  expect(renewals.calls).toHaveLength(1);
});

test('B59 renews the token of an exclusive provider at expiry', async () => {
  const { auth, clock, renewals } = signedIn({ exclusive: true });
  renewals.always(() => fresh(renewals.calls.length));
  keepFresh(auth);
  await clock.advance(hours - 1);
  expect(renewals.calls).toHaveLength(0);
  await clock.advance(1);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 waits for the end of the cool-down after a failed renewal', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { auth, clock, renewals } = signedIn({ renewAheadMs: 10 * minutes, cooldownMs: 2 * minutes });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  keepFresh(auth);
  await clock.advance(50 * minutes);
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(2 * minutes - 1);
  expect(renewals.calls).toHaveLength(1);
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(2);
});

test('B59 with a cool-down of 0 renews at most once a second during an outage', async () => {
  const { auth, clock, renewals } = signedIn({ cooldownMs: 0 });
  renewals.always(() => Promise.reject(new Error('offline')));
  keepFresh(auth);
  clock.jump(hours);
  await clock.advance(10_000);
  expect(renewals.calls.length).toBeGreaterThan(5);
  expect(renewals.calls.length).toBeLessThanOrEqual(11);
});

test('B59 renews after an outage that is longer than the lifetime of the token', async () => {
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  keepFresh(auth);
  await clock.advance(3 * hours);
  expect(renewals.calls.length).toBeLessThan(50);
  renewals.always(() => fresh(1));
  await clock.advance(6 * minutes);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 has no timer after the session, and renews the next session', async () => {
  const { auth, clock, renewals } = signedIn();
  keepFresh(auth);
  await auth.signOut();
  expect(clock.timers.filter(ms => ms > 10_000)).toEqual([]);
  await auth.adopt({ accessToken: 'B', expiresInS: 3600 });
  renewals.always(() => fresh(1));
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 starts with the session when called before the sign-in', async () => {
  const { auth, clock, renewals } = scriptedProvider();
  keepFresh(auth);
  expect(clock.timers).toEqual([]);
  await auth.adopt({ accessToken: 'A', expiresInS: 3600 });
  renewals.always(() => fresh(1));
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 does not sign in with credentials when the page is shown', async () => {
  const { auth, signIns } = scriptedProvider({ credentials: () => ({ username: 'ann', password: 'a password' }) });
  keepFresh(auth);
  page.show(true);
  page.connect(true);
  await settled();
  expect(signIns.calls).toHaveLength(0);
});

test('B59 splits the wait for a token that is valid longer than the longest timer', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 60 * 86_400 });
  renewals.always(() => fresh(1));
  keepFresh(auth);
  expect(clock.timers).toEqual([longestTimerMs]);
  await clock.advance(longestTimerMs);
  expect(renewals.calls).toHaveLength(0);
  expect(clock.timers).toEqual([longestTimerMs]);
  await clock.advance(60 * 24 * hours - longestTimerMs - 2 * minutes);
  expect(renewals.calls).toHaveLength(0);
  await clock.advance(2 * minutes);
  expect(renewals.calls).toHaveLength(1);
});

test.each(['never', 'refused'] as const)('B59 has no timer with renewal "%s"', async renewal => {
  const { auth, clock, renewals } = signedIn({ renewal });
  keepFresh(auth);
  await clock.advance(10 * hours);
  expect(clock.timers).toEqual([]);
  expect(renewals.calls).toHaveLength(0);
});

test('B59 has no timer for a token with an unknown expiry', async () => {
  const { auth, clock } = scriptedProvider();
  await auth.adopt('opaque');
  keepFresh(auth);
  await settled();
  expect(clock.timers).toEqual([]);
});

test('B59 renews without document and navigator, as on a server', async () => {
  vi.unstubAllGlobals();
  vi.stubGlobal('navigator', undefined);
  const { auth, clock, renewals } = signedIn();
  renewals.always(() => fresh(1));
  const stop = keepFresh(auth);
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
  stop();
});

test('B59 a renewal of another tab moves the timer', async () => {
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
  keepFresh(auth);
  store.record = successorOf(store.record, { expiresAt: clock.now() + 3 * hours });
  notify();
  await settled();
  await clock.advance(2 * hours);
  expect(renewals.calls).toHaveLength(0);
  expect(await outcome(auth.get())).toBe('B');
});

test('B59 rounds the delay of the timer up to whole milliseconds', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.12345);
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 3 });
  keepFresh(auth);
  const [wait = 0] = clock.timers;
  expect(wait).toBe(Math.ceil(wait));
  await clock.advance(wait);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 waits for the rest of the delay when a timer fires early', async () => {
  const { auth, clock, renewals } = signedIn({}, { expiresInS: 3 });
  keepFresh(auth);
  const [wait = 0] = clock.timers;
  page.show(true); // checks early, as when a timer of some systems fires
  expect(clock.timers).toEqual([wait]);
  clock.jump(wait - 1);
  page.show(true);
  expect(clock.timers).toEqual([1]);
  await clock.advance(1);
  expect(renewals.calls).toHaveLength(1);
});

test('B59 keepFresh of a disposed manager listens to nothing', () => {
  const { auth, clock } = signedIn();
  const page = vi.spyOn(globalThis, 'addEventListener' as never);
  auth.dispose();
  keepFresh(auth)();
  expect(clock.timers).toEqual([]);
  expect(page).not.toHaveBeenCalled();
});

test('B59 a restore that met an outage is tried again after the pause', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  keepFresh(auth);
  await clock.advance(hours);
  expect(auth.state.status).toBe('unknown');
  expect(renewals.calls.length).toBeGreaterThan(5);
  expect(renewals.calls.length).toBeLessThan(30);
  renewals.always(() => fresh(1));
  await clock.advance(6 * minutes);
  expect(current(auth).accessToken).toBe('token-1');
});

test('B59 a restore that met an outage is tried again when the page is online, once', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => Promise.reject(new TokenError('unavailable', 'Unreachable.')));
  const stop = keepFresh(auth);
  await settled();
  page.connect(false);
  await clock.advance(hours);
  expect(renewals.calls).toHaveLength(1);
  renewals.always(() => fresh(1));
  page.connect(true);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(2);
  expect(auth.state.status).toBe('signedIn');
  stop();
  expect(clock.timers).toEqual([]);
});

test('B59 a restore that was answered with null is not tried again', async () => {
  const { auth, clock, renewals } = scriptedProvider({ restore: true });
  renewals.always(() => null);
  keepFresh(auth);
  await clock.advance(hours);
  page.show(true);
  await settled();
  expect(renewals.calls).toHaveLength(1);
  expect(auth.state.status).toBe('signedOut');
  expect(clock.timers).toEqual([]);
});
