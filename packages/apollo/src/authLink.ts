import type { TokenManager, TokenSet } from '@latchkey/core';
import {
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
  type StreamOptions,
  waitInstead,
  warnOnce,
} from '@latchkey/core/adapter';
import type { Forward, Observer, Operation, Result, Subscriber, Unsubscribable } from './apolloClient.ts';
import { attach, type Context, callersHeaders, isIntact, type Sent, sentBy } from './attach.ts';
import { type Answer, readError, readResult } from './readResponse.ts';

/** What the operations of one link share. */
export interface LinkState {
  kindOf(operation: Operation): ResponseFacts['kind'];
  readonly auth: TokenManager;
  readonly choices: DecideOptions & Pick<StreamOptions, 'subscriptions'>;
  /** Whether the token may go to this `uri`; `undefined`: to all. */
  readonly isAllowed: ((url: string | URL) => boolean) | undefined;
  /** Whether the headers of refused operations need no check any more. */
  isChecked?: boolean;
}

/** @throws TokenError `misconfigured` when an origin can never match */
export function linkState(
  auth: TokenManager,
  { origins, ...choices }: StreamOptions,
  kindOf: LinkState['kindOf'],
): LinkState {
  return { kindOf, auth, choices, isAllowed: origins && allowedOrigins(origins) };
}

/** Starts an operation when its observable is subscribed to. */
export function startOperation<Given extends Operation>(
  link: LinkState,
  operation: Given,
  forward: Forward<Given>,
  observer: Subscriber,
): Unsubscribable {
  const context = operation.getContext();
  const { auth: choice, uri } = context;
  const { isAllowed } = link;
  const earlier = sentBy(link, context);
  const isForUs = choice !== 'omit' && (!uri || !isAllowed || isAllowed(uri)); // without a uri it is HttpLink's own
  if (isForUs && !hasHeader(callersHeaders(context, earlier), 'authorization'))
    return new AuthOperation(link, operation, forward, observer).enter(context, earlier);
  if (earlier) attach(operation, context, earlier, null, false); // removes what that attempt has attached
  return forward(operation).subscribe(observer);
}

/** A copy of the headers: links behind may write into them. */
const sentWith = (link: LinkState, tokens: TokenSet): Sent => ({
  link,
  tokens,
  headers: { ...link.auth.headers(tokens) },
});

/** A link behind may have replaced the headers: checked at each refusal in development, until it has warned. */
function checkHeaders(link: LinkState, operation: Operation): void {
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
class AuthOperation<Given extends Operation> implements Attempt, Answer, Observer, Unsubscribable {
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
  private answers: Unsubscribable | undefined = undefined;
  private signal: AbortSignal | null | undefined = undefined;
  /** The session that the operation belongs to, once it was sent. */
  private sessionId: string | undefined = undefined;
  /** Ends the wait through an outage. */
  private stopWaiting: (() => void) | undefined = undefined;
  private readonly link: LinkState;
  private readonly given: Given;
  private readonly forward: Forward<Given>;
  private readonly observer: Subscriber;

  constructor(link: LinkState, given: Given, forward: Forward<Given>, observer: Subscriber) {
    this.link = link;
    this.given = given;
    this.forward = forward;
    this.observer = observer;
  }

  get kind(): ResponseFacts['kind'] {
    return this.link.kindOf(this.given);
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
    const { auth, choices } = this.link;
    this.stopWaiting = waitInstead(auth, this, error, choices, this.signal);
    if (!this.stopWaiting) this.observer.error(error);
  }

  /** `forward` is called for each attempt: HttpLink reads the context when it is called, not when it is subscribed to. */
  private send(tokens: TokenSet | null, context: Context): void {
    const { link, given, retried } = this;
    this.sent = tokens;
    this.http = undefined; // a link may give one response twice
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
    const judged = this.http;
    readError(this, error);
    const isJudged = judged && judged === this.http; // HttpLink of version 3 emits some answers twice
    const decision = isJudged ? undefined : this.decide();
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
    this.delivered = true;
    if (this.data) this.retried = false;
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
    this.stopWaiting?.();
    this.answers?.unsubscribe();
    this.answers = undefined; // thousands may wait
  }
}
