import { callbackFailed } from './errors/callbackFailed.ts';
import { redact, secretsIn } from './errors/redact.ts';
import { detailsOf, type Refusal, TokenError, tokenError } from './errors/tokenError.ts';
import type { Attempt, Manager, Refused } from './manager.ts';
import { beginWith } from './renewal/renewal.ts';
import { freshTokens, successorOf } from './renewal/tokenAccess.ts';
import { isOfSession, renewSession, supersededIn } from './session/session.ts';
import { emitEvent, emitRefusal } from './session/tokenEvents.ts';
import { abortReason, addWaiter, answerAll, late, setListTimer } from './session/waitingList.ts';
import { isOfOtherUser, makeTokenSet, positionAfter, type TokenSet, usersOf } from './tokens/tokenSet.ts';
import { type Dialect, defaultDialect, errorsIn, judge } from './verdict/dialect.ts';
import type { Receiver } from './verdict/headerReceiver.ts';
import { type MutationPolicy, mayRetry } from './verdict/mayRetry.ts';
import { isUseless, noteAccepted, noteRefused, noteSuccessor } from './verdict/renewalGuard.ts';
import { requirementOf } from './verdict/requirementOf.ts';
import type { ResponseFacts } from './verdict/responseFacts.ts';
import { wasJudged } from './verdict/wasJudged.ts';

export interface DecideOptions {
  /** The API's, where it is not the provider's. */
  readonly dialect?: Dialect | undefined;
  /** @defaultValue 'safe' */
  readonly mutations?: MutationPolicy | undefined;
}

/**
 * What becomes of an answer: `undefined`, it is delivered; a `TokenError`, the operation fails with it; `'wait'`, the attempt's
 * `resume` or `fail` is called later. Until then its `sent`, `status` and `errors` must not change.
 */
export type Decision = 'wait' | TokenError | undefined;

/** Decides what becomes of the answer to an attempt. */
export function decide(
  manager: Manager,
  attempt: Attempt,
  options: DecideOptions,
  signal?: AbortSignal | null,
): Decision {
  const { session, refusals } = manager;
  const sent = usersOf(attempt.sent); // a guest's operation is anonymous
  if (session.state.status === 'disposed') return undefined;
  if (sent && sent !== session.state.tokens && !isOfSession(session, sent)) return supersededIn(session);
  if (manager.judged && errorsIn(attempt).some(error => wasJudged(manager.judged, error))) return undefined;
  const dialect = options.dialect ?? manager.options.dialect ?? defaultDialect;
  try {
    const verdict = attempt.auth === 'unjudged' ? undefined : judge(attempt, dialect);
    if (manager.options.receive && verdict !== 'unauthenticated') {
      receive(manager, manager.options.receive, attempt);
      if (sent && !isOfSession(session, sent)) return supersededIn(session);
    }
    if (verdict === 'ok') noteAccepted(refusals, session, attempt);
    else if (sent && verdict === 'unauthenticated') return refuse(manager, attempt, dialect, options.mutations, signal);
    else if (sent && verdict) return report(manager, attempt, sent, verdict as 'forbidden' | 'stepUp');
    return undefined;
  } catch (thrown) {
    return callbackFailed(
      thrown,
      attempt.sent,
      () => process.env.NODE_ENV !== 'production' && 'A callback threw while it read a response.',
    );
  }
}

const secretsOf = ({ sent }: ResponseFacts) => secretsIn([sent?.accessToken, sent?.refreshToken]);

/**
 * Uses the token that an answer brought; another user's begins another session, and a guest's where nobody is signed in. Only
 * an answer to the token set in use brings its successor, not a late one.
 */
function receive(manager: Manager, receiver: Receiver, attempt: Attempt): void {
  const { session, store } = manager;
  const { sent } = attempt;
  const { tokens } = session.state;
  if (sent ? sent !== tokens : freshTokens(manager) !== null) return;
  const answer = receiver(attempt, sent, session.clock.now());
  if (!answer || tokens !== session.state.tokens) return; // the callback may have signed in
  if (!sent) return void beginWith(manager, { ...answer, parts: { ...answer.parts, isGuest: true } });
  const next = makeTokenSet(answer, positionAfter(sent), sent);
  store?.check(next);
  if (isOfOtherUser(next, sent)) return void beginWith(manager, answer);
  renewSession(session, next);
  void store?.receive(next);
}

function report({ session }: Manager, attempt: Attempt, sent: TokenSet, verdict: 'forbidden' | 'stepUp'): Decision {
  const requirement = requirementOf(attempt, verdict, secretsOf(attempt));
  emitEvent(session.events, verdict, { sessionId: sent.sessionId, ...requirement });
  const isOver = session.state.status !== 'disposed' && !isOfSession(session, sent);
  return isOver ? supersededIn(session) : undefined; // a listener has signed out
}

/** Has the token set renewed, where that is of use; the attempt waits for the successor, where it may be retried. */
function refuse(
  manager: Manager,
  attempt: Attempt,
  dialect: Dialect,
  mutations: MutationPolicy = 'safe',
  signal?: AbortSignal | null,
): Decision {
  const { session, refusals } = manager;
  const sent = attempt.sent as TokenSet;
  if (signal?.aborted) return failAborted(attempt, signal); // an aborted operation causes no renewal
  emitRefusal(session.events, 'refused', sent.sessionId);
  if (sent !== session.state.tokens && !isOfSession(session, sent)) return supersededIn(session); // a listener has signed out
  noteRefused(refusals, session, attempt);
  if (!manager.renews || isUseless(refusals, session, attempt)) return undefined;
  const refused = joinRefused(manager, sent);
  if (signal?.aborted) return failAborted(attempt, signal); // by a listener
  if (!mayRetry(attempt, mutations, dialect)) return undefined; // renewed for the operations that follow
  if (attempt.isConsumed) return notRetryable(attempt);
  const now = session.clock.now();
  addWaiter(refused.list, attempt, now, signal);
  setTimer(manager, refused, now);
  return 'wait';
}

function failAborted(attempt: Attempt, signal: AbortSignal): 'wait' {
  queueMicrotask(() => attempt.fail(abortReason(signal)));
  return 'wait';
}

/** Not within `refuse`: thousands of attempts would each keep a place for its closures. */
function setTimer(manager: Manager, refused: Refused, now: number): void {
  const { list } = refused;
  if (list.timerSetAt === now) return;
  const fail = (attempt: Attempt) => attempt.fail(withRefusal(late(), attempt));
  setListTimer(manager.session, { list, fail, restart: () => void serve(manager, refused) }, now);
}

/** The list of the attempts that were refused with a token set; the first of them starts its renewal. */
function joinRefused(manager: Manager, tokens: TokenSet): Refused {
  const present = manager.refused.get(tokens);
  if (present) return present;
  const refused: Refused = { tokens, list: { waiters: [], since: [], first: 0 } };
  manager.refused.set(tokens, refused);
  void serve(manager, refused);
  return refused;
}

/** Renews once, and walks over the list once. Where the renewal was abandoned, which never ends, another one serves the list. */
async function serve(manager: Manager, refused: Refused): Promise<void> {
  refused.list.round = manager.session.abandoned;
  let failure: TokenError | undefined;
  try {
    noteSuccessor(manager.refusals, manager.session, await successorOf(manager, refused.tokens));
  } catch (thrown) {
    failure = thrown as TokenError;
  }
  manager.refused.delete(refused.tokens);
  manager.session.clock.clearTimeout(refused.list.timer);
  answerAll(refused.list, attempt => (failure ? attempt.fail(withRefusal(failure, attempt)) : retry(manager, attempt)));
}

/** The session is asked anew for each attempt: one that was sent before may have ended it. */
function retry({ session }: Manager, attempt: Attempt): void {
  const { sessionId } = attempt.sent as TokenSet;
  if (session.state.tokens?.sessionId === sessionId) emitRefusal(session.events, 'retried', sessionId);
  const { tokens } = session.state; // a listener may have signed out
  if (tokens?.sessionId === sessionId) attempt.resume(tokens);
  else attempt.fail(supersededIn(session));
}

/** The refusal as the operation's error shows it: without our token, and without anything that looks like one. */
function refusalOf(facts: ResponseFacts): Refusal {
  const secrets = secretsOf(facts);
  return { status: facts.status, messages: errorsIn(facts).map(error => redact(error?.message, secrets)) };
}

const withRefusal = (failure: TokenError, attempt: Attempt): TokenError =>
  new TokenError(failure.code, failure.message, {
    ...detailsOf(failure),
    cause: failure.cause ?? failure,
    refusal: refusalOf(attempt),
  });

const notRetryable = (facts: ResponseFacts): TokenError =>
  tokenError(
    'notRetryable',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'The operation was refused, and its body is a stream, which cannot be sent twice.',
    { refusal: refusalOf(facts) },
  );
