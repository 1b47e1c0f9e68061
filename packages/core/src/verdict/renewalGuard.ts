import type { Session } from '../session/session.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from './responseFacts.ts';

// Keeps refusals that no renewal mends from causing one renewal after the other.

/** So many operations are remembered whose refusal outlived a renewal; the oldest is forgotten first. */
const maxRemembered = 100;
const maxPauseMs = 5 * 60_000;
/** So many new token sets may be refused early on streams within the longest pause: a server restarts, keys change. */
const maxEarlyRefusals = 10;

/** What is remembered of earlier answers. */
export interface RefusalHistory {
  /** The newest token set that a server has accepted. */
  accepted?: TokenSet | undefined;
  /** The newest that a refusal has brought: on trial until an operation is accepted with it. */
  trial?: { readonly tokens: TokenSet; readonly until: number };
  /** New token sets that were refused early on streams, since when they are counted, and the last of them. */
  early: { readonly count: number; readonly since: number; readonly last?: TokenSet };
  /** Operations that are refused whatever the token: until then they cause no renewal. */
  readonly stubborn: Map<unknown, { readonly count: number; readonly until: number }>;
}

export const noRefusals = (): RefusalHistory => ({
  early: { count: 0, since: Number.NEGATIVE_INFINITY },
  stubborn: new Map(),
});

/** An operation was accepted. */
export function noteAccepted(history: RefusalHistory, { state }: Session, facts: ResponseFacts): void {
  if (facts.data == null) return;
  if (facts.sent && facts.sent === state.tokens) history.accepted = facts.sent;
  if (history.stubborn.size > 0) history.stubborn.delete(facts.operation); // an adapter may have to parse it
}

/** A renewal has brought a successor. */
export function noteSuccessor(history: RefusalHistory, { clock, options }: Session, tokens: TokenSet): void {
  if (history.trial?.tokens !== tokens) history.trial = { tokens, until: clock.now() + options.cooldownMs };
}

/** An operation was refused. */
export function noteRefused(history: RefusalHistory, session: Session, facts: ResponseFacts): void {
  const isEarlyOnStream = !facts.retried && facts.delivered && isEarly(history, session, facts);
  if (isEarlyOnStream) countEarly(history, session, facts);
  if (facts.retried || (isEarlyOnStream && history.early.count > maxEarlyRefusals))
    remember(history, session, facts.operation);
}

/** Whether another renewal would help nobody. */
export function isUseless(history: RefusalHistory, session: Session, facts: ResponseFacts): boolean {
  const { trial, accepted, stubborn } = history;
  const { tokens } = session.state;
  const { sent } = facts;
  if (sent !== tokens && sent?.accessToken !== tokens?.accessToken) return false;
  const trialUntil = trial && trial.tokens === tokens && accepted !== tokens ? trial.until : 0;
  const until = stubborn.size === 0 ? trialUntil : Math.max(trialUntil, stubborn.get(facts.operation)?.until ?? 0);
  return until > 0 && session.clock.now() < until;
}

/** Whether a stream is refused with a token set that is new and has not expired. */
function isEarly({ trial }: RefusalHistory, { clock }: Session, { sent }: ResponseFacts): boolean {
  if (!sent || trial?.tokens !== sent) return false;
  return clock.now() < Math.min(trial.until, sent.expiresAt ?? Number.POSITIVE_INFINITY);
}

/** Counts a token set once, on however many streams it is refused. */
function countEarly(history: RefusalHistory, { clock }: Session, { sent }: ResponseFacts): void {
  const now = clock.now();
  if (now >= history.early.since + maxPauseMs) history.early = { count: 0, since: now };
  const { count, since, last } = history.early;
  if (sent && last !== sent) history.early = { count: count + 1, since, last: sent };
}

/** The refusal has outlived a renewal: the operation may only look like one that lacks a token. */
function remember({ stubborn }: RefusalHistory, { clock, options }: Session, operation: unknown): void {
  const now = clock.now();
  const before = stubborn.get(operation);
  const count = before && now < before.until + maxPauseMs ? before.count + 1 : 1;
  stubborn.delete(operation);
  stubborn.set(operation, { count, until: now + Math.min(options.cooldownMs * 2 ** (count - 1), maxPauseMs) });
  if (stubborn.size > maxRemembered) stubborn.delete(stubborn.keys().next().value);
}
