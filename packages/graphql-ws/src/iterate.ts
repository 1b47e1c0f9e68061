import type { Client, FormattedExecutionResult, SubscribePayload } from 'graphql-ws';

type Result = FormattedExecutionResult<never, never>;

/** The results of an operation, which is sent at once. Leaving the loop unsubscribes. */
export function iterate(subscribe: Client['subscribe'], payload: SubscribePayload): AsyncIterableIterator<Result> {
  const results: Result[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake = () => {};
  const finish = (how: typeof end) => {
    end ??= how;
    wake();
  };
  const unsubscribe = subscribe<never, never>(payload, {
    next(result) {
      results.push(result);
      wake();
    },
    error: error => finish({ error }),
    complete: () => finish({}),
  });
  const iterator = (async function* () {
    for (;;) {
      for (let result = results.shift(); result; result = results.shift()) yield result;
      if (end) break;
      await new Promise<void>(resolve => (wake = resolve));
    }
    if ('error' in end) throw end.error;
  })();
  const leave = async () => {
    results.length = 0;
    unsubscribe();
    finish({});
    return { done: true, value: undefined } as const;
  };
  return Object.assign(iterator, { return: leave, throw: leave });
}
