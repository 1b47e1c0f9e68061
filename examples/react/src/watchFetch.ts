import type { ClientName, Journal } from './createJournal.ts';

/** A `fetch` for one client that records the outcome of each operation in the journal. */
export function watchFetch(journal: Journal, client: ClientName): typeof fetch {
  return async (input, init) => {
    const ended = journal.sent(client, typeof init?.body === 'string' ? init.body : '');
    try {
      const response = await fetch(input, init);
      const refusedOrFailed = response.status === 401 || response.status === 403 ? 'refused' : 'failed';
      ended(response.ok ? 'answered' : refusedOrFailed);
      return response;
    } catch (error) {
      ended('failed');
      throw error;
    }
  };
}
