import type { TokenSet } from '@latchkey/core';
import { type Attempt, type GraphQLErrorLike, type ResponseFacts, rootFields } from '@latchkey/core/adapter';
import type { CombinedError, Operation } from '@urql/core';
import type { Answer } from './readResponse.ts';

/** Who sends the operation, and delivers its answers. */
export interface Sender {
  resume(operation: AuthOperation, tokens: TokenSet | null): void;
  fail(operation: AuthOperation, error: unknown): void;
}

/**
 * One operation, from its dispatch to its last answer. It is the facts of its last answer, and waits for the token. It is kept
 * in the context of what is sent, and only there. Thousands may wait: each field counts.
 */
export class AuthOperation implements Attempt, Answer {
  /** As the client gave it; every result is of this one. */
  readonly given: Operation;
  readonly sender: Sender;
  /** How many teardowns there had been at its dispatch. */
  readonly teardownCount: number;
  sent: TokenSet | null = null;
  retried = false;
  delivered = false;
  /** It waits for a token, or has failed: what the old transport still delivers is ignored. */
  isWaiting = false;
  /** Its transport is an HTTP stream, which is closed before the retry. */
  isOpen = false;
  data: unknown = undefined;
  errors: readonly GraphQLErrorLike[] | undefined = undefined;
  http: Response | undefined = undefined;
  deliveredErrors: CombinedError['graphQLErrors'] | undefined = undefined;

  constructor(given: Operation, sender: Sender, teardownCount: number) {
    this.given = given;
    this.sender = sender;
    this.teardownCount = teardownCount;
  }

  get kind(): ResponseFacts['kind'] {
    return this.given.kind as ResponseFacts['kind'];
  }

  get operation(): object {
    return this.given.query;
  }

  get status(): number | undefined {
    return this.http?.status;
  }

  get challenge(): string | null | undefined {
    return this.http?.headers?.get('www-authenticate');
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
