import type { DecideOptions } from '../decide.ts';
import { TokenError } from '../errors/tokenError.ts';
import { callEach } from '../session/callEach.ts';
import type { TokenManager } from '../tokenManager.ts';
import { type TokenSet, usersOf } from '../tokens/tokenSet.ts';
import type { GraphQLErrorLike, ResponseFacts } from '../verdict/responseFacts.ts';
import { closeCodeOf } from './failureFacts.ts';
import { isRefusal } from './isRefusal.ts';
import { markJudged } from './markJudged.ts';
import type { WaitForTokensOptions } from './waitForTokens.ts';

type Judging = Pick<TokenManager, 'manager' | 'decide' | 'fresh'>;

/** Whether the token set was a user's, and has come to its end. */
const isExpired = (tokens: TokenSet | null, now: number) =>
  now >= (usersOf(tokens)?.expiresAt ?? Number.POSITIVE_INFINITY);

/**
 * What becomes of an answer over a socket, which keeps the token set that it was opened with: `undefined`, it is delivered;
 * `'replace'`, it is delivered, and the socket needs another token set; `'wait'`, its operation waits for that socket; a
 * `TokenError`, the operation fails with it. The refusal of a token set that has expired counts as the first one.
 */
export function decideOnSocket(
  auth: Judging,
  facts: ResponseFacts,
  options: DecideOptions,
): 'wait' | 'replace' | TokenError | undefined {
  const hasEnded = isExpired(facts.sent, auth.manager().session.clock.now());
  const attempt = { ...facts, retried: facts.retried && !hasEnded, resume() {}, fail() {} };
  if (hasEnded) auth.decide({ ...attempt, errors: undefined, closeCode: undefined, status: 200, data: true }, options); // it was accepted
  const decision = auth.decide(attempt, options);
  if (decision || !isRefusal(auth, facts, options)) return decision;
  markJudged(auth, facts.errors ?? []);
  return auth.fresh() === facts.sent ? undefined : 'replace'; // it is being renewed, or was
}

/** What is known of a socket that has ended. */
export interface EndedSocket {
  /** `undefined`: it was not opened. */
  readonly sent?: TokenSet | null | undefined;
  /** What it waited for: after a refusal the successor. */
  readonly how: Pick<WaitForTokensOptions, 'refused'> | undefined;
  /** The error event before its close event. */
  readonly failure?: unknown;
  /** The payload of a `connection_error` of the old protocol. */
  readonly early?: unknown;
  /** Milliseconds since the epoch. */
  readonly acknowledgedAt?: number | undefined;
  readonly hasData: boolean;
}

export interface SocketOptions extends DecideOptions {
  /** How many attempts in a row may fail. @defaultValue 5 */
  readonly retryAttempts?: number;
  /** The pause before an attempt. @defaultValue 1.3 to 30 seconds, with jitter */
  readonly retryWait?: (retries: number) => Promise<void>;
  /** Whether to open another socket after this close event; not asked after a fatal code. One that throws does not count. @defaultValue always */
  readonly shouldRetry?: (event: unknown) => boolean;
}

export interface SocketVerdict {
  /** How another socket is opened; where none is, operations end with `failure`. */
  readonly how?: Pick<WaitForTokensOptions, 'refused' | 'pause'>;
  readonly failure: unknown;
  /** How many attempts in a row have failed. */
  readonly retries: number;
}

const backOffMs = (retries: number) => Math.min(1_000 * 2 ** retries, 27_000) + 300 + 2_700 * Math.random();

/**
 * What follows the end of a socket. A refusal of a token set that has expired, or with which data came or the socket outlived a
 * cool-down, counts as the first one.
 *
 * @param event - its close event; an error of the program, or why it could not be opened, in its place
 * @param retries - how many attempts in a row have failed before
 * @param operation - identifies the sockets of one client
 */
export function judgeSocketEnd(
  auth: Judging,
  socket: EndedSocket,
  event: unknown,
  options: SocketOptions,
  retries: number,
  operation: object,
): SocketVerdict {
  const { session, renews } = auth.manager();
  const { sent = null, how, hasData, acknowledgedAt = Number.POSITIVE_INFINITY } = socket;
  const now = session.clock.now();
  const hasEnded = isExpired(sent, now);
  const isProven = hasData || hasEnded || now >= acknowledgedAt + session.options.cooldownMs;
  const unread = { sent, kind: 'subscription', operation } as const;
  if (isProven) decideOnSocket(auth, { ...unread, data: true }, options); // the server has accepted the token set
  const retried = how?.refused !== undefined && !isProven;
  const facts = { ...unread, ...readEnd(event, socket), retried, delivered: hasData };
  const decision = decideOnSocket(auth, facts, options);
  if (TokenError.is(decision)) return { failure: decision, retries };
  const failure = facts.status ? socket.failure : event;
  const before = isProven ? 0 : retries;
  const isFinal = isRefusal(auth, facts, options) || isFatal(event);
  if (decision || (hasEnded && renews && !isFinal))
    return { how: { refused: sent ?? undefined }, failure, retries: before };
  const { retryAttempts = 5, retryWait, shouldRetry } = options;
  let isWanted = true;
  callEach([shouldRetry], ask => {
    isWanted = ask?.(event) !== false;
  });
  if (isFinal || before >= retryAttempts || !isWanted) return { failure, retries: 0 };
  const pause = retryWait ? () => retryWait(before) : backOffMs(before);
  return { how: { pause }, failure, retries: before + 1 };
}

/** The answer to the upgrade, which only `ws` shows: in browsers it looks like a server that is down. */
const upgradeAnswer = /^Unexpected server response: (\d{3})$/;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const fieldOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

function readEnd(
  event: unknown,
  { failure, early }: EndedSocket,
): Pick<ResponseFacts, 'closeCode' | 'status' | 'errors'> {
  const closeCode = closeCodeOf(event);
  const [, status] = upgradeAnswer.exec(String(fieldOf(failure, 'message'))) ?? [];
  const stated = early ?? (closeCode === 4400 ? fieldOf(event, 'reason') : undefined); // of other codes the reason is for people
  const errors = stated ? [(isObject(stated) ? stated : { message: stated }) as GraphQLErrorLike] : undefined;
  return { closeCode, status: status ? Number(status) : undefined, errors };
}

/** @see RFC 6455 section 7.4.1 */
const transient: readonly number[] = [1000, 1001, 1005, 1006, 1012, 1013, 1014];

/** Of GraphQL over WebSocket, and those of a refusal that no renewal resolves. @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const fatal: readonly number[] = [4004, 4005, 4400, 4401, 4403, 4406, 4409, 4429, 4500];

/** Whether another attempt would end the same way. */
function isFatal(event: unknown): boolean {
  const code = closeCodeOf(event);
  if (code === undefined) return event instanceof Error;
  return code < 2000 ? !transient.includes(code) : fatal.includes(code);
}
