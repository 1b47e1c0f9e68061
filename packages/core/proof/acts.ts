import type { TokenRecord } from '../src/store/tokenStore.ts';
import { defaults } from '../src/tokenManagerOptions.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { minutes, refusal, success } from '../test/scriptedProvider.ts';
import type { AuthServer } from './authServer.ts';
import type { Act, ApiAnswer } from './life.ts';
import type { Place } from './place.ts';
import type { Surroundings } from './surroundings.ts';
import type { Tab } from './tab.ts';
import { userOf } from './witness.ts';

/** What the acts play in. */
export interface Scene {
  readonly around: Surroundings;
  readonly server: AuthServer;
  readonly place: Place;
  readonly tabs: readonly Tab[];
  readonly nextApiAnswer: () => ApiAnswer;
  /** What the clock was set back by, and so much longer timers may take; and by how much it was set in all. */
  setBackMs: number;
  setMs: number;
  /** What another tab writes after a sign-in. */
  othersRecord(): TokenRecord;
}

const operations = ['a query', 'another query'];
const atShare = <T>(choices: readonly T[], share: number): T | undefined => choices[Math.floor(share * choices.length)];

/** One answer of the API: what becomes of an operation that was sent with `sent`. */
function settle(scene: Scene, tab: Tab, sent: TokenSet, operation: string, repeated: boolean, answer: ApiAnswer) {
  const { auth, witness, trials } = tab;
  if (answer !== 'refuses') {
    if (witness.reign?.accessToken === sent.accessToken) tab.accepted = sent;
    const headers = new Headers(answer === 'brings' ? { 'x-token': scene.server.mint(userOf(sent)).accessToken } : {});
    const response = () => ({ headers, url: '', redirected: false });
    return tab.wait(() => auth.settle(success(sent, { operation, repeated, response })));
  }
  tab.refusals.add(sent.accessToken);
  const { reign } = witness;
  const isCurrent = reign?.accessToken === sent.accessToken && reign.version === sent.version;
  const isOnTrial =
    isCurrent && !tab.hasLeavers && tab.accepted !== sent && scene.around.clock.now() < (trials.get(sent) ?? 0);
  let isAsking = false;
  const next = tab.wait(signal => {
    const settled = auth.settle(refusal(sent, { operation, repeated }), { signal });
    isAsking = settled !== undefined;
    return settled;
  }, sent);
  if (isOnTrial && isAsking) scene.around.wrong('a renewal of a token set that a refusal has just brought');
  return next.then(tokens => {
    const began = witness.reign?.since ?? 0; // others may have been told before, and the clock may have been set since
    const since = Math.min(scene.around.clock.now(), witness.stepBeganAt, began);
    if (tokens && tab.accepted !== tokens && !trials.has(tokens)) trials.set(tokens, since + defaults.cooldownMs);
    return tokens;
  });
}

/** An operation's way through an adapter: a token set, the API, and the API once more where the core says so. */
async function operate(scene: Scene, tab: Tab, operation: string): Promise<void> {
  const { auth, witness } = tab;
  const ready = auth.fresh();
  if (ready) tab.given(ready, ++witness.now);
  let sent = ready === undefined ? await tab.wait(signal => auth.get({ signal })) : (ready ?? undefined);
  for (let attempt = 0; sent && attempt < 3; attempt++) {
    if (attempt === 2) scene.around.wrong('a second repeat');
    const answer = scene.nextApiAnswer();
    await scene.around.later(`the API ${answer}`, () => {});
    sent = await settle(scene, tab, sent, operation, attempt > 0, answer);
  }
}

function signOut(scene: Scene, tab: Tab): void {
  const { auth } = tab;
  tab.turn++;
  tab.isOut = tab.credentialsRest = true;
  tab.quiet.end();
  void auth.signOut();
  if (auth.fresh() !== null || auth.state.status !== 'signedOut') scene.around.wrong('not signed out at once');
}

function adopt(scene: Scene, tab: Tab): void {
  const parts = scene.server.mint(scene.server.newUser());
  tab.turn++;
  tab.comesIn();
  void tab.auth.adopt(parts);
  if (tab.auth.fresh()?.accessToken !== parts.accessToken) scene.around.wrong('not signed in at once');
}

function signIn(scene: Scene, tab: Tab): void {
  tab.turn++;
  const credentials = { username: scene.server.newUser(), password: 'a password of a user' };
  tab.auth.signIn(credentials).catch((error: unknown) => tab.fails(error));
}

/** Lets `share` of each kind of time pass: timers fire. */
function timePasses({ around }: Scene, share: number): Promise<void> {
  const spans = [500, 2_000, 6_000, 12_000, 50_000, 6 * minutes];
  return around.clock.advance(atShare(spans, share) ?? 0);
}

/** As when a device sleeps, or its clock is set. */
function clockJumps(scene: Scene, share: number): void {
  const ms = (atShare([-20, -1, 1, 10, 600], share) ?? 0) * minutes;
  scene.around.clock.jump(ms);
  scene.setMs += ms;
  scene.setBackMs += Math.max(-ms, 0);
}

const damaged: TokenRecord = { v: 1, session: '', version: 1, accessToken: '', receivedAt: 0 };

type Do = (scene: Scene, tab: Tab, share: number) => unknown;

/** What each act does. None of them waits for an answer: others happen meanwhile. */
export const acts: Readonly<Record<Act, Do>> = {
  fresh(_scene, tab) {
    const tokens = tab.auth.fresh();
    if (tokens) tab.given(tokens, ++tab.witness.now);
  },
  get: (_scene, tab) => void tab.wait(signal => tab.auth.get({ signal })),
  operate: (scene, tab, share) => void operate(scene, tab, atShare(operations, share) ?? ''),
  renewNow: (_scene, tab) => void tab.wait(signal => tab.auth.renew({ signal })),
  refuseOld(scene, tab, share) {
    const refused = atShare(tab.seen, share);
    if (!refused) return;
    tab.refusals.add(refused.accessToken);
    if (share < 0.5) void settle(scene, tab, refused, 'an old query', false, 'refuses');
    else void tab.wait(signal => tab.auth.renew({ refused, signal }), refused);
  },
  abort(_scene, tab, share) {
    const wait = atShare([...tab.waits], share);
    if (!wait) return;
    wait.stop.abort();
    tab.hasLeavers = true;
  },
  signIn,
  adopt,
  signOut,
  timePasses: (scene, _tab, share) => timePasses(scene, share),
  clockJumps: (scene, _tab, share) => clockJumps(scene, share),
  othersRenew({ place, server }) {
    const { kept } = place;
    if (!kept) return;
    const { accessToken } = server.mint(userOf(kept));
    place.putByOthers({ ...kept, version: kept.version + 1, accessToken });
  },
  othersSignIn: scene => scene.place.putByOthers(scene.othersRecord()),
  othersSignOut: ({ place }) => place.putByOthers(null),
  recordIsDamaged: ({ place, tabs }) => tabs.length === 1 && place.putByOthers(damaged),
};
