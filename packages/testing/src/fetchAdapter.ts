import { type AuthFetch, authFetch } from '@latchkey/fetch';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

/** Passes `null` and `undefined` on, which `Headers` would turn into strings. */
const pairsOf = (headers: RunOptions['headers'] = {}) =>
  Symbol.iterator in headers ? (headers as unknown as Headers) : Object.entries(headers);

/** A minimal GraphQL client on `fetch`, as applications write it. */
export const fetchAdapter: Adapter = {
  name: 'fetch',
  version: process.versions.undici ?? '', // the fetch of Node
  hasSubscriptions: false,
  headerFormats: ['object', 'Headers', 'pairs'],
  tokenErrorOf: ({ error }) => error,
  connect: (auth, { url, fetch, ...options }) =>
    fetchAdapter.connectChain([{ auth, ...options }], { url, ...(fetch && { fetch }) }),
  connectChain(stages, { url, fetch }) {
    const send = stages.reduceRight<typeof globalThis.fetch>(
      (next, { auth, ...options }) => authFetch(auth, { ...options, fetch: next }),
      fetch ?? ((input, init) => globalThis.fetch(input, init)),
    ) as AuthFetch;
    async function run(query: string, options: RunOptions = {}, signal?: AbortSignal): Promise<Answer> {
      const { auth: choice, headers, url: other } = withKey(query, options);
      try {
        const type = ['content-type', 'application/json'] as [string, string];
        const response = await send(other ?? url, {
          method: 'POST',
          body: JSON.stringify({ query }),
          headers: [type, ...pairsOf(headers)] as [string, string][],
          ...(choice && { auth: choice }),
          ...(signal && { signal }),
        });
        const body = await response.text();
        if (!/json/.test(response.headers.get('content-type') ?? '')) return { error: body || response.status };
        const { data, errors } = JSON.parse(body) as { data?: unknown; errors?: unknown };
        const error = errors ?? (response.ok ? undefined : body);
        return { data, ...(error !== undefined && { error }) };
      } catch (error) {
        return { error };
      }
    }
    return {
      run,
      watch(document, observer, options) {
        const controller = new AbortController();
        void run(document, options, controller.signal).then(answer => {
          if (controller.signal.aborted) return;
          observer.next(answer);
          observer.complete();
        });
        return () => controller.abort();
      },
    };
  },
};
