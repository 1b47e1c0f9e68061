import type { TokenRecord } from '../src/store/tokenStore.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { minutes, refusal, success } from '../test/scriptedProvider.ts';
import type { AuthServer } from './authServer.ts';
import type { Environment } from './environment.ts';
import { userOf } from './history.ts';
import type { Action, ApiAnswer } from './scenario.ts';
import type { SimulatedStorage } from './simulatedStorage.ts';
import { cooldownMs, type Tab } from './tab.ts';

/** What the actions use. */
export interface ActionContext {
  readonly env: Environment;
  readonly server: AuthServer;
  readonly storage: SimulatedStorage;
  readonly tabs: readonly Tab[];
  readonly nextApiAnswer: () => ApiAnswer;
  /** By how much the clock was set back, and timers are delayed. */
  setBackMs: number;
  /** The sum of all changes of the clock by `setClock`. */
  setMs: number;
  /** The record that another tab saves after a sign-in. */
  recordFromElsewhere(): TokenRecord;
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
    const newToken = answer === 'acceptsWithNewToken' ? { 'x-token': server.issue(userOf(sent)).accessToken } : {};
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
    isWaiting = decision === 'wait';
    return decision;
  }, sent);
  if (isWaiting) tab.refusalIsRenewed(sent);
  if (isUnproven && isWaiting) env.violated('a renewal of an unproven token set within its cool-down');
  return successor.then(tokens => {
    const periodStart = history.current?.since ?? 0; // other callers may have received it earlier, before the clock was set
    const since = Math.min(env.clock.now(), history.stepStartedAt, periodStart);
    if (tokens && tab.proven !== tokens && !unprovenUntil.has(tokens)) unprovenUntil.set(tokens, since + cooldownMs);
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

function signOut({ env }: ActionContext, tab: Tab): void {
  const { auth } = tab;
  const change = ++tab.sessionChanges;
  tab.isSignedOut = tab.credentialsAreOff = true;
  tab.cooldown.end();
  void auth.signOut();
  if (change !== tab.sessionChanges) return; // a listener has signed in
  if (auth.fresh() !== null || auth.state.status !== 'signedOut') env.violated('signOut was not synchronous');
}

function adopt({ env, server }: ActionContext, tab: Tab): void {
  const parts = server.issue(server.newUser());
  const change = ++tab.sessionChanges;
  tab.recordSignIn();
  void tab.auth.adopt(parts);
  if (change !== tab.sessionChanges) return; // a listener has signed out, or in
  if (tab.auth.fresh()?.accessToken !== parts.accessToken) env.violated('adopt was not synchronous');
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
  context.setBackMs += Math.max(-ms, 0);
}

const damagedRecord: TokenRecord = { v: 1, sessionId: '', version: 1, accessToken: '', receivedAt: 0 };

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
  advanceClock: (context, _tab, fraction) => advanceClock(context, fraction),
  setClock: (context, _tab, fraction) => setClock(context, fraction),
  renewElsewhere({ storage, server }, _tab, fraction) {
    const { record } = storage;
    if (!record) return;
    const { accessToken } = server.issue(userOf(record));
    const isLate = fraction < 0.1 && record.version > 0; // the save of a tab that does not compare
    const version = record.version + (isLate ? -1 : 1);
    storage.putElsewhere({ ...record, version, accessToken });
  },
  signInElsewhere: context => context.storage.putElsewhere(context.recordFromElsewhere()),
  signOutElsewhere: ({ storage }) => storage.putElsewhere(null),
  damageRecord: ({ storage, tabs }) => tabs.length === 1 && storage.putElsewhere(damagedRecord),
};
