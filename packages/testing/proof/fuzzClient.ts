import type { TokenManager } from '@latchkey/core';
import type { AdapterOptions } from '@latchkey/core/adapter';
import type { Script } from './script.ts';

/** An operation of a script, for a client. */
export interface Request {
  readonly url: string;
  readonly script: Script;
  readonly document: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Options of fetch beside headers and signal. */
  readonly fetchOptions: RequestInit;
  readonly signal: AbortSignal;
  /** Whose adapter sends it; `undefined`: the client sends it without Latchkey. */
  readonly auth: TokenManager | undefined;
  readonly options: AdapterOptions;
}

export interface Watcher {
  /** All that the user sees of a result or an error. */
  readonly see: (seen: unknown) => void;
  /** There is no more to see. */
  readonly end: () => void;
}

/** A client with an adapter of ours, or as it is without one. */
export interface FuzzClient {
  readonly name: string;
  readonly version: string;
  /** Starts an operation. Returns a function that unsubscribes; `undefined`: only a signal ends it. */
  readonly start: (request: Request, watcher: Watcher) => (() => void) | undefined;
}

/** The context of an operation in Apollo Client and in urql. */
export const choiceOf = ({ auth, script }: Request): object => (auth && script.auth ? { auth: script.auth } : {});
