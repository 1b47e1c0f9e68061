import { authFetch } from '@latchkey/fetch';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

/** Also what `Headers` would make a text of. */
const pairsOf = (headers: RunOptions['headers'] = {}) =>
  Symbol.iterator in headers ? (headers as unknown as Headers) : Object.entries(headers);

/** A GraphQL client of a few lines, as people write them. */
export const fetchAdapter: Adapter = {
  name: 'fetch',
  hasSubscriptions: false,
  headerFormats: ['object', 'Headers', 'pairs'],
  tokenErrorOf: ({ error }) => error,
  connect(auth, { url, ...options }) {
    const send = authFetch(auth, options);
    async function run(query: string, options: RunOptions = {}, signal?: AbortSignal): Promise<Answer> {
      const { auth: choice, headers } = withKey(query, options);
      try {
        const type = ['content-type', 'application/json'] as [string, string];
        const response = await send(url, {
          method: 'POST',
          body: JSON.stringify({ query }),
          headers: [type, ...pairsOf(headers)] as [string, string][],
          ...(choice && { auth: choice }),
          ...(signal && { signal }),
        });
        const text = await response.text();
        if (!/json/.test(response.headers.get('content-type') ?? '')) return { error: text || response.status };
        const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown };
        const error = errors ?? (response.ok ? undefined : text);
        return { data, ...(error !== undefined && { error }) };
      } catch (error) {
        return { error };
      }
    }
    return {
      run,
      watch(document, { answer, end }, options) {
        const leaving = new AbortController();
        void run(document, options, leaving.signal).then(result => {
          if (leaving.signal.aborted) return;
          answer(result);
          end();
        });
        return () => leaving.abort();
      },
    };
  },
};
