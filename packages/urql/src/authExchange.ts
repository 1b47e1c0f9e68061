import type { TokenManager, TokenSet } from '@latchkey/core';
import {
  type AdapterOptions,
  type AuthChoice,
  allowedOrigins,
  type CallerHeaders,
  checkAttempt,
  type DecideOptions,
  type Decision,
  hasHeader,
  inDevelopment,
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
import { attach, fetchOptionsOf, watchedFetch } from './attach.ts';
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
export function authExchange(auth: TokenManager, options: AdapterOptions = {}): Exchange {
  const { origins, ...choices } = options;
  const isAllowed = origins && allowedOrigins(origins);
  return ({ forward }) => new AuthStage(auth, choices, isAllowed).connect(forward);
}

/** A failed mutation's context holds the session in which each exchange had sent it. */
type SessionContext = OperationContext & { readonly latchkeySessions?: ReadonlyMap<Sender, string> };

const kinds: readonly string[] = ['query', 'mutation', 'subscription'];
const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

/** The exchange in one client. An operation's life, from top to bottom: enter, attempt, answer, and again attempt. */
class AuthStage implements Sender {
  readonly #auth: TokenManager;
  readonly #choices: DecideOptions;
  readonly #isAllowed: ((url: string) => boolean) | undefined;
  readonly #teardowns = new Teardowns();
  readonly #retries = makeSubject<Operation>();
  readonly #failures = makeSubject<OperationResult>();

  constructor(auth: TokenManager, choices: DecideOptions, isAllowed: ((url: string) => boolean) | undefined) {
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
  #enter(operation: Operation): Operation | undefined {
    const { kind, context } = operation;
    if (kind === 'teardown') this.#teardowns.add(operation);
    const isAllowed = !this.#isAllowed || this.#isAllowed(context.url);
    if (!kinds.includes(kind) || context.auth === 'omit' || !isAllowed) return operation;
    const fetchOptions = fetchOptionsOf(operation);
    if (hasHeader(fetchOptions?.headers as CallerHeaders, 'authorization')) return operation; // the caller's own token
    const run = new AuthOperation(operation, this, this.#teardowns.count);
    const tokens = this.#auth.fresh();
    if (tokens !== undefined) return this.#attempt(run, tokens, fetchOptions);
    this.#wait(run);
    this.#auth.waitFor(run);
    return undefined;
  }

  /** The operation with the token set's headers over the caller's fetch options; `undefined`: it fails. */
  #attempt(run: AuthOperation, tokens: TokenSet | null, own: RequestInit | undefined): Operation | undefined {
    const { given, retried } = run;
    run.http = run.deliveredErrors = run.data = run.errors = undefined;
    try {
      checkAttempt(tokens, given.context.auth, (given.context as SessionContext).latchkeySessions?.get(this));
      const fetchOptions = attach(own, tokens && this.#auth.headers(tokens), retried);
      run.sent = tokens; // not earlier: an operation that fails above stays in its session
      const isAsGiven = fetchOptions === given.context.fetchOptions && !this.#auth.receivesTokens; // a guest's answer brings one
      return isAsGiven ? given : this.#sentOn(run, fetchOptions);
    } catch (error) {
      this.#failLater(run, error);
      return undefined;
    }
  }

  /** What is sent. Not by `makeOperation`, which copies the context twice. */
  #sentOn(run: AuthOperation, fetchOptions: RequestInit | undefined): Operation {
    const { given } = run;
    const context: OperationContext = { ...given.context, fetchOptions: fetchOptions as RequestInit, latchkey: run };
    if (this.#auth.receivesTokens) context.fetch = watchedFetch(run);
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
    readResponse(run, result);
    const decision = this.#auth.decide(run, this.#choices);
    return decision ? this.#hold(run, result, decision) : this.#deliver(run, result);
  }

  #deliver(run: AuthOperation, result: OperationResult): OperationResult {
    if (result.data != null) {
      run.delivered = true;
      run.retried = false;
    }
    run.data = undefined;
    if (!result.error) return { ...result, operation: run.given };
    run.deliveredErrors = [...result.error.graphQLErrors];
    return { ...result, operation: this.#failedOperation(run) };
  }

  #hold(run: AuthOperation, result: OperationResult, decision: Exclude<Decision, undefined>): undefined {
    const isStream = result.hasNext || run.given.kind === 'subscription';
    const isSocket = isStream && result.error?.response === undefined;
    run.isOpen = isStream && !isSocket;
    run.retried = true;
    this.#wait(run); // before it is closed: the transport may answer that
    if (decision !== 'wait') this.#failLater(run, decision);
    else if (isSocket) this.#close(run); // its "complete" would end the consumer's subscription
  }

  resume(run: AuthOperation, tokens: TokenSet | null): void {
    const isTornDown = this.#isTornDown(run);
    if (run.isOpen && !isTornDown) this.#close(run); // not from within its answer: urql's fetch would throw there, uncaught
    run.isOpen = false;
    this.#stopWaiting(run);
    if (isTornDown) return;
    try {
      const operation = this.#attempt(run, tokens, fetchOptionsOf(run.given)); // they may have changed while it waited
      if (operation) this.#retries.next(operation);
    } catch (error) {
      this.fail(run, error); // an exchange behind has thrown
    }
  }

  /** The client may not listen yet. A method of its own: thousands of calls of the others would each keep a place for its closure. */
  #failLater(run: AuthOperation, error: unknown): void {
    queueMicrotask(() => this.fail(run, error));
  }

  fail(run: AuthOperation, error: unknown): void {
    this.#stopWaiting(run);
    run.isWaiting = true; // what its transport still delivers is ignored
    if (!this.#isTornDown(run)) this.#failures.next(makeErrorResult(this.#failedOperation(run), error as Error));
  }

  /** An exchange in front may retry a failed mutation: it still belongs to the session in which it was sent. */
  #failedOperation({ given, sent }: AuthOperation): Operation {
    const { kind, context } = given;
    if (kind !== 'mutation' || !sent) return given;
    const sessions = new Map((context as SessionContext).latchkeySessions).set(this, sent.sessionId);
    return { ...given, context: { ...context, latchkeySessions: sessions } };
  }

  #wait(run: AuthOperation): void {
    run.isWaiting = true;
    this.#teardowns.waiting++;
  }

  #stopWaiting(run: AuthOperation): void {
    if (run.isWaiting) this.#teardowns.waiting--;
    run.isWaiting = false;
  }

  #isTornDown({ given, teardownCount }: AuthOperation): boolean {
    return this.#teardowns.count > teardownCount && this.#teardowns.includes(given, teardownCount);
  }

  /** Closes the old transport. A mutation's has ended, and other mutations may have its key. */
  #close({ given }: AuthOperation): void {
    if (given.kind !== 'mutation') this.#retries.next(makeOperation('teardown', given));
  }
}
