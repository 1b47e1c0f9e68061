import type { TokenManager, TokenSet } from '@latchkey/core';
import {
  type AuthChoice,
  allowedOrigins,
  type CallerHeaders,
  checkAttempt,
  type DecideOptions,
  type Decision,
  hasHeader,
  inDevelopment,
  isFromElsewhere,
  type StreamOptions,
  waitInstead,
  warnOnce,
} from '@latchkey/core/adapter';
import {
  type Exchange,
  type ExchangeIO,
  makeErrorResult,
  makeOperation,
  type Operation,
  type OperationContext,
  type OperationResult,
} from '@urql/core';
import { filter, makeSubject, map, merge, pipe } from 'wonka';
import { attach, detach, fetchOptionsOf, watchedFetch } from './attach.ts';
import { AuthOperation, type Sender } from './authOperation.ts';
import { readResponse } from './readResponse.ts';
import { Teardowns } from './teardowns.ts';

declare module '@urql/core' {
  interface OperationContext {
    /** Whether this operation carries the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

/**
 * Keeps the operations of a urql client signed in: attaches the token, has it renewed when a server refuses it, and retries
 * the operation. Its place is after the caches and before the exchanges that send:
 * `[cacheExchange, authExchange(auth), fetchExchange]`.
 */
export function authExchange(auth: TokenManager, options: StreamOptions = {}): Exchange {
  const { origins, ...choices } = options;
  const isAllowed = origins && allowedOrigins(origins);
  return ({ forward }) => new AuthStage(auth, choices, isAllowed).connect(forward);
}

/** A failed mutation's context holds the session in which each exchange had sent it. */
type SessionContext = OperationContext & { readonly latchkeySessions?: ReadonlyMap<Sender, string> };

const kinds: readonly string[] = ['query', 'mutation', 'subscription'];
const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

type Choices = DecideOptions & Pick<StreamOptions, 'subscriptions'>;

/** The exchange in one client. An operation's life, from top to bottom: enter, attempt, answer, and again attempt. */
class AuthStage implements Sender {
  readonly #auth: TokenManager;
  readonly #choices: Choices;
  readonly #isAllowed: ((url: string) => boolean) | undefined;
  readonly #teardowns = new Teardowns();
  readonly #retries = makeSubject<Operation>();
  readonly #failures = makeSubject<OperationResult>();
  /** How to end the waits of subscriptions through an outage, by key. */
  readonly #patient = new Map<number, () => void>();

  constructor(auth: TokenManager, choices: Choices, isAllowed: ((url: string) => boolean) | undefined) {
    this.#auth = auth;
    this.#choices = choices;
    this.#isAllowed = isAllowed;
  }

  connect(forward: ExchangeIO): ExchangeIO {
    return operations$ => {
      const entered$ = pipe(
        operations$,
        map(operation => this.#enter(operation)),
        filter(isDefined),
      );
      const results$ = pipe(
        forward(merge([this.#retries.source, entered$])),
        map(result => this.#answer(result)),
        filter(isDefined),
      );
      return merge([this.#failures.source, results$]);
    };
  }

  /** Sends the operation at once where the token is known; otherwise it waits. */
  #enter(entered: Operation): Operation | undefined {
    if (entered.kind === 'teardown') {
      this.#teardowns.add(entered);
      if (this.#patient.size > 0) this.#endWait(entered.key);
    }
    const operation = this.#given(entered);
    const { kind, context } = operation;
    const isAllowed = !this.#isAllowed || this.#isAllowed(context.url);
    if (!kinds.includes(kind) || context.auth === 'omit' || !isAllowed) return operation;
    const own = fetchOptionsOf(operation);
    const run = new AuthOperation(operation, this, this.#teardowns.count);
    run.hasOwnToken = hasHeader(own?.headers as CallerHeaders, 'authorization');
    if (run.hasOwnToken) return own === context.fetchOptions ? operation : this.#sentOn(run, own);
    const tokens = this.#auth.fresh();
    if (tokens !== undefined) return this.#attempt(run, tokens, own);
    this.#wait(run);
    this.#auth.waitFor(run, own?.signal);
    return undefined;
  }

  #endWait(key: number): void {
    const stop = this.#patient.get(key);
    if (!stop) return;
    stop();
    this.#patient.delete(key);
    this.#teardowns.waiting--;
  }

  /** What was dispatched: an exchange behind may dispatch again what an attempt has sent. */
  #given(operation: Operation): Operation {
    let run = operation.context.latchkey as AuthOperation | undefined;
    while (run && run.sender !== this) run = run.front;
    return run ? this.#ofSession(detach(operation, run.given), run.sent) : operation;
  }

  /** The operation with the token set's headers over the caller's fetch options; `undefined`: it fails. */
  #attempt(run: AuthOperation, tokens: TokenSet | null, own: RequestInit | undefined): Operation | undefined {
    const { context } = run.given;
    try {
      checkAttempt(tokens, context.auth, (context as SessionContext).latchkeySessions?.get(this), own?.signal);
      const fetchOptions = attach(own, tokens && this.#auth.headers(tokens), run.retried);
      run.sent = tokens; // not earlier: an operation that fails above stays in its session
      const isAsGiven = fetchOptions === context.fetchOptions && !this.#auth.receivesTokens; // a guest's answer brings one
      return isAsGiven ? run.given : this.#sentOn(run, fetchOptions);
    } catch (error) {
      this.#failLater(run, error);
      return undefined;
    }
  }

  /** What is sent. Not by `makeOperation`, which copies the context twice. */
  #sentOn(run: AuthOperation, options: RequestInit | undefined): Operation {
    const { given } = run;
    const fetchOptions = options as RequestInit;
    const context: OperationContext = { ...given.context, fetchOptions, latchkey: run, fetch: watchedFetch(run) };
    return { ...given, context };
  }

  /** Delivers a result as the answer to the operation that the client gave, or holds it back. */
  #answer(result: OperationResult): OperationResult | undefined {
    const run = result.operation.context.latchkey as AuthOperation | undefined;
    if (run?.sender !== this) return result;
    if (run.isWaiting || this.#isTornDown(run)) return undefined;
    if (result.operation.context.meta?.cacheOutcome === 'miss' && !run.given.context.meta?.cacheOutcome)
      inDevelopment(
        () => process.env.NODE_ENV !== 'production' && warnOnce('authExchange stands before a cache. Put it behind.'),
      );
    const isJudged = !run.hasOwnToken && (run.sent || this.#auth.receivesTokens); // a guest's answer may bring a token
    if (!isJudged) return this.#deliver(run, result);
    readResponse(run, result);
    if (isFromElsewhere(run.http, run.given.context.url)) {
      run.sent = null;
      return this.#deliver(run, result);
    }
    const { signal } = (result.operation.context.fetchOptions ?? {}) as RequestInit;
    const decision = this.#auth.decide(run, this.#choices, signal);
    return decision ? this.#hold(run, result, decision) : this.#deliver(run, result);
  }

  #deliver(run: AuthOperation, result: OperationResult): OperationResult {
    run.delivered = true;
    if (result.data != null) run.retried = false;
    run.data = undefined;
    if (!result.error) return { ...result, operation: run.given };
    run.deliveredErrors = [...(result.error.graphQLErrors ?? [])];
    return { ...result, operation: this.#ofSession(run.given, run.sent) };
  }

  #hold(run: AuthOperation, result: OperationResult, decision: Exclude<Decision, undefined>): undefined {
    const isStream = result.hasNext || run.given.kind === 'subscription';
    const isSocket = isStream && run.http === undefined;
    run.retried = true;
    this.#wait(run); // before it is closed: the transport may answer that
    if (isStream && !isSocket) run.isWaiting = 'open';
    if (decision !== 'wait') this.#failLater(run, decision);
    else if (isSocket) this.#close(run); // its "complete" would end the consumer's subscription
  }

  resume(run: AuthOperation, tokens: TokenSet | null): void {
    this.#patient.delete(run.given.key);
    const isTornDown = this.#isTornDown(run);
    if (run.isWaiting === 'open' && !isTornDown) this.#close(run); // not from within its answer: urql's fetch would throw there, uncaught
    this.#teardowns.waiting--;
    if (isTornDown) return;
    const next = run.retried ? run.retry() : run;
    next.isWaiting = false;
    try {
      const operation = this.#attempt(next, tokens, fetchOptionsOf(next.given)); // they may have changed while it waited
      if (operation) this.#retries.next(operation);
    } catch (error) {
      this.fail(next, error); // an exchange behind has thrown
    }
  }

  /** The client may not listen yet. A method of its own: thousands of calls of the others would each keep a place for its closure. */
  #failLater(run: AuthOperation, error: unknown): void {
    queueMicrotask(() => this.fail(run, error));
  }

  fail(run: AuthOperation, error: unknown): void {
    const { key } = run.given;
    const stop = run.isWaiting && !this.#isTornDown(run) && waitInstead(this.#auth, run, error, this.#choices);
    if (stop) return void this.#patient.set(key, stop);
    this.#patient.delete(key);
    if (run.isWaiting) this.#teardowns.waiting--;
    run.isWaiting = true; // what its transport still delivers is ignored
    if (!this.#isTornDown(run))
      this.#failures.next(makeErrorResult(this.#ofSession(run.given, run.sent), error as Error));
  }

  /** Other exchanges may retry a mutation: it still belongs to the session in which it was sent. */
  #ofSession(operation: Operation, sent: TokenSet | null): Operation {
    const { kind, context } = operation;
    if (kind !== 'mutation' || !sent) return operation;
    const sessions = new Map((context as SessionContext).latchkeySessions).set(this, sent.sessionId);
    return { ...operation, context: { ...context, latchkeySessions: sessions } };
  }

  #wait(run: AuthOperation): void {
    run.isWaiting = true;
    this.#teardowns.waiting++;
  }

  #isTornDown({ given, teardownCount }: AuthOperation): boolean {
    return this.#teardowns.count > teardownCount && this.#teardowns.includes(given, teardownCount);
  }

  /** Closes the old transport. A mutation's has ended, and other mutations may have its key. */
  #close({ given }: AuthOperation): void {
    if (given.kind !== 'mutation') this.#retries.next(makeOperation('teardown', given));
  }
}
