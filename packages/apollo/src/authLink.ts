import { ApolloLink } from '@apollo/client';
import type { TokenManager, TokenSet } from '@latchkey/core';
import {
  type AdapterOptions,
  type Attempt,
  type AuthChoice,
  allowedOrigins,
  checkAttempt,
  closeCodeOf,
  type DecideOptions,
  type Decision,
  type GraphQLErrorLike,
  hasHeader,
  headerOf,
  inDevelopment,
  isFromElsewhere,
  isNetworkError,
  type ResponseFacts,
  rootFields,
  warnOnce,
} from '@latchkey/core/adapter';
import { Observable, type Observer, type Subscriber, type Subscription, type Unsubscribable } from 'rxjs';
import { attach, type Context, callersHeaders, isIntact, type Sent, sentBy } from './attach.ts';
import { type Answer, readError, readResult } from './readResponse.ts';

declare module '@apollo/client' {
  interface DefaultContext {
    /** Whether this operation carries the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

type Result = ApolloLink.Result;

/** What the operations of one link share. */
interface LinkState {
  readonly auth: TokenManager;
  readonly choices: DecideOptions;
  readonly isAllowed: ((url: string | URL) => boolean) | undefined;
  /** Whether the headers of refused operations need no check any more. */
  isChecked?: boolean;
}

/**
 * Keeps the operations of an Apollo Client signed in: attaches the token, has it renewed when a server refuses it, and retries
 * the operation. Its place is before the links that send: `ApolloLink.from([authLink(auth), httpLink])`.
 */
export function authLink(auth: TokenManager, options: AdapterOptions = {}): ApolloLink {
  const { origins, ...choices } = options;
  const isAllowed = origins && allowedOrigins(origins);
  const link: LinkState = { auth, choices, isAllowed };
  return new ApolloLink((operation, forward) => {
    return new Observable(observer => {
      const context = operation.getContext();
      const { auth: choice, uri } = context;
      const earlier = sentBy(link, context);
      const isForUs = choice !== 'omit' && (!uri || !isAllowed || isAllowed(uri)); // without a uri it is HttpLink's own
      if (isForUs && !hasHeader(callersHeaders(context, earlier), 'authorization'))
        return new AuthOperation(link, operation, forward, observer).enter(context, earlier);
      if (earlier) attach(operation, context, earlier, null, false); // removes what that attempt has attached
      return forward(operation).subscribe(observer);
    });
  });
}

/** A copy of the headers: links behind may write into them. */
const sentWith = (link: LinkState, tokens: TokenSet): Sent => ({
  link,
  tokens,
  headers: { ...link.auth.headers(tokens) },
});

/** A link behind may have replaced the headers: checked at each refusal in development, until it has warned. */
function checkHeaders(link: LinkState, operation: ApolloLink.Operation): void {
  const isIntactHere = inDevelopment(
    () =>
      process.env.NODE_ENV !== 'production' &&
      (isIntact(operation.getContext(), link)
        ? 'intact'
        : warnOnce('A link behind authLink replaces the authorization header. Take it out, or put it in front.')),
  );
  link.isChecked = !isIntactHere;
}

/**
 * One operation, from its subscription to its end: it observes the answers of one attempt after the other, is the facts of
 * the last one, and waits for the token.
 */
class AuthOperation implements Attempt, Answer, Observer<Result>, Unsubscribable {
  sent: TokenSet | null = null;
  retried = false;
  delivered = false;
  data: unknown = undefined;
  errors: readonly GraphQLErrorLike[] | undefined = undefined;
  body: unknown = undefined;
  http: Partial<Response> | undefined = undefined;
  failure: unknown = undefined;
  auth: AuthChoice | undefined = undefined;
  /** Whether the answers of the last attempt count. */
  private isOpen = false;
  private answers: Subscription | undefined = undefined;
  private signal: AbortSignal | null | undefined = undefined;
  /** The session that the operation belongs to, once it was sent. */
  private sessionId: string | undefined = undefined;
  private readonly link: LinkState;
  private readonly given: ApolloLink.Operation;
  private readonly forward: ApolloLink.ForwardFunction;
  private readonly observer: Subscriber<Result>;

  constructor(
    link: LinkState,
    given: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
    observer: Subscriber<Result>,
  ) {
    this.link = link;
    this.given = given;
    this.forward = forward;
    this.observer = observer;
  }

  get kind(): ResponseFacts['kind'] {
    return this.given.operationType;
  }

  get operation(): object {
    return this.given.query;
  }

  get closeCode(): number | undefined {
    return closeCodeOf(this.failure);
  }

  get isNetworkError(): boolean {
    return isNetworkError(this.failure);
  }

  get status(): number | undefined {
    return this.http?.status;
  }

  get challenge(): string | null | undefined {
    return headerOf(this.http, 'www-authenticate');
  }

  rootFields(): readonly string[] | undefined {
    return rootFields(this.given.query, this.given.operationName);
  }

  response(): Response | undefined {
    return this.http as Response | undefined;
  }

  /** Sends the operation at once where the token is known; otherwise it waits. */
  enter(context: Context, earlier: Sent | undefined): this {
    const { auth } = this.link;
    this.signal = context.fetchOptions?.signal;
    this.auth = context.auth;
    this.sessionId = earlier?.tokens.sessionId;
    const tokens = auth.fresh();
    if (tokens !== undefined) this.send(tokens, context);
    else auth.waitFor(this, this.signal);
    return this;
  }

  resume(tokens: TokenSet | null): void {
    if (!this.observer.closed) this.send(tokens, this.given.getContext());
  }

  fail(error: unknown): void {
    this.observer.error(error);
  }

  /** `forward` is called for each attempt: HttpLink reads the context when it is called, not when it is subscribed to. */
  private send(tokens: TokenSet | null, context: Context): void {
    const { link, given, retried } = this;
    this.sent = tokens;
    this.isOpen = true;
    try {
      checkAttempt(tokens, this.auth, this.sessionId, this.signal);
      attach(given, context, sentBy(link, context), tokens && sentWith(link, tokens), retried);
      this.answers = this.forward(given).subscribe(this);
      if (!this.isOpen) this.answers.unsubscribe(); // a synchronous answer has ended it
    } catch (error) {
      this.observer.error(error);
    }
  }

  next(result: Result): void {
    if (!this.isOpen) return;
    readResult(this, this.given, result, this.link.auth.receivesTokens);
    const decision = this.decide();
    if (decision) this.hold(decision);
    else this.deliver(result);
  }

  error(error: unknown): void {
    if (!this.isOpen) return;
    readError(this, error);
    const decision = this.decide();
    if (decision) this.hold(decision);
    else this.observer.error(error);
  }

  complete(): void {
    if (this.isOpen) this.observer.complete();
  }

  private decide(): Decision {
    if (this.http?.redirected && this.isFromElsewhere(this.http)) this.sent = null;
    return this.link.auth.decide(this, this.link.choices, this.signal);
  }

  /** Without a uri it is the fixed one of HttpLink, which only `origins` can tell from another. */
  private isFromElsewhere(response: Partial<Response>): boolean {
    const { uri } = this.given.getContext();
    const { isAllowed } = this.link;
    return uri ? isFromElsewhere(response, uri) : isAllowed !== undefined && !isAllowed(response.url ?? '');
  }

  private deliver(result: Result): void {
    if (this.data) {
      this.delivered = true;
      this.retried = false;
    }
    this.data = undefined;
    this.observer.next(result);
  }

  /** Closes the transport of a refused attempt: the operation waits for its retry, or fails. */
  private hold(decision: Exclude<Decision, undefined>): void {
    if (!this.link.isChecked) checkHeaders(this.link, this.given);
    this.unsubscribe();
    this.retried = true;
    this.delivered = false;
    if (decision !== 'wait') this.observer.error(decision);
  }

  unsubscribe(): void {
    this.isOpen = false;
    this.answers?.unsubscribe();
    this.answers = undefined; // thousands may wait
  }
}
