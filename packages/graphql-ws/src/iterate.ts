import type { Client, SubscribePayload } from 'graphql-ws';
import type { Result } from './operation.ts';

/** The results of an operation, which is sent at once. Leaving the loop unsubscribes. */
export function iterate(subscribe: Client['subscribe'], payload: SubscribePayload): AsyncIterableIterator<Result> {
  const results: Result[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake = () => {};
  const finish = (error?: unknown) => {
    end ??= { error };
    wake();
  };
  const next = (result: Result) => {
    results.push(result);
    wake();
  };
  const unsubscribe = subscribe<never, never>(payload, { next, error: finish, complete: finish });
  const leave = async () => {
    unsubscribe();
    results.length = 0;
    return { done: true, value: undefined } as const;
  };
  return {
    async next() {
      while (!results.length && !end) await new Promise<void>(resolve => (wake = resolve));
      const value = results.shift();
      if (value) return { value };
      const { error } = end ?? {};
      end = {}; // thrown once
      if (error) throw error;
      return leave();
    },
    return: leave,
    throw: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
