import { ok, deepStrictEqual as same } from 'node:assert';
import type { Page } from 'playwright';
import { eventsOf, expire, freshOf, getAtOnce, type Stage, signIn } from './stage.ts';

export interface Scenario {
  readonly name: string;
  /** Resolves to the number of token requests, where the summary shows it. @throws what did not hold */
  readonly play: (stage: Stage) => Promise<number | void>;
}

export const tabs = 20;
const isToken = (value: unknown) => typeof value === 'string' && /^a\d+$/.test(value);

function expectOneToken(tokens: readonly unknown[]): void {
  same([...new Set(tokens)].filter(isToken).length, 1, `tokens: ${tokens.join(' ')}`);
  ok(tokens.every(isToken), `tokens: ${tokens.join(' ')}`);
}

async function play20Expired(stage: Stage): Promise<number> {
  const pages = await stage.openSignedIn(tabs);
  await expire(pages);
  expectOneToken(await getAtOnce(pages));
  same(stage.server.tokenRequests, 1);
  return stage.server.tokenRequests;
}

async function playRounds(stage: Stage, query: string): Promise<void> {
  const pages = await stage.openSignedIn(tabs, query);
  for (let round = 1; round <= 10; round++) {
    await expire(pages);
    expectOneToken(await getAtOnce(pages));
    same(stage.server.tokenRequests, round);
  }
}

async function playOneByOne(stage: Stage): Promise<void> {
  const [first] = (await stage.openSignedIn(1)) as [Page];
  const tokens = [await first.evaluate(() => tab.get())];
  for (let count = 1; count < tabs; count++) tokens.push(await (await stage.open()).evaluate(() => tab.get()));
  expectOneToken(tokens);
  same(stage.server.tokenRequests, 0);
  for (const page of stage.pages) same(await eventsOf(page), []);
}

async function playRestore(stage: Stage): Promise<void> {
  const [page] = (await stage.openSignedIn(1)) as [Page];
  await page.close();
  const pages = await stage.openMany(tabs);
  expectOneToken(await getAtOnce(pages));
  same(stage.server.tokenRequests, 1);
}

async function playNobody(stage: Stage): Promise<void> {
  const pages = await stage.openMany(tabs);
  same(new Set(await getAtOnce(pages)), new Set([null]));
  ok(stage.server.tokenRequests <= 2, `${stage.server.tokenRequests} token requests`);
  for (const one of pages) same(await eventsOf(one), []);
}

type Vanish = (page: Page, stage: Stage) => Promise<unknown>;
const vanish: Record<string, Vanish> = {
  closes: page => page.close(),
  crashes: page => page.goto('chrome://crash').catch(() => {}),
  'is reloaded': page => page.reload(),
  navigates: (page, stage) => page.goto(`${stage.origin}/?elsewhere`),
};

/** The server has rotated the cookie, and its answer is under way, when the tab vanishes. */
async function playVanish(stage: Stage, how: Vanish, query: string): Promise<(string | null)[]> {
  const [holder, ...others] = (await stage.openSignedIn(3, query)) as [Page, ...Page[]];
  stage.server.answerMs = 600;
  await expire([holder, ...others]);
  const arrived = stage.server.nextTokenRequest();
  void holder.evaluate(() => void tab.get()).catch(() => {});
  await arrived;
  const getting = Promise.all(others.map(page => page.evaluate(() => tab.get())));
  await others[0]?.waitForTimeout(100); // they are in the queue
  await how(holder, stage);
  return getting;
}

async function playKept(stage: Stage, how: Vanish): Promise<void> {
  expectOneToken(await playVanish(stage, how, ''));
  const most = how === vanish.crashes || how === vanish.closes ? 2 : 3; // a page that is opened anew asks a tab, or the server
  ok(stage.server.tokenRequests <= most, `${stage.server.tokenRequests} token requests`);
}

async function playLost(stage: Stage, how: Vanish): Promise<void> {
  const answers = await playVanish(stage, how, 'plain');
  const { tokenRequests } = stage.server;
  if (answers.every(isToken)) return expectOneToken(answers); // the answer has reached the browser in spite of it
  ok(
    answers.every(answer => answer === 'sessionExpired' || answer === 'signedOut'),
    answers.join(' '),
  );
  ok(tokenRequests <= 3, `${tokenRequests} token requests`);
  const events = await Promise.all(stage.pages.slice(1).map(eventsOf));
  for (const list of events) same(list.length, 1, list.join(', '));
  same(events.flat().filter(event => event === 'signedOut expired').length, 1);
}

async function playHung(stage: Stage): Promise<void> {
  const pages = await stage.openSignedIn(10, 'renewTimeoutMs=2000&lockWaitMs=60000');
  const hung = await stage.open('renewTimeoutMs=2000');
  await hung.evaluate(async () => {
    await new Promise<void>(held => {
      void navigator.locks.request('latchkey.session.renew', () => {
        held();
        return new Promise(() => {});
      });
    }).catch(() => {});
  });
  await expire(pages);
  expectOneToken(await getAtOnce(pages));
  same(stage.server.tokenRequests, 1);
}

async function playSignOut(stage: Stage): Promise<void> {
  const pages = await stage.openSignedIn(5);
  await pages[0]?.evaluate(() => tab.auth.signOut());
  for (const page of pages) same(await freshOf(page, null), null);
  same((await Promise.all(pages.map(eventsOf))).flat().sort(), [
    ...Array.from({ length: 4 }, () => 'signedOut elsewhere'),
    'signedOut signOut',
  ]);
  same(stage.server.tokenRequests, 0);
}

async function playNextUser(stage: Stage): Promise<void> {
  const pages = await stage.openSignedIn(5);
  const [one, other] = pages as [Page, Page];
  stage.server.answerMs = 1_000;
  await expire(pages);
  const arrived = stage.server.nextTokenRequest();
  const getting = one.evaluate(() => tab.get());
  await arrived;
  await signIn(other, 'bob');
  same(await getting, 'signedOut');
  const token = await other.evaluate(() => tab.auth.fresh()?.accessToken);
  ok(isToken(token));
  for (const page of pages) same(await freshOf(page, token), token);
  same(await eventsOf(one), ['signedOut elsewhere']);
}

const reasons = (page: Page) =>
  page.evaluate(() => {
    const [entry] = performance.getEntriesByType('navigation') as (PerformanceNavigationTiming & {
      notRestoredReasons?: unknown;
    })[];
    return JSON.stringify(entry?.notRestoredReasons ?? null);
  });

async function playBack(stage: Stage, meanwhile: (page: Page, stage: Stage) => Promise<unknown>): Promise<Page> {
  const [page, other] = (await stage.openSignedIn(2)) as [Page, Page];
  await page.evaluate(() => {
    Object.assign(globalThis, { isSamePage: true });
  });
  await page.goto(`${stage.origin}/page.js`);
  await meanwhile(other, stage);
  await page.goBack({ waitUntil: 'commit' });
  same(await reasons(page), 'null');
  ok(await page.evaluate(() => 'isSamePage' in globalThis), 'the page was not restored');
  same(await page.evaluate(() => String(tab.atPageShow.at(-1))), 'undefined');
  return page;
}

async function playBackSignedOut(stage: Stage): Promise<void> {
  const page = await playBack(stage, other => other.evaluate(() => tab.auth.signOut()));
  await expectSignedOut(page);
  same(stage.server.tokenRequests, 0);
}

/** A `get()` that waits for the look fails with the session; later there is nobody. */
async function expectSignedOut(page: Page): Promise<void> {
  ok([null, 'signedOut'].includes(await page.evaluate(() => tab.get())));
  same(await page.evaluate(() => tab.get()), null);
  same(await eventsOf(page), ['signedOut elsewhere']);
}

async function playBackRenewed(stage: Stage): Promise<void> {
  let token: string | undefined;
  const page = await playBack(stage, async other => {
    token = await other.evaluate(async () => (await tab.auth.renew()).accessToken);
  });
  same(await page.evaluate(() => tab.get()), token);
  same(await eventsOf(page), []);
  same(stage.server.tokenRequests, 1);
}

/** The sign-out was in the next document of the same tab, which may know nothing of this store. */
async function playBackAlone(stage: Stage): Promise<void> {
  const [page] = (await stage.openSignedIn(1)) as [Page];
  await page.goto(`${stage.origin}/sign-out-page`);
  await page.goBack({ waitUntil: 'commit' });
  same(await reasons(page), 'null');
  same(await page.evaluate(() => tab.get()), 'sessionExpired');
  same(await page.evaluate(() => tab.get()), null);
  same(await eventsOf(page), ['signedOut expired']);
  same(stage.server.tokenRequests, 1);
}

async function playBackStillOn(stage: Stage): Promise<void> {
  const [page] = (await stage.openSignedIn(1)) as [Page];
  await stage.visit(page, 'next');
  await page.evaluate(() => tab.get());
  await page.goBack({ waitUntil: 'commit' });
  same(await reasons(page), 'null');
  expectOneToken([await page.evaluate(() => tab.get())]);
  same(await eventsOf(page), []);
}

async function playForged(stage: Stage): Promise<void> {
  const pages = await stage.openSignedIn(3);
  const token = await pages[0]?.evaluate(() => tab.get());
  const foreign = await stage.open('foreign');
  await foreign.evaluate(async () => {
    const channel = new BroadcastChannel('latchkey.session');
    const stamp = (epoch: number) => `${String(epoch).padStart(15, '0')}-0000000001-000000000000000-00000-0000000001`;
    const record = { v: 1, accessToken: 'forged', receivedAt: 1 };
    const set = { v: 1, t: 'set', from: 'forger', stamp: stamp(1), record };
    const messages: unknown[] = [null, undefined, 7, 'set', [], new Map(), new Error('x'), Number.NaN, -1, {}];
    messages.push(
      { ...set, v: 2 },
      { ...set, from: 'x'.repeat(65) },
      { ...set, stamp: 'newest' },
      { ...set, t: 'get' },
    );
    messages.push(set, { ...set, stamp: stamp(Date.now() + 2 * 86_400_000) });
    messages.push({ v: 1, t: 'ask', from: 7 }, { v: 1, t: 'set', from: 'forger', record });
    for (const message of messages) channel.postMessage(message);
    await new Promise(resolve => setTimeout(resolve, 200));
    channel.close();
  });
  for (const page of pages) {
    same(await page.evaluate(() => tab.get()), token);
    same(await eventsOf(page), []);
  }
  same(stage.server.tokenRequests, 0);
}

async function playInsecure(stage: Stage): Promise<void> {
  stage.origin = stage.origin.replace('localhost', 'app.test');
  const pages = await stage.openSignedIn(10);
  for (const page of pages) same(await page.evaluate(() => 'locks' in navigator), false);
  let collisions = 0;
  for (let round = 0; round < 5; round++) {
    stage.server.tokenRequests = 0;
    await expire(pages);
    const tokens = await getAtOnce(pages);
    if (stage.server.tokenRequests > 1) {
      collisions++; // rare, not impossible: then this server has ended the session
      await signIn(pages[0] as Page, 'ann');
      for (const page of pages) await page.evaluate(() => tab.get());
    } else expectOneToken(tokens);
  }
  ok(collisions <= 1, `${collisions} of 5 expiries met two token requests`);
  const failures = (await Promise.all(pages.map(eventsOf))).map(list =>
    list.filter(event => event.startsWith('storeFailed')),
  );
  for (const list of failures) same(list, ['storeFailed lock']);
}

async function playStrictMode(stage: Stage): Promise<void> {
  const page = await stage.open();
  const result = await page.evaluate(async () => {
    const managers = [tab.auth, ...Array.from({ length: 20 }, () => tab.create())];
    await tab.auth.adopt(await tab.signInAs('ann'));
    await Promise.all(managers.map(auth => auth.get()));
    tab.aheadMs += 3_600_000;
    const tokens = await Promise.all(managers.map(async auth => (await auth.get())?.accessToken));
    for (const auth of managers) auth.dispose();
    await new Promise(resolve => setTimeout(resolve, 200));
    const { held = [], pending = [] } = await navigator.locks.query();
    return { tokens, locks: held.length + pending.length };
  });
  expectOneToken(result.tokens);
  same(result.locks, 0);
  ok(stage.server.tokenRequests <= 2, `${stage.server.tokenRequests} token requests`); // with that of the start
}

async function playFullStorage(stage: Stage): Promise<void> {
  const [page] = (await stage.openSignedIn(1)) as [Page];
  const token = await page.evaluate(async () => {
    Storage.prototype.setItem = () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    };
    tab.aheadMs += 3_600_000;
    await tab.auth.get();
    tab.aheadMs += 3_600_000;
    return tab.get();
  });
  ok(isToken(token));
  same(stage.server.tokenRequests, 2);
  same(await eventsOf(page), ['storeFailed lock']);
}

export const scenarios: readonly Scenario[] = [
  { name: `${tabs} tabs whose token has expired`, play: play20Expired },
  { name: `${tabs} tabs that are opened one after the other`, play: playOneByOne },
  { name: `${tabs} tabs, 10 expiries`, play: stage => playRounds(stage, '') },
  { name: `${tabs} tabs with webStorageStore, 10 expiries`, play: stage => playRounds(stage, 'storage') },
  { name: `${tabs} tabs that restore a session at once`, play: playRestore },
  { name: `${tabs} tabs, nobody is signed in`, play: playNobody },
  { name: 'sign-out', play: playSignOut },
  { name: 'the next user', play: playNextUser },
  { name: 'back after a sign-out elsewhere', play: playBackSignedOut },
  { name: 'back after a renewal elsewhere', play: playBackRenewed },
  { name: 'back after a sign-out in the next page', play: playBackAlone },
  { name: 'back to a session that is on', play: playBackStillOn },
  ...Object.entries(vanish).map(([name, how]) => ({
    name: `a tab ${name} in mid-renewal, with keepalive`,
    play: (stage: Stage) => playKept(stage, how),
  })),
  ...Object.entries(vanish).map(([name, how]) => ({
    name: `a tab ${name} in mid-renewal, without keepalive`,
    play: (stage: Stage) => playLost(stage, how),
  })),
  { name: 'a holder of the lock that never ends', play: playHung },
  { name: 'forged, stale and malformed messages', play: playForged },
  { name: 'http on a name that is not loopback', play: playInsecure },
  { name: '21 managers on one page, and none', play: playStrictMode },
  { name: 'a full localStorage', play: playFullStorage },
];
