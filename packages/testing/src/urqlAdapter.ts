import { authExchange } from '@latchkey/urql';
import { Client, type CombinedError, fetchExchange, type OperationResult } from '@urql/core';
import manifest from '@urql/core/package.json' with { type: 'json' };
import { filter, onEnd, pipe, subscribe } from 'wonka';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

const answerOf = ({ data, error }: OperationResult): Answer => ({ data, ...(error && { error }) });

export const urqlAdapter: Adapter = {
  name: 'urql',
  version: manifest.version,
  hasSubscriptions: true,
  headerFormats: ['object', 'Headers', 'pairs'],
  tokenErrorOf: ({ error }) => (error as CombinedError | undefined)?.networkError,
  connect: (auth, { url, fetch, ...options }) =>
    urqlAdapter.connectChain([{ auth, ...options }], { url, ...(fetch && { fetch }) }),
  connectChain(stages, { url, fetch }) {
    const client = new Client({
      url,
      exchanges: [...stages.map(({ auth, ...options }) => authExchange(auth, options)), fetchExchange],
      fetchSubscriptions: true,
      requestPolicy: 'network-only',
      ...(fetch && { fetch }),
    });
    const contextOf = ({ auth: choice, headers, url }: RunOptions = {}) => ({
      ...(choice && { auth: choice }),
      ...(url && { url }),
      ...(headers && { fetchOptions: { headers: headers as Record<string, string> } }),
    });
    const operationOf = (document: string, options?: RunOptions) => {
      const [kind] = document.split(/\W/, 1);
      const context = contextOf(withKey(document, options));
      if (kind === 'mutation') return client.mutation(document, {}, context);
      return kind === 'subscription' ? client.subscription(document, {}, context) : client.query(document, {}, context);
    };
    return {
      run: async (document, options) => answerOf(await operationOf(document, options).toPromise()),
      watch(document, { next, complete }, options) {
        const isSubscription = document.startsWith('subscription');
        const { unsubscribe } = pipe(
          operationOf(document, options),
          filter(({ hasNext, error }) => hasNext || error !== undefined || !isSubscription), // at its end urql emits the last event again
          onEnd(complete),
          subscribe(result => next(answerOf(result))),
        );
        return unsubscribe;
      },
    };
  },
};
