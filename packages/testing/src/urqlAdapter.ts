import { authExchange } from '@latchkey/urql';
import { Client, type CombinedError, fetchExchange, type OperationResult } from '@urql/core';
import { filter, onEnd, pipe, subscribe } from 'wonka';
import type { Adapter, Answer, RunOptions } from './adapter.ts';
import { withKey } from './withKey.ts';

const answerOf = ({ data, error }: OperationResult): Answer => ({ data, ...(error && { error }) });

export const urqlAdapter: Adapter = {
  name: 'urql',
  hasSubscriptions: true,
  headerFormats: ['object', 'Headers', 'pairs'],
  tokenErrorOf: ({ error }) => (error as CombinedError | undefined)?.networkError,
  connect(auth, { url, fetch, ...options }) {
    const client = new Client({
      url,
      exchanges: [authExchange(auth, options), fetchExchange],
      fetchSubscriptions: true,
      requestPolicy: 'network-only',
      ...(fetch && { fetch }),
    });
    const contextOf = ({ auth: choice, headers }: RunOptions = {}) => ({
      ...(choice && { auth: choice }),
      ...(headers && { fetchOptions: { headers: headers as Record<string, string> } }),
    });
    const operationOf = (text: string, options?: RunOptions) => {
      const [kind] = text.split(/\W/, 1);
      const context = contextOf(withKey(text, options));
      if (kind === 'mutation') return client.mutation(text, {}, context);
      return kind === 'subscription' ? client.subscription(text, {}, context) : client.query(text, {}, context);
    };
    return {
      run: async (text, options) => answerOf(await operationOf(text, options).toPromise()),
      watch(text, { answer, end }, options) {
        const { unsubscribe } = pipe(
          operationOf(text, options),
          filter(({ hasNext, error }) => hasNext || error !== undefined || !text.startsWith('subscription')), // the end of a stream repeats its last event
          onEnd(end),
          subscribe(result => answer(answerOf(result))),
        );
        return unsubscribe;
      },
    };
  },
};
