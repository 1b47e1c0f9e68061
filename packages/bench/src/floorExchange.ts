import type { Exchange, Operation } from '@urql/core';
import { filter, makeSubject, map, merge, pipe } from 'wonka';
import type { StubServer } from './createStubServer.ts';

/**
 * The floor of urql: one array of refused operations, one renewal, one loop. Teardowns and failures are not handled.
 *
 * urql's operations are not changed in place: every attempt is a copy, as in any exchange. The array holds the originals, so
 * that no copy is kept during the renewal.
 */
export function floorExchange(server: StubServer, signedInWith: string): Exchange {
  return ({ forward }) =>
    operations$ => {
      let token = signedInWith;
      let waiting: Operation[] = [];
      const { source: retried$, next: retry } = makeSubject<Operation>();

      function attach(original: Operation): Operation {
        if (original.kind === 'teardown') return original;
        const fetchOptions = { headers: { authorization: `Bearer ${token}` } };
        return { ...original, context: { ...original.context, fetchOptions, original } };
      }

      async function renew(): Promise<void> {
        token = await server.renew();
        const refused = waiting;
        waiting = [];
        for (const operation of refused) retry(operation);
      }

      function wait(operation: Operation): void {
        if (waiting.push(operation) === 1) void renew();
      }

      return pipe(
        merge([operations$, retried$]),
        map(attach),
        forward,
        filter(({ operation, error }) => {
          if (error) wait(operation.context.original);
          return !error;
        }),
      );
    };
}
