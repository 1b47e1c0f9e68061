import type { AuthChoice, Dialect, MutationPolicy, TokenManager } from '@latchkey/core';

/** A client as the contract sees it: what an application does with it. */
export interface ContractClient {
  /** Runs a query or a mutation to its last answer. */
  run(document: string, options?: RunOptions): Promise<Answer>;
  /** Begins an operation, and leaves it when the returned function is called. */
  watch(document: string, heard: Heard, options?: RunOptions): () => void;
}

export interface RunOptions {
  readonly auth?: AuthChoice;
  readonly headers?: Readonly<Record<string, string | null | undefined>>;
}

/** What the application gets: `error` is this client's own. */
export interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
}

export interface Heard {
  readonly answer: (answer: Answer) => void;
  readonly end: () => void;
}

/** How a client is put on a token manager: the one thing in which the adapters differ. */
export interface Adapter {
  readonly name: string;
  readonly connect: (auth: TokenManager, options: ConnectOptions) => ContractClient;
  /** The error that an application finds in an answer when the operation failed with a `TokenError`. */
  readonly tokenErrorOf: (answer: Answer) => unknown;
  /** Whether it carries subscriptions: a fetch sees their beginning only. */
  readonly hasSubscriptions: boolean;
  /** The formats in which this client takes headers. */
  readonly headerFormats: readonly ('object' | 'Headers' | 'pairs')[];
}

export interface ConnectOptions {
  readonly url: string;
  readonly mutations?: MutationPolicy;
  readonly dialect?: Dialect;
  readonly fetch?: typeof fetch;
  readonly origins?: readonly string[];
}
