import { ApolloLink } from '@apollo/client';
import {
  type AdapterOptions,
  type AuthChoice,
  mayHaveToken,
  type ResponseFacts,
  type SettleOptions,
  TokenError,
  type TokenManager,
  type TokenSet,
  warnOnce,
} from '@latchkey/core';
import { Observable, type Observer, type Subscriber, type Subscription } from 'rxjs';
import { attach, bringsOwnToken, carries } from './attach.ts';
import { type Attempt, readError, readResult } from './readResponse.ts';

declare module '@apollo/client' {
  interface DefaultContext {
    /** What this operation wants of the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

/**
 * Keeps the operations of an Apollo Client signed in: attaches the token, has it renewed when a server refuses it, and
 * sends the operation again. Its place is before the links that send: `ApolloLink.from([authLink(auth), httpLink])`.
 */
export function authLink(auth: TokenManager, options: AdapterOptions = {}): ApolloLink {
  const { origins, ...settling } = options;
  return new ApolloLink(
    (operation, forward) =>
      new Observable(observer => {
        const context = operation.getContext();
        const { auth: choice, uri } = context;
        const isOurs = choice !== 'omit' && (typeof uri !== 'string' || mayHaveToken(uri, origins));
        if (!isOurs || bringsOwnToken(context)) return forward(operation).subscribe(observer);
        const way = new Way(auth, settling, operation, forward, observer);
        way.enter(context);
        return () => way.leave();
      }),
  );
}

type Context = Readonly<ApolloLink.OperationContext>;
type Result = ApolloLink.Result;

/** One operation's way, from its subscription to its end. */
class Way {
  private attempt: Sent | undefined;
  private signal: AbortSignal | undefined;
  private readonly auth: TokenManager;
  private readonly options: SettleOptions;
  private readonly operation: ApolloLink.Operation;
  private readonly forward: ApolloLink.ForwardFunction;
  readonly observer: Subscriber<Result>;

  constructor(
    auth: TokenManager,
    options: SettleOptions,
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
    observer: Subscriber<Result>,
  ) {
    this.auth = auth;
    this.options = options;
    this.operation = operation;
    this.forward = forward;
    this.observer = observer;
  }

  /** Goes on at once where the token is known, and waits where it is not. */
  enter(context: Context): void {
    this.signal = (context.fetchOptions as RequestInit | undefined)?.signal ?? undefined;
    const tokens = this.auth.fresh();
    if (tokens !== undefined) this.send(tokens, context, false);
    else
      this.auth.get({ signal: this.signal }).then(
        had => this.observer.closed || this.send(had, this.operation.getContext(), false),
        (error: unknown) => this.observer.error(error),
      );
  }

  /** `forward` is called anew for each attempt: HttpLink reads the context when it is called, not when it is subscribed. */
  private send(tokens: TokenSet | null, context: Context, repeated: boolean): void {
    const attempt = new Sent(this, tokens, repeated);
    this.attempt = attempt;
    try {
      if (this.signal?.aborted)
        throw new TokenError('aborted', 'The operation was aborted while it waited for a token.');
      if (!tokens && context.auth === 'required') throw new TokenError('signedOut', 'Nobody is signed in.');
      attach(this.operation, context, tokens && this.auth.headers(tokens));
      attempt.open(this.forward(this.operation));
    } catch (error) {
      this.observer.error(error);
    }
  }

  result(attempt: Sent, result: Result): void {
    const facts = readResult(this.operation, attempt, result, this.auth.receivesTokens);
    if (this.isRefused(attempt, facts)) return;
    if (result.data) {
      attempt.delivered = true;
      attempt.repeated = false;
    }
    this.observer.next(result);
  }

  error(attempt: Sent, error: unknown): void {
    if (!this.isRefused(attempt, readError(this.operation, attempt, error))) this.observer.error(error);
  }

  /** Has the answer judged. After a refusal its stream is closed before the operation is sent again. */
  private isRefused(attempt: Sent, facts: ResponseFacts): boolean {
    const { signal, options } = this;
    const decision = this.auth.settle(facts, signal ? { ...options, signal } : options);
    if (!decision) return false;
    if (attempt.sent && !carries(this.operation.getContext(), this.auth.headers(attempt.sent)))
      warnOnce('A link behind authLink replaces the authorization header. Take it out, or put it in front.');
    attempt.close();
    decision.then(
      tokens => this.observer.closed || this.send(tokens, this.operation.getContext(), true),
      (error: unknown) => this.observer.error(error),
    );
    return true;
  }

  leave(): void {
    this.attempt?.close();
  }
}

/** What was sent with one token set, and the stream of its answers, until it is closed. */
class Sent implements Attempt, Observer<Result> {
  delivered = false;
  repeated: boolean;
  readonly sent: TokenSet | null;
  private isClosed = false;
  private answers: Subscription | undefined;
  private readonly way: Way;

  constructor(way: Way, sent: TokenSet | null, repeated: boolean) {
    this.way = way;
    this.sent = sent;
    this.repeated = repeated;
  }

  open(stream: Observable<Result>): void {
    this.answers = stream.subscribe(this);
    if (this.isClosed) this.answers.unsubscribe(); // a synchronous answer has ended it
  }

  close(): void {
    this.isClosed = true;
    this.answers?.unsubscribe();
  }

  next(result: Result): void {
    if (!this.isClosed) this.way.result(this, result);
  }

  error(error: unknown): void {
    if (!this.isClosed) this.way.error(this, error);
  }

  complete(): void {
    if (!this.isClosed) this.way.observer.complete();
  }
}
