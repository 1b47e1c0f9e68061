import type { Dialect, TokenManager } from '@latchkey/core';
import type { AuthChoice, MutationPolicy } from '@latchkey/core/adapter';

/** A client, reduced to what an application does with it. */
export interface ContractClient {
  /** Runs a query or a mutation. Resolves with its last answer. */
  run(document: string, options?: RunOptions): Promise<Answer>;
  /** Starts an operation. Returns a function that unsubscribes from it. */
  watch(document: string, observer: AnswerObserver, options?: RunOptions): () => void;
}

export interface RunOptions {
  readonly auth?: AuthChoice;
  readonly headers?: Readonly<Record<string, string | null | undefined>>;
  /** @defaultValue the URL of the client */
  readonly url?: string;
}

/** What the application receives. `error` has the client's own type. */
export interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
}

export interface AnswerObserver {
  readonly next: (answer: Answer) => void;
  readonly complete: () => void;
}

/** Connects one kind of client to a token manager, so that the contract can run over it. */
export interface Adapter {
  readonly name: string;
  /** The client's. */
  readonly version: string;
  readonly connect: (auth: TokenManager, options: ConnectOptions) => ContractClient;
  /** A client with several of these adapters in one chain, the first of them in front. */
  readonly connectChain: (stages: readonly Stage[], options: ClientOptions) => ContractClient;
  /** The error where this client puts a `TokenError`. */
  readonly tokenErrorOf: (answer: Answer) => unknown;
  /** Whether it handles subscriptions to their end. */
  readonly hasSubscriptions: boolean;
  /** The formats in which this client accepts headers. */
  readonly headerFormats: readonly ('object' | 'Headers' | 'pairs')[];
}

export interface StageOptions {
  readonly mutations?: MutationPolicy;
  readonly dialect?: Dialect;
  readonly origins?: readonly string[];
  readonly subscriptions?: 'wait' | 'fail';
}

export interface Stage extends StageOptions {
  readonly auth: TokenManager;
}

export interface ClientOptions {
  readonly url: string;
  readonly fetch?: typeof fetch;
}

export interface ConnectOptions extends StageOptions, ClientOptions {}
