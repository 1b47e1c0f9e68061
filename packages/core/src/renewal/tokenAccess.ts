import { disposed, type TokenError, tokenError } from '../errors/tokenError.ts';
import type { Manager, Waiting } from '../manager.ts';
import { pausedBy } from '../session/cooldown.ts';
import { isOfSession, supersededIn } from '../session/session.ts';
import type { SignedIn } from '../session/sessionState.ts';
import { abortReason, addWaiter, answerAll, late, setListTimer, type Waiter } from '../session/waitingList.ts';
import { isLasting, type TokenSet, usersOf } from '../tokens/tokenSet.ts';
import { noProgress, startRenewal } from './renewal.ts';

// The ways to a token set: at once, by waiting, and the successor of a refused one.

/** See `TokenManager.fresh`. */
export function freshTokens(manager: Manager): TokenSet | null | undefined {
  const { state, clock } = manager.session;
  if (state.status !== 'signedIn') return state.status === 'signedOut' && !state.maySignIn ? null : undefined;
  const now = clock.now();
  return now < state.schedule.softAt && now >= state.schedule.from
    ? state.tokens
    : useWhileRenewing(manager, state, now);
}

/** A token set past its fresh zone: in the soft zone it is used while a successor is renewed. A guest's has none. */
function useWhileRenewing(manager: Manager, state: SignedIn, now: number): TokenSet | null | undefined {
  const { tokens, schedule, scheduleBefore } = state;
  if (tokens.isGuest && !scheduleBefore) return isLasting(tokens, now) ? tokens : null;
  if (!manager.renews && !scheduleBefore) return tokens;
  const isRenewable = canRenew(manager, tokens, now);
  if (scheduleBefore || now >= schedule.hardAt || (now < schedule.from && isRenewable)) return undefined;
  const { flight, cooldown } = manager.session;
  if (!flight && isRenewable && !pausedBy(cooldown, now)) queueMicrotask(() => renewAhead(manager, tokens));
  return tokens;
}

/** Not synchronously: `fresh` may be called by a component that renders, and listeners of the state would update others. */
function renewAhead(manager: Manager, tokens: TokenSet): void {
  if (manager.session.state.tokens === tokens) void startRenewal(manager, 'ahead');
}

/** Whether there is anything to renew this token set with. */
export function canRenew({ session, options, renews }: Manager, tokens: TokenSet, now: number): boolean {
  const { refreshExpiresAt = Number.POSITIVE_INFINITY } = tokens;
  return (
    !tokens.isGuest && (session.state.maySignIn || (options.renew !== undefined && renews && now < refreshExpiresAt))
  );
}

/** Answers the waiter when `fresh` has an answer, or when the renewal fails; not synchronously. */
export function joinWait(manager: Manager, waiter: Waiter<TokenSet | null>, signal?: AbortSignal | null): void {
  if (signal?.aborted) {
    queueMicrotask(() => waiter.fail(abortReason(signal)));
    return;
  }
  const now = manager.session.clock.now();
  const waiting = waitingOf(manager);
  addWaiter(waiting.list, waiter, now, signal);
  setTimer(manager, waiting, now);
}

/** Not within `joinWait`: thousands of waiters would each keep a place for its closures. */
function setTimer(manager: Manager, waiting: Waiting, now: number): void {
  const { list } = waiting;
  if (list.timerSetAt === now) return;
  const fail = (waiter: Waiter<TokenSet | null>) => answer(manager, waiter, epochFor(manager, waiting), late());
  setListTimer(manager.session, { list, fail, restart: () => void serve(manager, waiting) }, now);
}

/** The list of those who wait since the present epoch; the first of them starts what they wait for. */
function waitingOf(manager: Manager): Waiting {
  const { epoch, state } = manager.session;
  if (manager.waiting?.epoch === epoch) return manager.waiting;
  const list = { waiters: [], since: [], first: 0 };
  const waiting: Waiting = { epoch, signOuts: manager.signOuts, tokens: state.tokens, list };
  manager.waiting = waiting;
  void serve(manager, waiting);
  return waiting;
}

async function serve(manager: Manager, waiting: Waiting): Promise<void> {
  const round = manager.session.abandoned;
  waiting.list.round = round;
  const failure = await acquire(manager);
  if (waiting.list.round !== round) return; // its owner had ended, and another one serves the list
  if (manager.waiting === waiting) delete manager.waiting;
  manager.session.clock.clearTimeout(waiting.list.timer);
  const epoch = epochFor(manager, waiting);
  answerAll(waiting.list, waiter => answer(manager, waiter, epoch, failure));
}

/** The epoch whose session may answer: who waits without a token set takes the next session, but not after a sign-out. */
function epochFor({ session, signOuts }: Manager, waiting: Waiting): number {
  return waiting.tokens || waiting.signOuts !== signOuts ? waiting.epoch : session.epoch;
}

/** Resolves when the token set is there, or to the failure of its renewal. */
async function acquire(manager: Manager): Promise<TokenError | undefined> {
  let failure: TokenError | undefined;
  do failure = await askStore(manager);
  while (manager.store?.isAsked && !failure); // it may doubt memory again
  const { status } = manager.session.state;
  if (status === 'disposed') return disposed();
  if (failure) return failure;
  if (freshTokens(manager) !== undefined) return undefined;
  if (status === 'signedIn') return startRenewal(manager, 'expired');
  if (!manager.renews) return cannotRestore(); // a server that renders does not wait
  return startRenewal(manager, status === 'restoring' ? 'restore' : 'credentials');
}

const cannotRestore = () =>
  tokenError(
    'unavailable',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'Whether somebody is signed in is not known here: option "renewal" is "never". The page asks with "restore".',
  );

/** Resolves when the state is known, or to the failure of the store. */
async function askStore({ store }: Manager): Promise<TokenError | undefined> {
  return store?.isAsked ? store.loaded() : undefined;
}

/**
 * The session is looked at anew for each waiter: one that was answered before may have signed out.
 *
 * @param epoch - see `epochFor`
 */
function answer(
  { session }: Manager,
  waiter: Waiter<TokenSet | null>,
  epoch: number,
  failure: TokenError | undefined,
): void {
  const { state } = session;
  const { tokens, status } = state;
  const mustWait = status === 'signedIn' && state.scheduleBefore !== undefined;
  const isUsable = tokens && !mustWait && isLasting(tokens, session.clock.now());
  if (session.epoch !== epoch || status === 'disposed')
    waiter.fail(failure && isEnd(failure) ? failure : supersededIn(session));
  else if (failure && !isUsable)
    waiter.fail(failure); // a renewal ahead of need may fail
  else waiter.resume(tokens && (isUsable || !tokens.isGuest) ? tokens : null);
}

/** Whether the session has ended by this failure. */
const isEnd = ({ code }: TokenError): boolean => code === 'sessionExpired' || code === 'credentialsRejected';

/** The successor of a refused token set; it may be there already, also when the last renewal has failed. */
export async function successorOf(manager: Manager, refused: TokenSet): Promise<TokenSet> {
  const { session } = manager;
  let failure: TokenError | undefined;
  for (let renewals = 0; ; renewals++) {
    const { state } = session;
    if (!state.tokens || state.tokens.sessionId !== refused.sessionId) throw failure ?? supersededIn(session);
    const isOther = state.tokens !== refused && state.tokens.accessToken !== refused.accessToken;
    if (isOther && !state.isRefused) return state.tokens;
    if (failure) throw failure;
    if (renewals === 2) throw noProgress();
    failure = await startRenewal(manager, 'refused'); // one started for another reason may answer the same token
  }
}

/** A new token set, whatever the present one is. */
export async function renewNow(manager: Manager): Promise<TokenSet> {
  const { session } = manager;
  const { tokens: before } = session.state;
  const checkSession = () => {
    if (before && !isOfSession(session, before)) throw supersededIn(session);
  };
  const unread = await askStore(manager);
  checkSession();
  if (session.state.status === 'disposed') throw disposed();
  if (unread) throw unread;
  const failure = usersOf(session.state.tokens) && (await startRenewal(manager, 'asked'));
  if (failure) throw failure;
  checkSession();
  const tokens =
    session.state.tokens ?? (await new Promise<TokenSet | null>((resume, fail) => joinWait(manager, { resume, fail })));
  if (tokens && !tokens.isGuest) return tokens;
  throw tokenError('signedOut', () => process.env.NODE_ENV !== 'production' && 'Nobody is signed in.');
}
