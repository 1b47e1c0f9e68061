import { ApolloLink, Observable } from '@apollo/client';
import { print } from 'graphql';
import { createClient } from 'graphql-sse';
import type { Observer } from 'rxjs';

/**
 * Sends subscriptions of Apollo Client over server-sent events, each on its own connection, with the headers in the operation's
 * context. It never retries: the links before it do.
 */
export function sseLink(url: string, fetchFn: typeof fetch): ApolloLink {
  return new ApolloLink(operation => new Observable(observer => subscribe(operation, observer, url, fetchFn)));
}

/** Returns the function that unsubscribes. */
function subscribe(
  operation: ApolloLink.Operation,
  observer: Observer<ApolloLink.Result>,
  url: string,
  fetchFn: typeof fetch,
): () => void {
  const { operationName, variables, query } = operation;
  const headers: Record<string, string> = { ...operation.getContext().headers };
  const client = createClient({ url, headers, fetchFn, retryAttempts: 0 });
  client.subscribe(
    { ...(operationName && { operationName }), variables, query: print(query) },
    {
      next: result => observer.next(result as ApolloLink.Result),
      error: error => observer.error(error),
      complete: () => observer.complete(),
    },
  );
  return () => client.dispose();
}
