import type { Entry } from '../src/store/place.ts';
import { beginningAfter, isStamp, renewalAfter, type Stamp } from '../src/store/stamp.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { minutes, refusal, success } from '../test/scriptedProvider.ts';
import type { AuthServer } from './authServer.ts';
import type { Environment } from './environment.ts';
import { familyOf, userOf } from './history.ts';
import type { Action, ApiAnswer, Scenario } from './scenario.ts';
import type { SimulatedStorage } from './simulatedStorage.ts';
import { cooldownMs, type NoteAct, type Tab } from './tab.ts';

/** What the actions use. */
export interface ActionContext {
  readonly env: Environment;
  readonly server: AuthServer;
  readonly storage: SimulatedStorage;
  readonly tabs: readonly Tab[];
  readonly nextApiAnswer: () => ApiAnswer;
  readonly scenario: Scenario;
  /** By how much the clock was set back, and timers are delayed. */
  setBackMs: number;
  /** The sum of all changes of the clock by `setClock`. */
  setMs: number;
  clockSets: number;
  /** The record that another tab saves after a sign-in. */
  recordFromElsewhere(user?: string): TokenRecord;
  /** Ends a tab in mid-request; another one on the same place goes on. */
  replaceTab(tab: Tab): void;
  readonly noteAct: NoteAct;
  /** The last act, if it is being saved, may look as if another came after it, or before. */
  actsAreUncertain(): void;
}

const operations = ['a query', 'another query'];
const choose = <T>(choices: readonly T[], fraction: number): T | undefined =>
  choices[Math.floor(fraction * choices.length)];

/** Settles one answer of the API to an operation that was sent with `sent`. */
function settle(
  context: ActionContext,
  tab: Tab,
  sent: TokenSet,
  operation: string,
  isRetry: boolean,
  answer: ApiAnswer,
) {
  const { env, server } = context;
  const { history, unprovenUntil } = tab;
  const { current } = history;
  if (answer !== 'refuses') {
    if (current?.accessToken === sent.accessToken) tab.proven = sent;
    const newToken =
      answer === 'acceptsWithNewToken'
        ? { 'x-token': server.issue(userOf(sent), familyOf(sent), false).accessToken }
        : {};
    const response = () => ({ headers: new Headers(newToken), url: '', redirected: false });
    return tab.waitAsAdapter(waiter =>
      tab.auth.decide({ ...success(sent, { operation, retried: isRetry, response }), ...waiter }, {}),
    );
  }
  tab.refusedTokens.add(sent.accessToken);
  const isCurrent = current?.accessToken === sent.accessToken && current.version === sent.version;
  const isUnproven =
    isCurrent && !tab.hasAborted && tab.proven !== sent && env.clock.now() < (unprovenUntil.get(sent) ?? 0);
  let isWaiting = false;
  const successor = tab.waitAsAdapter((waiter, signal) => {
    const decision = tab.auth.decide({ ...refusal(sent, { operation, retried: isRetry }), ...waiter }, {}, signal);
    isWaiting = decision === 'wait' && !signal.aborted;
    return decision;
  }, sent);
  if (isWaiting) tab.refusalIsRenewed(sent);
  const isStillCurrent = history.current?.accessToken === sent.accessToken; // a listener may have adopted another
  if (isUnproven && isWaiting && isStillCurrent)
    env.violated('a renewal of an unproven token set within its cool-down');
  return successor.then(tokens => {
    const periodStart = history.current?.since ?? 0; // other callers may have received it earlier, before the clock was set
    const since = Math.min(env.clock.now(), history.stepStartedAt, periodStart);
    const isUnproven = tokens && tab.proven !== tokens && !tab.broughtByUser.has(tokens.accessToken);
    if (isUnproven && !unprovenUntil.has(tokens)) unprovenUntil.set(tokens, since + cooldownMs);
    return tokens;
  });
}

/** Runs an operation as an adapter does: a token set, the API, and the API again if the core returns a successor. */
async function runOperation(context: ActionContext, tab: Tab, operation: string): Promise<void> {
  const { auth, history } = tab;
  const fresh = auth.fresh();
  if (fresh) tab.receive(fresh, ++history.sequence);
  let sent = fresh ?? undefined;
  if (fresh === undefined)
    sent = await tab.waitAsAdapter((waiter, signal) => {
      auth.waitFor(waiter, signal);
      return 'wait';
    });
  for (let attempt = 0; sent && attempt < 3; attempt++) {
    if (attempt === 2) context.env.violated('a second retry');
    const answer = context.nextApiAnswer();
    await context.env.schedule(`API ${answer}`, () => {});
    sent = await settle(context, tab, sent, operation, attempt > 0, answer);
  }
}

function signOut({ env, noteAct }: ActionContext, tab: Tab): void {
  const { auth } = tab;
  if (tab.isDisposed) {
    tab.endsAfterDispose = true;
    tab.tokensAtDispose = undefined; // an answer on its way is dropped
    tab.mustBeSaved.clear();
    noteAct(tab, null, { isCertain: false }); // the end of a session that is known no more
    return void auth.signOut().catch((error: unknown) => tab.checkError(error));
  }
  const change = ++tab.sessionChanges;
  tab.isSignedOut = tab.credentialsAreOff = tab.isSigningOut = true;
  tab.cooldown.end();
  noteAct(tab, null);
  auth.signOut().catch((error: unknown) => tab.checkError(error));
  tab.isSigningOut = false;
  if (change !== tab.sessionChanges) return; // a listener has signed in
  if (auth.fresh() !== null || auth.state.status !== 'signedOut') env.violated('signOut was not synchronous');
}

/** Of another user; where the auth server states whose tokens they are, sometimes of the same. */
function adopt({ env, server }: ActionContext, tab: Tab, fraction: number): void {
  if (tab.isDisposed)
    return void tab.auth.adopt(server.issue('nobody')).catch((error: unknown) => tab.checkError(error));
  const tokens = tab.auth.fresh();
  const isSameUser = tokens?.subject !== undefined && fraction < 0.3;
  const parts = server.issue(isSameUser ? userOf(tokens) : server.newUser());
  const change = ++tab.sessionChanges;
  tab.recordSignIn(parts);
  tab.auth.adopt(parts).catch((error: unknown) => tab.checkError(error));
  if (change !== tab.sessionChanges) return; // a listener has signed out, or in
  if (tab.auth.fresh()?.accessToken !== parts.accessToken) env.violated('adopt was not synchronous');
  if (isSameUser && tab.auth.fresh()?.sessionId !== tokens.sessionId)
    env.violated('adopt of tokens of the same user began a session');
}

/** In the same tick, in either order: the last act wins. */
function signOutAndAdopt(context: ActionContext, tab: Tab, fraction: number): void {
  if (fraction < 0.4) adopt(context, tab, fraction);
  signOut(context, tab);
  if (fraction >= 0.4) adopt(context, tab, fraction);
}

function signIn({ server }: ActionContext, tab: Tab): void {
  tab.sessionChanges++;
  const credentials = { username: server.newUser(), password: 'a password of a user' };
  tab.auth.signIn(credentials).catch((error: unknown) => tab.checkError(error));
}

function advanceClock({ env }: ActionContext, fraction: number): Promise<void> {
  const durations = [500, 2_000, 6_000, 12_000, 50_000, 6 * minutes];
  return env.clock.advance(choose(durations, fraction) ?? 0);
}

/** Changes the time without firing timers, as when a device sleeps or its clock is set. */
function setClock(context: ActionContext, fraction: number): void {
  const ms = (choose([-20, -1, 1, 10, 600], fraction) ?? 0) * minutes;
  context.env.clock.jump(ms);
  context.setMs += ms;
  context.clockSets++;
  context.setBackMs += Math.max(-ms, 0);
  if (ms < 0) context.actsAreUncertain();
}

const readable = (stamp: Stamp | undefined) => (isStamp(stamp) ? stamp : undefined);

/** A write of another tab. A plain store cannot compare: there it happens while no save is on its way. */
function writeElsewhere({ env, storage, scenario }: ActionContext, write: () => void): void {
  if (!scenario.hasLock && !scenario.hasNotices) return; // nobody shares the store
  if (scenario.store === 'place') write();
  else void env.schedule('a write elsewhere', () => storage.isIdle && write());
}

function renewElsewhere({ storage, server, env, scenario }: ActionContext): void {
  const { hasLock } = scenario;
  const { record, entry, lock } = storage;
  if (!record || !entry || (hasLock && !lock.isFree)) return;
  const parts = server.renewElsewhere(record);
  if (!parts) return;
  if (!hasLock) storage.hasRace = true;
  const { accessToken, refreshToken } = parts;
  const receivedAt = env.clock.now();
  const next: TokenRecord = { ...record, accessToken, receivedAt, expiresAt: receivedAt + minutes };
  const stamp = renewalAfter(entry.stamp, receivedAt);
  storage.putElsewhere({ stamp, record: { ...next, ...(refreshToken && { refreshToken }) } });
}

/** Ten minutes ahead where the clock of the other device is wrong. */
const aheadMs = 10 * minutes;

function actElsewhere(context: ActionContext, record: TokenRecord | null, isAhead: boolean): void {
  const { storage, env } = context;
  const now = env.clock.now() + (isAhead ? aheadMs : 0);
  const entry: Entry = { stamp: beginningAfter(readable(storage.entry?.stamp), now), record };
  context.noteAct(storage, record && familyOf(record), { isAhead });
  storage.putElsewhere(entry);
}

function signInElsewhere(context: ActionContext, fraction: number): void {
  const { record } = context.storage;
  const user = record?.subject !== undefined && fraction < 0.3 ? userOf(record) : undefined;
  actElsewhere(context, context.recordFromElsewhere(user), fraction > 0.7);
}

type RunAction = (context: ActionContext, tab: Tab, fraction: number) => unknown;

/** No action waits for the answers to its calls, so that other actions run in between. */
export const actions: Readonly<Record<Action, RunAction>> = {
  fresh(_context, tab) {
    const tokens = tab.auth.fresh();
    if (tokens) tab.receive(tokens, ++tab.history.sequence);
  },
  get: (_context, tab) => void tab.wait(signal => tab.auth.get({ signal })),
  runOperation: (context, tab, fraction) => void runOperation(context, tab, choose(operations, fraction) ?? ''),
  renew: (_context, tab) => void tab.wait(signal => tab.auth.renew({ signal })),
  refuseEarlierToken(context, tab, fraction) {
    const refused = choose(tab.received, fraction);
    if (!refused) return;
    tab.refusedTokens.add(refused.accessToken);
    if (fraction < 0.5) void settle(context, tab, refused, 'an earlier query', false, 'refuses');
    else void tab.wait(signal => tab.auth.renew({ refused, signal }), { refused });
    if (fraction >= 0.5) tab.refusalIsRenewed(refused);
  },
  abort(_context, tab, fraction) {
    const waiter = choose([...tab.waiters], fraction);
    if (!waiter) return;
    waiter.controller.abort();
    tab.hasAborted = true;
  },
  signIn,
  adopt,
  signOut,
  signOutAndAdopt,
  dispose: (context, tab) => context.replaceTab(tab),
  doubt({ env, storage }, tab) {
    const { status } = tab.auth.state;
    const { sessionChanges } = tab;
    tab.isDoubted = storage.doubt(tab, () => {
      tab.isDoubted = false;
    });
    const isExpected = tab.isDoubted && status !== 'unknown' && sessionChanges === tab.sessionChanges; // by a listener
    if (isExpected && tab.auth.fresh() !== undefined) env.violated('a token set was used although memory may be old');
  },
  advanceClock: (context, _tab, fraction) => advanceClock(context, fraction),
  setClock: (context, _tab, fraction) => setClock(context, fraction),
  renewElsewhere: context => writeElsewhere(context, () => renewElsewhere(context)),
  signInElsewhere: (context, _tab, fraction) => writeElsewhere(context, () => signInElsewhere(context, fraction)),
  signOutElsewhere: (context, _tab, fraction) =>
    writeElsewhere(context, () => actElsewhere(context, null, fraction > 0.7)),
  staleNotice: ({ storage }, _tab, fraction) => storage.staleNotice(fraction),
  damageRecord: ({ storage, tabs }) => tabs.length === 1 && storage.damage(),
};
