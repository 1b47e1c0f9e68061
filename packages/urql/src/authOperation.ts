import type { TokenSet } from '@latchkey/core';
import {
  type Attempt,
  type AuthChoice,
  type BodyFacts,
  closeCodeOf,
  type GraphQLErrorLike,
  headerOf,
  isNetworkError,
  type ResponseFacts,
  rootFields,
} from '@latchkey/core/adapter';
import type { CombinedError, Operation } from '@urql/core';
import type { Answer } from './readResponse.ts';

/** Who sends the operation, and delivers its answers. */
export interface Sender {
  resume(operation: AuthOperation, tokens: TokenSet | null): void;
  fail(operation: AuthOperation, error: unknown): void;
}

/**
 * One attempt of an operation. It is the facts of its last answer, and waits for the token. It is kept in the context of what is
 * sent, and only there: what the transport of an attempt delivers is recognised by it. Thousands may wait: each field counts.
 */
export class AuthOperation implements Attempt, Answer {
  /** As the client gave it; every result is of this one. */
  readonly given: Operation;
  readonly sender: Sender;
  /** How many teardowns there had been at its dispatch. */
  readonly teardownCount: number;
  sent: TokenSet | null = null;
  /** The caller has set the token: its answer is not judged. */
  hasOwnToken = false;
  retried = false;
  delivered = false;
  /** It waits for a token, or is over: what its transport still delivers is ignored. `open`: an HTTP stream, to be closed. */
  isWaiting: boolean | 'open' = false;
  data: unknown = undefined;
  errors: readonly GraphQLErrorLike[] | undefined = undefined;
  http: Response | undefined = undefined;
  otherAnswer: unknown = undefined;
  deliveredErrors: CombinedError['graphQLErrors'] | undefined = undefined;

  constructor(given: Operation, sender: Sender, teardownCount: number) {
    this.given = given;
    this.sender = sender;
    this.teardownCount = teardownCount;
  }

  /** The attempt after a refusal. */
  retry(): AuthOperation {
    const next = new AuthOperation(this.given, this.sender, this.teardownCount);
    next.retried = true;
    return next;
  }

  /** The attempt of an exchange in front. */
  get front(): AuthOperation | undefined {
    return this.given.context.latchkey as AuthOperation | undefined;
  }

  get kind(): ResponseFacts['kind'] {
    return this.given.kind as ResponseFacts['kind'];
  }

  get auth(): AuthChoice | undefined {
    return this.given.context.auth;
  }

  get body(): unknown {
    return this.http && (this.otherAnswer as BodyFacts | undefined)?.body;
  }

  get closeCode(): number | undefined {
    return this.http ? undefined : closeCodeOf(this.otherAnswer);
  }

  get isNetworkError(): boolean {
    return !this.http && isNetworkError(this.otherAnswer);
  }

  get operation(): object {
    return this.given.query;
  }

  get status(): number | undefined {
    return this.http?.status;
  }

  get challenge(): string | null | undefined {
    return headerOf(this.http, 'www-authenticate');
  }

  rootFields(): readonly string[] | undefined {
    return rootFields(this.given.query);
  }

  response(): Response | undefined {
    return this.http;
  }

  resume(tokens: TokenSet | null): void {
    this.sender.resume(this, tokens);
  }

  fail(error: unknown): void {
    this.sender.fail(this, error);
  }
}
