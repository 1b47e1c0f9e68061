import { ApolloLink } from '@apollo/client';
import {
  type AdapterOptions,
  type AuthChoice,
  checkAttempt,
  mayHaveToken,
  type ResponseFacts,
  type SettleOptions,
  type TokenManager,
  type TokenSet,
  warnOnce,
} from '@latchkey/core';
import { Observable, type Observer, type Subscriber, type Subscription, type Unsubscribable } from 'rxjs';
import { attach, bringsOwnToken, carries, detach, sessionBefore } from './attach.ts';
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
  const isListed = mayHaveToken(origins);
  return new ApolloLink(
    (operation, forward) =>
      new Observable(observer => {
        const context = operation.getContext();
        const { auth: choice, uri } = context;
        const isOurs = choice !== 'omit' && (typeof uri !== 'string' || isListed(uri));
        if (!isOurs || bringsOwnToken(context)) {
          detach(operation, context);
          return forward(operation).subscribe(observer);
        }
        const way = new Way(auth, settling, operation, forward, observer);
        way.enter(context);
        return way;
      }),
  );
}

type Context = Readonly<ApolloLink.OperationContext>;
type Result = ApolloLink.Result;

/** One operation's way, from its subscription to its end: it listens to the answers of one attempt after the other. */
class Way implements Attempt, Observer<Result>, Unsubscribable {
  sent: TokenSet | null = null;
  repeated = false;
  delivered = false;
  /** Whether the answers of the last attempt are still heard. */
  private isOpen = false;
  private answers: Subscription | undefined;
  private signal: AbortSignal | undefined;
  /** The session that the operation belongs to, once it was sent. */
  private session: string | undefined;
  private readonly auth: TokenManager;
  private readonly options: SettleOptions;
  private readonly operation: ApolloLink.Operation;
  private readonly forward: ApolloLink.ForwardFunction;
  private readonly observer: Subscriber<Result>;

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
    this.session = sessionBefore(context);
    const tokens = this.auth.fresh();
    if (tokens !== undefined) this.send(tokens, context);
    else this.sendWith(this.auth.get({ signal: this.signal }));
  }

  private sendWith(awaited: Promise<TokenSet | null>): void {
    awaited.then(
      tokens => this.observer.closed || this.send(tokens, this.operation.getContext()),
      (error: unknown) => this.observer.error(error),
    );
  }

  /** `forward` is called anew for each attempt: HttpLink reads the context when it is called, not when it is subscribed. */
  private send(tokens: TokenSet | null, context: Context): void {
    this.sent = tokens;
    this.isOpen = true;
    try {
      checkAttempt(tokens, { auth: context.auth, session: this.session, signal: this.signal });
      attach(this.operation, context, tokens && { tokens, headers: this.auth.headers(tokens) }, this.repeated);
      this.answers = this.forward(this.operation).subscribe(this);
      if (!this.isOpen) this.answers.unsubscribe(); // a synchronous answer has ended it
    } catch (error) {
      this.observer.error(error);
    }
  }

  next(result: Result): void {
    if (!this.isOpen || this.isRefused(readResult(this.operation, this, result, this.auth.receivesTokens))) return;
    if (result.data) {
      this.delivered = true;
      this.repeated = false;
    }
    this.observer.next(result);
  }

  error(error: unknown): void {
    if (this.isOpen && !this.isRefused(readError(this.operation, this, error))) this.observer.error(error);
  }

  complete(): void {
    if (this.isOpen) this.observer.complete();
  }

  /** Has the answer judged. After a refusal its stream is closed before the operation is sent again. */
  private isRefused(facts: ResponseFacts): boolean {
    const { signal, options } = this;
    const successor = this.auth.settle(facts, signal ? { ...options, signal } : options);
    if (!successor) return false;
    if (!carries(this.operation.getContext()))
      warnOnce('A link behind authLink replaces the authorization header. Take it out, or put it in front.');
    this.unsubscribe();
    this.repeated = true;
    this.delivered = false;
    this.sendWith(successor);
    return true;
  }

  unsubscribe(): void {
    this.isOpen = false;
    this.answers?.unsubscribe();
    this.answers = undefined; // it may have to wait for long, in thousands
  }
}
