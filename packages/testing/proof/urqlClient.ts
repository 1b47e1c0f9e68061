import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange, type OperationResult } from '@urql/core';
import manifest from '@urql/core/package.json' with { type: 'json' };
import { onEnd, pipe, subscribe } from 'wonka';
import { choiceOf, type FuzzClient, type Request } from './fuzzClient.ts';

/** The result of a urql client without the operation. */
const seenOf = ({ data, error, extensions, hasNext, stale }: OperationResult) => ({
  data,
  error,
  extensions,
  hasNext,
  stale,
});

function resultsOf(request: Request) {
  const { script, document, auth } = request;
  const client = new Client({
    url: request.url,
    exchanges: auth ? [authExchange(auth, request.options), fetchExchange] : [fetchExchange],
    requestPolicy: 'network-only',
    preferGetMethod: script.shape === 'get' ? 'force' : false,
  });
  const fetchOptions = { ...request.fetchOptions, headers: request.headers, signal: request.signal };
  const context = { ...choiceOf(request), fetchOptions };
  return script.kind === 'mutation' ? client.mutation(document, {}, context) : client.query(document, {}, context);
}

export const urqlClient: FuzzClient = {
  name: manifest.version.startsWith('5') ? 'urql5' : 'urql',
  version: manifest.version,
  start(request, { see, end }) {
    const results = resultsOf(request);
    if (request.script.surface === 'client' && request.script.abort?.by !== 'unsubscribe') {
      void results.toPromise().then(result => {
        see(seenOf(result));
        end();
      });
      return undefined;
    }
    let isOver = false; // the source of a query does not end, and a stream shows its last result twice
    const { unsubscribe } = pipe(
      results,
      onEnd(end),
      subscribe(result => {
        if (!isOver) see(seenOf(result));
        isOver = !result.hasNext && request.script.kind === 'query';
        if (isOver) end();
      }),
    );
    return unsubscribe;
  },
};
