import { ApolloLink } from '@apollo/client';
import {
  type AdapterOptions,
  type AuthChoice,
  mayHaveToken,
  type ResponseFacts,
  TokenError,
  type TokenManager,
  type TokenSet,
  warnOnce,
} from '@latchkey/core';
import { Observable, type Subscriber, Subscription } from 'rxjs';
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
        const { auth: choice, uri } = operation.getContext();
        const isOurs = choice !== 'omit' && (typeof uri !== 'string' || mayHaveToken(uri, origins));
        if (!isOurs || bringsOwnToken(operation)) return forward(operation).subscribe(observer);
        const way = new Way(auth, settling, operation, forward, observer);
        way.enter();
        return () => way.leave();
      }),
  );
}

/** One operation's way, from its subscription to its end. */
class Way implements Attempt {
  sent: TokenSet | null = null;
  repeated = false;
  delivered = false;
  private stream: Subscription | undefined;
  private readonly signal: AbortSignal | undefined;
  private readonly isRequired: boolean;
  private readonly auth: TokenManager;
  private readonly options: AdapterOptions;
  private readonly operation: ApolloLink.Operation;
  private readonly forward: ApolloLink.ForwardFunction;
  private readonly observer: Subscriber<ApolloLink.Result>;

  constructor(
    auth: TokenManager,
    options: AdapterOptions,
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
    observer: Subscriber<ApolloLink.Result>,
  ) {
    const { auth: choice, fetchOptions } = operation.getContext() as { auth?: string; fetchOptions?: RequestInit };
    this.isRequired = choice === 'required';
    this.signal = fetchOptions?.signal ?? undefined;
    this.auth = auth;
    this.options = options;
    this.operation = operation;
    this.forward = forward;
    this.observer = observer;
  }

  /** Goes on at once where the token is known, and waits where it is not. */
  enter(): void {
    const tokens = this.auth.fresh();
    if (tokens !== undefined) this.send(tokens);
    else this.sendWith(this.auth.get({ signal: this.signal }));
  }

  private sendWith(promise: Promise<TokenSet | null>): void {
    promise.then(
      tokens => this.observer.closed || this.send(tokens),
      (error: unknown) => this.observer.error(error),
    );
  }

  /** `forward` is called anew for each attempt: HttpLink reads the context when it is called, not when it is subscribed. */
  private send(tokens: TokenSet | null): void {
    const stream = new Subscription();
    this.stream = stream;
    try {
      if (this.signal?.aborted)
        throw new TokenError('aborted', 'The operation was aborted while it waited for a token.');
      if (!tokens && this.isRequired) throw new TokenError('signedOut', 'Nobody is signed in.');
      this.sent = tokens;
      attach(this.operation, tokens && this.auth.headers(tokens));
      const answers = this.forward(this.operation).subscribe({
        next: result => stream.closed || this.result(result),
        error: error => stream.closed || this.error(error),
        complete: () => stream.closed || this.observer.complete(),
      });
      stream.add(answers); // closes it at once when a synchronous answer has ended this attempt
    } catch (error) {
      this.observer.error(error);
    }
  }

  private result(result: ApolloLink.Result): void {
    const isRefused = this.settle(readResult(this.operation, this, result), () => {
      this.observer.next(result);
      this.observer.complete();
    });
    if (isRefused) return;
    if (result.data) {
      this.delivered = true;
      this.repeated = false;
    }
    this.observer.next(result);
  }

  private error(error: unknown): void {
    const deliver = () => this.observer.error(error);
    if (!this.settle(readError(this.operation, this, error), deliver)) deliver();
  }

  /** Has the answer judged. When it was a refusal, its stream is closed before the operation is sent again. */
  private settle(facts: ResponseFacts, deliverRefusal: () => void): boolean {
    const decision = this.auth.settle(facts, { ...this.options, signal: this.signal });
    if (!decision) return false;
    if (this.sent && !carries(this.operation, this.auth.headers(this.sent)))
      warnOnce('A link behind authLink replaces the authorization header. Take it out, or put it in front.');
    this.stream?.unsubscribe();
    decision.then(
      tokens => {
        if (this.observer.closed) return;
        if (!tokens) return deliverRefusal();
        this.repeated = true;
        this.send(tokens);
      },
      (error: unknown) => this.observer.error(error),
    );
    return true;
  }

  leave(): void {
    this.stream?.unsubscribe();
  }
}
