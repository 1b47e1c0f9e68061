import { tabStore, webStorageStore } from '@latchkey/browser';
import { createTokenManager, TokenError } from '@latchkey/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stampOf } from './stampOf.ts';
import type { StorageTestPlace } from './storageTestPlace.ts';
import { hourMs, outcome, type PageOptions, StoreScene, tokenOf, tokensNamed } from './storeScene.ts';
import { tabKind, webStorageKind } from './tabKinds.ts';
import { TabPages } from './tabPages.ts';

// What only tabs have; the contract of all stores is in tabStores.test.ts.

let pages: TabPages;
let scene: StoreScene;
const dayMs = 24 * hourMs;

function stub(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
}

beforeEach(() => {
  pages = new TabPages();
  stub(pages.globals());
  scene = new StoreScene(tabKind(() => pages));
});
afterEach(async () => {
  scene.end();
  await pages.end();
  vi.unstubAllGlobals();
});

const expire = () => scene.clock.jump(2 * hourMs);
const restored: PageOptions = { restore: true };

/** A localStorage of the origin. */
function storage(failure?: DOMException) {
  const items = new Map<string, string>();
  const check = () => {
    if (failure) throw failure;
  };
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => {
      check();
      items.set(key, value);
    },
    removeItem: (key: string) => void items.delete(key),
  };
}

describe('on a server', () => {
  test('B47 two managers with one name share nothing', async () => {
    stub({ location: undefined });
    const [one, other] = ['ann', 'bob'].map(subject => ({ auth: scene.openPage(), subject }));
    await one?.auth.adopt(scene.tokens('A', one.subject));
    expect(await outcome(other?.auth.get() as Promise<null>)).toBeNull();
    await other?.auth.adopt(scene.tokens('B', other.subject));
    await scene.settled();
    expect([one, other].map(page => page && tokenOf(page.auth))).toEqual(['A', 'B']);
    expect([await pages.held(), pages.channels, pages.sent]).toEqual([[], 0, []]);
  });

  test('B47 an exclusive provider is renewed there, and webStorageStore is memory too', async () => {
    stub({ location: undefined });
    const auth = scene.openPage({ exclusive: true });
    await auth.adopt(scene.tokens('A'));
    expire();
    expect(await scene.renewed(auth, 'B')).toBe('B');
    const store = webStorageStore('session', undefined as never);
    const other = createTokenManager({ store, renew: () => null });
    await other.adopt(tokensNamed('A'));
    expect(tokenOf(other)).toBe('A');
  });
});

test.for(['', 'two words', 'x'.repeat(65), undefined, 7])('B69 the name %j is misconfigured', name => {
  for (const create of [tabStore, (wrong: string) => webStorageStore(wrong, storage() as never)])
    expect(() => create(name as never)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
});

test.for([{ askMs: Number.NaN }, { askMs: '250' }, { lostExchangeMs: Number.NaN }, { lostExchangeMs: -1 }])(
  'B74 the times %j are misconfigured: a lock that nobody gives up would be taken over at once',
  options => {
    const create = [
      tabStore,
      (name: string, wrong: never) => webStorageStore(name, storage() as never, wrong),
    ] as const;
    for (const store of create)
      expect(() => store('session', options as never)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  },
);

test('B72 a token set with a refresh token is misconfigured, the message names webStorageStore, and nothing is sent', async () => {
  const auth = scene.openPage();
  await auth.get();
  pages.sent.length = 0;
  const error = await auth.adopt(tokensNamed('A')).catch((thrown: unknown) => thrown);
  expect(TokenError.is(error) && error.code).toBe('misconfigured');
  expect(String(error)).toContain('webStorageStore');
  expect([auth.fresh(), pages.sent]).toEqual([null, []]);
  vi.stubEnv('NODE_ENV', 'production');
  expect(await outcome(auth.adopt(tokensNamed('A')) as never)).toBe('misconfigured');
  vi.unstubAllEnvs();
  expect(pages.sent).toEqual([]);
});

describe('nobody is signed in', () => {
  test('B73 tabs that open at the same time ask the auth server once', async () => {
    const tabs = Array.from({ length: 20 }, () => scene.openPage(restored));
    const gets = tabs.map(auth => outcome(auth.get()));
    await scene.settled();
    await scene.requests[0]?.answer(null);
    expect(new Set(await Promise.all(gets))).toEqual(new Set([null]));
    expect(scene.requests).toHaveLength(1);
    expect(scene.events).toEqual([]);
  });

  test('B73 a tab that opens later asks the auth server, because somebody may have signed in without a page', async () => {
    const first = scene.openPage(restored);
    const got = outcome(first.get());
    await scene.settled();
    await scene.requests[0]?.answer(null);
    await got;
    const later = scene.openPage(restored);
    const get = outcome(later.get());
    await scene.settled();
    await scene.requests[1]?.answer(scene.tokens('A'));
    expect(await get).toBe('A');
    await scene.settled();
    expect(tokenOf(first)).toBe('A');
  });
});

describe('a tab that opens', () => {
  test('B73 while others are signed in is signed in without a request and without a wait', async () => {
    const [one] = await scene.openTwoPages();
    await scene.renewed(one, 'B');
    const now = scene.clock.now();
    expect(await outcome(scene.openPage(restored).get())).toBe('B');
    expect([scene.requests.length, scene.clock.now()]).toEqual([1, now]);
  });

  test('B61 while the only other tab is frozen waits twice for 250 ms, asks the auth server, and beats the frozen entry', async () => {
    const frozen = stampOf({ epoch: scene.clock.now() + hourMs });
    await pages.hold(`latchkey.session.at ${frozen} frozen`, { mode: 'shared' });
    const auth = scene.openPage(restored);
    const get = outcome(auth.get());
    await scene.clock.advance(499);
    expect(scene.requests).toHaveLength(0);
    await scene.clock.advance(1);
    expect(scene.requests).toHaveLength(1);
    await scene.requests[0]?.answer(scene.tokens('A'));
    expect(await get).toBe('A');
    expect(String((await scene.place.stored())?.stamp) > frozen).toBe(true);
  });
});

describe('messages', () => {
  const record = { v: 1, accessToken: 'forged', receivedAt: 1 };
  const stampAt = (ms: number) => stampOf({ epoch: scene.clock.now() + ms });

  test('B63 malformed, foreign, older and implausible ones change nothing and cause no event', async () => {
    const [one, other] = await scene.openTwoPages();
    const set = { v: 1, t: 'set', from: 'forger', stamp: stampAt(hourMs), record };
    const channel = new BroadcastChannel('latchkey.session');
    const wrong = [
      null,
      7,
      'set',
      [],
      new Map(),
      Number.NaN,
      -1,
      {},
      { ...set, v: 2 },
      { ...set, from: 'x'.repeat(65) },
    ];
    const more = [
      { ...set, stamp: 'x' },
      { ...set, t: 'get' },
      { ...set, to: 'nobody' },
      { ...set, record: undefined },
    ];
    const times = [
      { ...set, stamp: stampAt(-hourMs) },
      { ...set, stamp: stampAt(dayMs + hourMs) },
    ];
    const secret = { ...set, record: { ...record, refreshToken: 'r' } };
    for (const message of [...wrong, ...more, ...times, secret]) channel.postMessage(message);
    await scene.settled();
    channel.close();
    expect([tokenOf(one), tokenOf(other), scene.events]).toEqual(['A', 'A', []]);
  });

  test('B61 a lock that shows an implausible stamp is not believed', async () => {
    await pages.hold(`latchkey.session.at ${stampAt(2 * dayMs)} forger`, { mode: 'shared' });
    await pages.hold('latchkey.session.at newest forger', { mode: 'shared' });
    const [, other] = await scene.openTwoPages();
    expect(tokenOf(other)).toBe('A');
  });

  test('SEC-02 B71 names of locks have stamps, and no token', async () => {
    await scene.openTwoPages();
    const held = await pages.held();
    expect(held).toHaveLength(2);
    for (const name of held) expect(name).toMatch(/^latchkey\.session\.at [\d-]{59} \w+$/);
  });

  test('B63 a channel that cannot be made is one event, and renewals are still taken in turn', async () => {
    stub({
      BroadcastChannel: class {
        constructor() {
          throw new Error('There is no channel.');
        }
      },
    });
    const tabs = [scene.openPage(restored), scene.openPage(restored)];
    const gets = tabs.map(auth => outcome(auth.get()));
    await scene.settled();
    expect(scene.requests).toHaveLength(1);
    await scene.requests[0]?.answer(scene.tokens('A'));
    await scene.requests[1]?.answer(scene.tokens('B'));
    expect(await Promise.all(gets)).toEqual(['A', 'B']);
    expect(scene.events.filter(event => event.includes('storeFailed'))).toEqual([
      '1 storeFailed notify',
      '2 storeFailed notify',
    ]);
  });
});

test('B63 a channel that cannot send is one event, and the session goes on', async () => {
  const { BroadcastChannel: Channel } = pages.globals() as { BroadcastChannel: typeof BroadcastChannel };
  stub({
    BroadcastChannel: class extends Channel {
      override postMessage(): void {
        throw new DOMException('It could not be cloned.', 'DataCloneError');
      }
    },
  });
  const auth = scene.openPage();
  await auth.adopt(scene.tokens('A'));
  expect(await scene.renewed(auth, 'B')).toBe('B');
  expect(scene.events.filter(event => event.includes('storeFailed'))).toEqual(['1 storeFailed notify']);
});

test('B46 B110 two users who sign in at the same time in two tabs leave both tabs with one of them', async () => {
  const tabs = [scene.openPage(), scene.openPage()] as const;
  await scene.settled();
  await Promise.all([tabs[0].adopt(scene.tokens('A', 'ann')), tabs[1].adopt(scene.tokens('B', 'bob'))]);
  await scene.settled();
  const [one, other] = tabs.map(auth => auth.fresh()?.accessToken);
  expect(one).toBe(other);
  expect(['A', 'B']).toContain(one);
});

describe('the lock', () => {
  const patienceMs = 30_000 + 6_000 + 3_000;

  test('B61 B74 of tabs that wait for a holder that hangs one takes over, after the time that a healthy one may need', async () => {
    const [one, other] = await scene.openTwoPages({ lockWaitMs: 60_000 });
    await pages.hold('latchkey.session.renew');
    expire();
    const gets = [one, other].map(auth => outcome(auth.renew()));
    await scene.clock.advance(patienceMs);
    expect(scene.requests).toHaveLength(0);
    await scene.clock.advance(1_000);
    expect(scene.requests).toHaveLength(1);
    await scene.requests[0]?.answer(scene.tokens('B'));
    expect(await Promise.all(gets)).toEqual(['B', 'unavailable']); // its wait ends after 15 s
    expect(await outcome(other.get())).toBe('B');
    expect(scene.requests).toHaveLength(1);
  });

  test('B74 the holder that has taken over is given its own time', async () => {
    const [one, other] = await scene.openTwoPages({ lockWaitMs: 90_000 });
    await pages.hold('latchkey.session.renew');
    expire();
    void outcome(one.renew());
    const waiting = outcome(other.renew());
    await scene.clock.advance(patienceMs + 1_000);
    await scene.clock.advance(29_000);
    expect(scene.requests).toHaveLength(1);
    await scene.clock.advance(2_000); // its token request has had its time
    expect(scene.requests).toHaveLength(2);
    await scene.requests[1]?.answer(scene.tokens('B'));
    await waiting;
  });

  test('B74 a token request whose tab has vanished is given 3 s to set its cookie, whatever the clock says', async () => {
    for (const startedAt of [scene.clock.now() - 1_000, scene.clock.now() + hourMs]) {
      const local = storage();
      stub({ localStorage: local });
      local.items.set('latchkey.session renewing', `${startedAt} vanished`);
      const before = scene.requests.length;
      const auth = scene.openPage({ ...restored, name: 'session' });
      const get = outcome(auth.get());
      await scene.clock.advance(1_994);
      expect(scene.requests).toHaveLength(before);
      await scene.clock.advance(startedAt > scene.clock.now() ? 1_011 : 11);
      expect(scene.requests).toHaveLength(before + 1);
      expect(local.items.get('latchkey.session renewing')).not.toContain('vanished');
      await scene.requests[before]?.answer(null);
      expect(await get).toBeNull();
      expect(local.items.has('latchkey.session renewing')).toBe(false);
      auth.dispose();
      await scene.settled();
    }
  });

  test('B74 a page that is being left keeps the mark, and sends no second time', async () => {
    const local = storage();
    stub({ localStorage: local });
    const [auth] = await scene.openTwoPages({
      renew: () => {
        pages.window.dispatchEvent(new Event('beforeunload'));
        sent++;
        throw new TypeError('Failed to fetch');
      },
    });
    let sent = 0;
    void outcome(auth.renew());
    await scene.clock.advance(100);
    expect(sent).toBe(1);
    expect(local.items.get('latchkey.session renewing')).toMatch(/^\d+ \w+$/);
  });

  test('B62 SEC-06 a localStorage that is forbidden is one event, and renewals go on', async () => {
    const forbidden = () => {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    };
    Object.defineProperty(globalThis, 'localStorage', { get: forbidden, configurable: true });
    try {
      const [auth] = await scene.openTwoPages();
      const result = outcome(auth.renew());
      await scene.clock.advance(10);
      await scene.requests[0]?.answer(scene.tokens('B'));
      expect(await result).toBe('B');
      expect(scene.events.filter(event => event.includes('storeFailed'))).toEqual(['1 storeFailed lock']);
    } finally {
      Reflect.deleteProperty(globalThis, 'localStorage');
    }
  });

  test('B62 SEC-06 a localStorage that is full is one event, and renewals go on', async () => {
    stub({ localStorage: storage(new DOMException('The quota has been exceeded.', 'QuotaExceededError')) });
    const [auth] = await scene.openTwoPages();
    for (const name of ['B', 'C']) {
      const result = outcome(auth.renew());
      await scene.clock.advance(10);
      await scene.requests.at(-1)?.answer(scene.tokens(name));
      expect(await result).toBe(name);
    }
    expect(scene.events.filter(event => event.startsWith('1 storeFailed'))).toEqual(['1 storeFailed lock']);
  });
});

describe('without Web Locks', () => {
  const withoutLocks = {
    'are missing': undefined,
    throw: {
      request: () => Promise.reject(new DOMException('The context is insecure.', 'SecurityError')),
      query: () => Promise.reject(new DOMException('The context is insecure.', 'SecurityError')),
    },
  };

  test.for(Object.entries(withoutLocks))('B62 tabs whose locks %s claim a renewal by messages', async ([, locks]) => {
    stub({ navigator: { locks } });
    const one = scene.openPage();
    const other = scene.openPage();
    await scene.clock.advance(250);
    await one.adopt(scene.tokens('A'));
    await scene.settled();
    expect(tokenOf(other)).toBe('A');
    for (const name of ['B', 'C']) {
      expire();
      const gets = [one, other].map(auth => outcome(auth.get()));
      await scene.clock.advance(500);
      await scene.requests.at(-1)?.answer(scene.tokens(name));
      expect(await Promise.all(gets)).toEqual([name, name]);
    }
    expect(scene.requests).toHaveLength(2);
    const later = scene.openPage(restored);
    const get = outcome(later.get());
    await scene.settled();
    expect(await get).toBe('C');
    expect(scene.events.filter(event => event.includes('storeFailed'))).toEqual([
      '1 storeFailed lock',
      '2 storeFailed lock',
      '3 storeFailed lock',
    ]);
  });

  test('B62 an exclusive provider is not renewed', async () => {
    stub({ navigator: {} });
    const auth = scene.openPage({ exclusive: true });
    await scene.clock.advance(250);
    await auth.adopt(scene.tokens('A'));
    expire();
    expect(await outcome(auth.get())).toBe('unavailable');
    expect(scene.requests).toHaveLength(0);
  });

  test('B61 a claim of a tab that has vanished ends', async () => {
    stub({ navigator: {} });
    const auth = scene.openPage({ lockWaitMs: 60_000 });
    await scene.clock.advance(250);
    await auth.adopt(scene.tokens('A'));
    const channel = new BroadcastChannel('latchkey.session');
    channel.postMessage({ v: 1, t: 'held', from: 'vanished' });
    await scene.settled();
    channel.close();
    const get = outcome(auth.renew());
    await scene.clock.advance(29_000);
    expect(scene.requests).toHaveLength(0);
    await scene.clock.advance(1_500);
    await scene.requests[0]?.answer(scene.tokens('B'));
    expect(await get).toBe('B');
  });
});

describe('the back/forward cache', () => {
  const leave = () => pages.window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  const comeBack = () => pages.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));

  test('B115 a page holds no lock and no channel there, and what it asks waits for its return', async () => {
    const [one] = await scene.openTwoPages();
    leave();
    await scene.settled();
    expect([await pages.held(), pages.channels]).toEqual([[], 0]);
    expect(one.fresh()).toBeUndefined();
    const get = outcome(one.get());
    await scene.settled();
    expect(one.fresh()).toBeUndefined();
    comeBack();
    expect(one.fresh()).toBeUndefined();
    expect(await get).toBe('A');
    await scene.settled();
    expect(await pages.held()).toHaveLength(2);
  });

  test.for([
    ['is over', null, 'sessionExpired'],
    ['is on', 'B', 'B'],
    ['is that of the next user', 'U', 'signedOut'],
  ] as const)(
    'B115 a page that comes back to no other tab asks whose session it is: it %s',
    async ([, answer, expected]) => {
      const auth = scene.openPage();
      await auth.adopt(scene.tokens('A', 'ann'));
      leave();
      comeBack();
      await scene.settled();
      expect(auth.fresh()).toBeUndefined();
      const get = outcome(auth.get());
      await scene.settled();
      await scene.requests[0]?.answer(answer && scene.tokens(answer, answer === 'U' ? 'bob' : 'ann'));
      expect(await get).toBe(expected);
      expect(scene.requests).toHaveLength(1);
    },
  );
});

test('B11 B14 pages that are disposed of leave no channel, no lock and no listener', async () => {
  const add = vi.spyOn(pages.window, 'addEventListener');
  const remove = vi.spyOn(pages.window, 'removeEventListener');
  stub(pages.globals());
  for (const kind of [tabKind(() => pages), webStorageKind(() => pages)]) {
    const other = new StoreScene(kind);
    await other.openTwoPages();
    other.end();
    await other.settled();
  }
  expect([await pages.held(), pages.channels]).toEqual([[], 0]);
  expect(remove.mock.calls.length).toBe(add.mock.calls.length);
});

describe('webStorageStore', () => {
  beforeEach(() => {
    scene = new StoreScene(webStorageKind(() => pages));
  });

  test('B61 a storage that is behind what a lock shows is waited for', async () => {
    const [one] = await scene.openTwoPages();
    const newest = stampOf({ epoch: scene.clock.now() + 1 });
    await pages.hold(`latchkey.session.stored ${newest} other`, { mode: 'shared' });
    const { result } = await scene.startRenewal(one);
    expect(scene.requests).toHaveLength(0);
    await scene.place.put({ stamp: newest, record: { v: 1, accessToken: 'B', receivedAt: scene.clock.now() } });
    await scene.clock.advance(5);
    expect(scene.requests).toHaveLength(0);
    await result;
  });

  test('B71 a storage of one tab, or none, is misconfigured: the tabs would show stamps of sessions that they do not share', () => {
    const sessionStorage = storage();
    stub({ sessionStorage });
    for (const wrong of [sessionStorage, undefined, null, {}])
      expect(() => webStorageStore('session', wrong as never)).toThrow(
        expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining('keyValueStore') }),
      );
  });

  test('B28 B60 a token set that another tab could not save is not renewed a second time', async () => {
    const [one, other] = await scene.openTwoPages();
    const renewed = await scene.startRenewal(one);
    const place = scene.place as StorageTestPlace;
    place.isFull = true;
    await scene.requests[0]?.answer(scene.tokens('B'));
    expect(await renewed.result).toBe('B');
    const { result } = await scene.startRenewal(other);
    await scene.clock.advance(250);
    expect(await result).toBe('unavailable');
    expect(scene.requests.map(({ from }) => from)).toEqual(['rA']);
    place.isFull = false;
    await scene.clock.advance(2_000); // saved again
    expect(await scene.storedToken()).toBe('B');
    expect(tokenOf(other)).toBe('B');
  });

  test('B63 notices have no token', async () => {
    const [one] = await scene.openTwoPages();
    await scene.renewed(one, 'B');
    await one.signOut();
    expect(pages.sent.length).toBeGreaterThan(2);
    for (const message of pages.sent)
      expect(Object.keys(message as object).sort()).toEqual(['from', 'stamp', 't', 'v']);
  });
});
