import type { TokenSet } from '@latchkey/core';
import { type Attempt, type GraphQLErrorLike, type ResponseFacts, rootFields } from '@latchkey/core/adapter';
import type { FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import type { AuthSocket } from './authSocket.ts';
import { callSafely } from './callSafely.ts';
import { documentOf, operationKind } from './operationKind.ts';

export type Result = FormattedExecutionResult<never, never>;

/** Who decides what becomes of an answer. */
export interface OperationOwner {
  /** Whether the result is delivered; otherwise the operation waits, or has ended. */
  isDelivered(run: Run, result: Result): boolean;
  /** The server has answered with `error`, or the payload cannot be sent. */
  failed(run: Run, error: unknown): void;
  completed(operation: Operation): void;
}

/** One operation, from its subscription to its end. It runs on one socket after the other. */
export class Operation {
  readonly payload: SubscribePayload;
  readonly owner: OperationOwner;
  readonly sink: Sink<Result>;
  /** The session that it belongs to; `undefined`: nobody's. */
  session: string | undefined;
  /** Where it runs; `undefined`: it waits for a socket, or is over. */
  run: Run | undefined;
  /** It was refused and sent again, and no data has come since. */
  retried = false;
  #kind: ResponseFacts['kind'] | undefined;

  constructor(owner: OperationOwner, payload: SubscribePayload, sink: Sink<Result>, session: string | undefined) {
    this.owner = owner;
    this.payload = payload;
    this.sink = sink;
    this.session = session;
  }

  /** Read from the document, where it matters. */
  get kind(): ResponseFacts['kind'] {
    this.#kind ??= operationKind(documentOf(this.payload), this.payload.operationName);
    return this.#kind;
  }

  start(socket: AuthSocket): void {
    this.run = new Run(this, socket);
    this.session ??= socket.session;
    this.run.start();
  }

  /** Leaves its socket: nothing that this still delivers is heard. */
  stop(): void {
    const { run } = this;
    this.run = undefined;
    run?.leave();
  }

  /** Whether it goes on until somebody ends it. What has a part of its answer and no document, as a persisted one, does. */
  get isStream(): boolean {
    const { kind, run } = this;
    return kind === 'subscription' || (kind === 'unknown' && run?.delivered === true);
  }

  /** Whether it is sent again when its socket ends. A mutation may have been executed. */
  get isResumable(): boolean {
    return this.isStream || (this.kind === 'query' && !this.run?.delivered);
  }
}

/** An operation on one socket: what the client below delivers to, and the facts of the last answer. */
export class Run implements Sink<Result>, Attempt {
  readonly given: Operation;
  readonly socket: AuthSocket;
  delivered = false;
  data: unknown = undefined;
  errors: readonly GraphQLErrorLike[] | undefined = undefined;
  #unsubscribe: (() => void) | undefined = undefined;

  constructor(given: Operation, socket: AuthSocket) {
    this.given = given;
    this.socket = socket;
  }

  start(): void {
    this.#unsubscribe = this.socket.inner?.subscribe<never, never>(this.given.payload, this);
  }

  /** Not at once: graphql-ws counts an operation twice that is left within its result, when its `complete` follows in that tick. */
  leave(): void {
    queueMicrotask(() => this.#unsubscribe?.());
  }

  get sent(): TokenSet | null {
    return this.socket.sent ?? null;
  }

  get kind(): ResponseFacts['kind'] {
    return this.given.kind;
  }

  get operation(): string {
    return this.given.payload.query;
  }

  get retried(): boolean {
    return this.given.retried;
  }

  rootFields(): readonly string[] | undefined {
    const { payload } = this.given;
    const document = documentOf(payload);
    return document && rootFields(document, payload.operationName ?? undefined);
  }

  next(result: Result): void {
    const { given } = this;
    if (given.run !== this) return; // of an older socket
    if ((!this.delivered || result.errors) && !given.owner.isDelivered(this, result)) return;
    try {
      given.sink.next(result);
    } catch (error) {
      given.owner.completed(given);
      callSafely(() => given.sink.error(error));
    }
  }

  error(error: unknown): void {
    const { given, socket } = this;
    if (given.run === this && !socket.failure) given.owner.failed(this, error);
  }

  complete(): void {
    const { given } = this;
    if (given.run !== this) return;
    given.owner.completed(given);
    callSafely(() => given.sink.complete());
  }

  /** The socket waits for the successor, not the operation. */
  resume(): void {}
  fail(): void {}
}
