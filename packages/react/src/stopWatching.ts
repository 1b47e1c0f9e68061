/** What is used of Apollo Client 3 and 4. */
interface Watching {
  getObservableQueries?(include: 'all'): Map<unknown, WatchedQuery> | Set<WatchedQuery>;
}

interface WatchedQuery {
  getCurrentResult(): { readonly loading: boolean };
  stopPolling(): void;
  /** Only of version 4. */
  stop?(): void;
}

/**
 * Stops the watched queries of an Apollo Client: none polls on as the next user. One that is in flight fails by itself with
 * `signedOut`; stopped, or after `client.stop()`, it would leave a component suspended for ever.
 */
export function stopWatching(client: unknown): void {
  const queries = (client as Watching | null)?.getObservableQueries?.('all');
  for (const query of queries?.values() ?? []) {
    query.stopPolling();
    if (!query.getCurrentResult().loading) query.stop?.();
  }
}
