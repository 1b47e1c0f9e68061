import type { Client, Sink } from 'graphql-ws';

/** What `subscriptionExchange` of urql 5 and 6 passes. */
export interface SubscriptionRequest {
  readonly query?: string | undefined;
  readonly operationName?: string | undefined;
  readonly variables?: object | undefined;
  readonly extensions?: object | undefined;
}

/** What it observes: results of its own type. */
export interface SubscriptionSource {
  subscribe(sink: { next(result: never): void; error(error: unknown): void; complete(): void }): {
    unsubscribe: () => void;
  };
}

/** The option `forwardSubscription` of urql's `subscriptionExchange`, over this client. */
export function forwardSubscription(client: Client): (request: SubscriptionRequest) => SubscriptionSource {
  return ({ query = '', ...request }) => ({
    subscribe: sink => ({ unsubscribe: client.subscribe({ ...request, query } as never, sink as Sink) }),
  });
}
