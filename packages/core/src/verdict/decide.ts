import { redact, redactedCause, textsIn } from '../errors/redact.ts';
import { type Refusal, sessionIsOver, TokenError } from '../errors/tokenError.ts';
import type { Session } from '../session/session.ts';
import type { Events } from '../session/tokenEvents.ts';
import { left, withSignal } from '../time/waiting.ts';
import type { TokenManagerOptions } from '../tokenManagerOptions.ts';
import { receiveTokens } from '../tokens/headerReceiver.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import { demandOf } from './demandOf.ts';
import { type Dialect, defaultDialect, judge, type Verdict } from './dialect.ts';
import { type MutationPolicy, mayRepeat } from './mayRetry.ts';
import { errorsIn, type ResponseFacts } from './responseFacts.ts';

export interface SettleOptions {
  /** The API's, where it is not the provider's. */
  readonly dialect?: Dialect | undefined;
  /** @defaultValue 'safe' */
  readonly mutations?: MutationPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What becomes of an answer: `undefined`, deliver it; a promise of a token set, send again with it; a rejection, the
 * operation fails with that `TokenError`.
 */
export type Settle = (facts: ResponseFacts, options?: SettleOptions) => Promise<TokenSet> | undefined;

export interface SettleContext {
  readonly session: Session;
  readonly events: Events;
  readonly now: () => number;
  readonly cooldownMs: number;
  readonly dialect: Dialect | undefined;
  readonly receive: TokenManagerOptions['receive'];
  readonly renews: boolean;
  /** The successor of a refused token set of the session that we are in. */
  readonly successorOf: (refused: TokenSet) => Promise<TokenSet>;
}

/** So many operations are remembered whose refusal outlived a renewal; the oldest is forgotten first. */
const mostRemembered = 100;
const longestPauseMs = 5 * 60_000;
/** So many new tokens may die early on streams within the longest pause: a server that is restarted, keys that are changed. */
const mostEarlyDeaths = 10;

/** What is kept of a refusal while its operation waits. */
type Refused = Pick<ResponseFacts, 'sent' | 'status' | 'errors'>;

const secretsOf = ({ sent }: Refused) => textsIn([sent?.accessToken, sent?.refreshToken]);

/** What is said of the refusal in the error of the operation: no token of ours, nor anything that looks like one. */
function refusalOf(refused: Refused): Refusal {
  const secrets = secretsOf(refused);
  return { status: refused.status, messages: errorsIn(refused).map(error => redact(error?.message, secrets)) };
}

export function createSettle(context: SettleContext): Settle {
  const { session, events, now, cooldownMs, receive, renews, successorOf } = context;
  /** The newest token set that a server has taken. */
  let accepted: TokenSet | undefined;
  /** The newest that a refusal has brought; until somebody's operation is accepted with it, it is on trial. */
  let onTrial: { readonly tokens: TokenSet; readonly until: number } | undefined;
  let awaited: { readonly refused: TokenSet; readonly successor: Promise<TokenSet> } | undefined;
  /** How many new tokens died on streams, since when they are counted, and the last of them. */
  let early: { deaths: number; since: number; last?: TokenSet } = { deaths: 0, since: Number.NEGATIVE_INFINITY };
  /** Operations that are refused whatever the token: no renewal for their sake until then. */
  const stubborn = new Map<unknown, { readonly count: number; readonly until: number }>();

  function isTaken(facts: ResponseFacts): void {
    const { sent, data } = facts;
    if (data == null) return;
    if (sent && sent === session.tokens) accepted = sent;
    if (stubborn.size) stubborn.delete(facts.operation); // an empty map is asked for nothing: each good answer comes here
  }

  /** The refusal has outlived a renewal: the operation may look like one that lacks a token. */
  function remember({ operation }: ResponseFacts): void {
    const before = stubborn.get(operation);
    const count = before && now() < before.until + longestPauseMs ? before.count + 1 : 1;
    stubborn.delete(operation);
    stubborn.set(operation, {
      count,
      until: now() + Math.min(cooldownMs * 2 ** (count - 1), longestPauseMs),
    });
    if (stubborn.size > mostRemembered) stubborn.delete(stubborn.keys().next().value);
  }

  /** A stream that had data is refused with a token that should live on, and not for the first time: so it would go on and on. */
  function isTooOften({ sent, delivered }: ResponseFacts): boolean {
    if (!delivered || !onTrial || onTrial.tokens !== sent) return false;
    if (now() >= Math.min(onTrial.until, sent.expiresAt ?? Number.POSITIVE_INFINITY)) return false;
    if (now() >= early.since + longestPauseMs) early = { deaths: 0, since: now() };
    if (early.last !== sent) early = { ...early, deaths: early.deaths + 1, last: sent }; // once, on however many streams
    return early.deaths > mostEarlyDeaths;
  }

  /** Whether another renewal would help nobody. */
  function isUseless(sent: TokenSet, operation: unknown): boolean {
    const { tokens } = session;
    const isCurrent = sent.accessToken === tokens?.accessToken;
    const isOnTrial = onTrial && onTrial.tokens === tokens && accepted !== tokens && now() < onTrial.until;
    return isCurrent && (isOnTrial || now() < (stubborn.get(operation)?.until ?? 0));
  }

  /** All that were refused with one token set wait for the same promise. */
  function successor(refused: TokenSet): Promise<TokenSet> {
    if (awaited?.refused === refused) return awaited.successor;
    const mine = { refused, successor: tryOut(successorOf(refused)) };
    const forget = () => {
      if (awaited === mine) awaited = undefined;
    };
    awaited = mine;
    mine.successor.then(forget, forget);
    return mine.successor;
  }

  async function tryOut(successor: Promise<TokenSet>): Promise<TokenSet> {
    const tokens = await successor;
    if (onTrial?.tokens !== tokens) onTrial = { tokens, until: now() + cooldownMs };
    return tokens;
  }

  function repeatWith(
    successor: Promise<TokenSet>,
    { sent, status, errors }: Refused,
    signal: AbortSignal | undefined,
  ): Promise<TokenSet> {
    const refused = { sent, status, errors };
    return successor.then(
      tokens => {
        if (!signal?.aborted) events.emit('repeated', { session: tokens.session });
        return tokens;
      },
      (error: TokenError) => {
        const { code, message, status, retryAfterMs, oauthError, cause = error } = error;
        throw new TokenError(code, message, { status, retryAfterMs, oauthError, cause, refusal: refusalOf(refused) });
      },
    );
  }

  return function settle(facts, { dialect = context.dialect ?? defaultDialect, mutations = 'safe', signal } = {}) {
    const { sent } = facts;
    if (sent && sent.session !== session.tokens?.session) return Promise.reject(sessionIsOver());
    let verdict: Verdict;
    try {
      verdict = judge(facts, dialect);
      if (receive && verdict !== 'unauthenticated') receiveTokens(receive, session, facts, now());
    } catch (thrown) {
      const cause = redactedCause(thrown, secretsOf(facts));
      return Promise.reject(
        new TokenError('misconfigured', 'A callback threw while it looked at a response.', { cause }),
      );
    }
    if (verdict === 'ok') {
      isTaken(facts);
      return undefined;
    }
    if (!sent) return undefined;
    if (verdict !== 'unauthenticated') {
      events.emit(verdict, { session: sent.session, ...demandOf(facts, verdict, secretsOf(facts)) });
      return undefined;
    }
    if (signal?.aborted) return Promise.reject(left()); // nobody wants its repeat, nor a renewal for its sake
    events.emit('refused', { session: sent.session });
    if (facts.repeated || isTooOften(facts)) remember(facts);
    if (!renews || isUseless(sent, facts.operation)) return undefined;
    const next = successor(sent);
    const repeats = mayRepeat(facts, mutations, dialect);
    if (repeats && !facts.isConsumed) return withSignal(repeatWith(next, facts, signal), signal);
    if (!repeats) return undefined; // renewed for those that follow
    const message = 'The operation was refused, and its body was a stream, which cannot be sent twice.';
    return Promise.reject(new TokenError('notRepeatable', message, { refusal: refusalOf(facts) }));
  };
}
