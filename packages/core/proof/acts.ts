import { minutes, refusal, success } from '../src/scriptedProvider.ts';
import { defaults } from '../src/tokenManagerOptions.ts';
import type { TokenSet } from '../src/tokenSet.ts';
import type { TokenRecord } from '../src/tokenStore.ts';
import type { Act, ApiAnswer } from './life.ts';
import type { Tab } from './tab.ts';
import { userOf } from './witness.ts';
import type { World } from './world.ts';

const operations = ['a query', 'another query'];
const atShare = <T>(choices: readonly T[], share: number): T | undefined => choices[Math.floor(share * choices.length)];

/** One answer of the API: what becomes of an operation that was sent with `sent`. */
function settle(world: World, tab: Tab, sent: TokenSet, operation: string, repeated: boolean, answer: ApiAnswer) {
  const { auth, witness, trials } = tab;
  if (answer !== 'refuses') {
    if (witness.reign?.accessToken === sent.accessToken) tab.accepted = sent;
    const headers = new Headers(answer === 'brings' ? { 'x-token': world.server.mint(userOf(sent)).accessToken } : {});
    const response = () => ({ headers, url: '', redirected: false });
    return tab.wait(() => auth.settle(success(sent, { operation, repeated, response })));
  }
  tab.refusals.add(sent.accessToken);
  const { reign } = witness;
  const isCurrent = reign?.accessToken === sent.accessToken && reign.version === sent.version;
  const isOnTrial =
    isCurrent && !tab.hasLeavers && tab.accepted !== sent && world.around.clock.now() < (trials.get(sent) ?? 0);
  let isAsking = false;
  const next = tab.wait(signal => {
    const settled = auth.settle(refusal(sent, { operation, repeated }), { signal });
    isAsking = settled !== undefined;
    return settled;
  }, sent);
  if (isOnTrial && isAsking) world.around.wrong('a renewal of a token set that a refusal has just brought');
  return next.then(tokens => {
    const since = Math.min(world.around.clock.now(), witness.stepBeganAt); // the clock may have been set in this step
    if (tokens && tab.accepted !== tokens && !trials.has(tokens)) trials.set(tokens, since + defaults.cooldownMs);
    return tokens;
  });
}

/** An operation's way through an adapter: a token set, the API, and the API once more where the core says so. */
async function operate(world: World, tab: Tab, operation: string): Promise<void> {
  const { auth, witness } = tab;
  const ready = auth.fresh();
  if (ready) tab.given(ready, ++witness.now);
  let sent = ready === undefined ? await tab.wait(signal => auth.get({ signal })) : (ready ?? undefined);
  for (let attempt = 0; sent && attempt < 3; attempt++) {
    if (attempt === 2) world.around.wrong('a second repeat');
    const answer = world.nextApiAnswer();
    await world.around.later(`the API ${answer}`, () => {});
    sent = await settle(world, tab, sent, operation, attempt > 0, answer);
  }
}

function signOut(world: World, tab: Tab): void {
  const { auth } = tab;
  tab.turn++;
  tab.isOut = tab.credentialsRest = true;
  tab.quiet.end();
  void auth.signOut();
  if (auth.fresh() !== null || auth.state.status !== 'signedOut') world.around.wrong('not signed out at once');
}

function adopt(world: World, tab: Tab): void {
  const parts = world.server.mint(world.server.newUser());
  tab.turn++;
  tab.comesIn();
  void tab.auth.adopt(parts);
  if (tab.auth.fresh()?.accessToken !== parts.accessToken) world.around.wrong('not signed in at once');
}

function signIn(world: World, tab: Tab): void {
  tab.turn++;
  const credentials = { username: world.server.newUser(), password: 'a password of a user' };
  tab.auth.signIn(credentials).catch((error: unknown) => tab.fails(error));
}

/** Lets `share` of each kind of time pass: timers fire. */
function timePasses({ around }: World, share: number): Promise<void> {
  const spans = [500, 2_000, 6_000, 12_000, 50_000, 6 * minutes];
  return around.clock.advance(atShare(spans, share) ?? 0);
}

/** As when a device sleeps, or its clock is set. */
function clockJumps(world: World, share: number): void {
  const ms = (atShare([-20, -1, 1, 10, 600], share) ?? 0) * minutes;
  world.around.clock.jump(ms);
  world.setBackMs += Math.max(-ms, 0);
}

const damaged: TokenRecord = { v: 1, session: '', version: 1, accessToken: '', receivedAt: 0 };

type Do = (world: World, tab: Tab, share: number) => unknown;

/** What each act does. None of them waits for an answer: others happen meanwhile. */
export const acts: Readonly<Record<Act, Do>> = {
  fresh(_world, tab) {
    const tokens = tab.auth.fresh();
    if (tokens) tab.given(tokens, ++tab.witness.now);
  },
  get: (_world, tab) => void tab.wait(signal => tab.auth.get({ signal })),
  operate: (world, tab, share) => void operate(world, tab, atShare(operations, share) ?? ''),
  renewNow: (_world, tab) => void tab.wait(signal => tab.auth.renew({ signal })),
  refuseOld(world, tab, share) {
    const refused = atShare(tab.seen, share);
    if (!refused) return;
    tab.refusals.add(refused.accessToken);
    if (share < 0.5) void settle(world, tab, refused, 'an old query', false, 'refuses');
    else void tab.wait(signal => tab.auth.renew({ refused, signal }), refused);
  },
  abort(_world, tab, share) {
    const wait = atShare([...tab.waits], share);
    if (!wait) return;
    wait.stop.abort();
    tab.hasLeavers = true;
  },
  signIn,
  adopt,
  signOut,
  timePasses: (world, _tab, share) => timePasses(world, share),
  clockJumps: (world, _tab, share) => clockJumps(world, share),
  othersRenew({ place, server }) {
    const { kept } = place;
    if (!kept) return;
    const { accessToken } = server.mint(userOf(kept));
    place.putByOthers({ ...kept, version: kept.version + 1, accessToken });
  },
  othersSignIn: ({ place, othersRecord }) => place.putByOthers(othersRecord()),
  othersSignOut: ({ place }) => place.putByOthers(null),
  recordIsDamaged: ({ place, tabs }) => tabs.length === 1 && place.putByOthers(damaged),
};
