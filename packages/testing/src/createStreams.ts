import { GraphQLError } from 'graphql';
import { Repeater } from 'graphql-yoga';

/** How an open stream is refused: by an error that ends it, or by an event, after which it goes on. */
export type StreamRefusal = 'an error' | 'an event';

export const refusal = (): GraphQLError => new GraphQLError('x', { extensions: { code: 'UNAUTHENTICATED' } });

export interface Streams {
  /** A stream that says how many were opened so far, and stays open. */
  readonly open: () => AsyncIterable<{ readonly nth: number | GraphQLError }>;
  /** Refuses all that are open. */
  readonly refuse: (how: StreamRefusal) => void;
  readonly stats: () => { readonly open: number; readonly opened: number; readonly mostAtOnce: number };
}

/** What a server with subscriptions has open. */
export function createStreams(): Streams {
  const refusers = new Set<Streams['refuse']>();
  let opened = 0;
  let mostAtOnce = 0;
  return {
    open: () =>
      new Repeater(async (push, stop) => {
        const refuse: Streams['refuse'] = how => {
          if (how === 'an error') stop(refusal());
          else void push({ nth: refusal() });
        };
        refusers.add(refuse);
        mostAtOnce = Math.max(mostAtOnce, refusers.size);
        void push({ nth: ++opened });
        await stop;
        refusers.delete(refuse);
      }),
    refuse(how) {
      for (const refuse of refusers) refuse(how);
    },
    stats: () => ({ open: refusers.size, opened, mostAtOnce }),
  };
}
