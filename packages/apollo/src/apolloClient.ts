import type { DocumentNode } from 'graphql';
import type { HasContext } from './attach.ts';

// What is the same in every version of Apollo Client, with rxjs and with zen-observable.

export interface Operation extends HasContext {
  readonly query: DocumentNode;
  readonly operationName?: string | undefined;
}

export interface Result {
  readonly data?: unknown;
}

export interface Observer {
  next(result: Result): void;
  error(error: unknown): void;
  complete(): void;
}

export interface Subscriber extends Observer {
  readonly closed: boolean;
}

export interface Unsubscribable {
  unsubscribe(): void;
}

/** The next link, which sends the operation when what it returns is subscribed to. */
export type Forward<Given extends Operation> = (operation: Given) => {
  subscribe(observer: Observer): Unsubscribable;
};
