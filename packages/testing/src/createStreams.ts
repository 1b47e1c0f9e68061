import { GraphQLError } from 'graphql';
import { Repeater } from 'graphql-yoga';

/** How an open stream is refused: by an error that ends it, or by an event after which it stays open. */
export type StreamRefusal = 'an error' | 'an event';

export const refusal = (): GraphQLError => new GraphQLError('x', { extensions: { code: 'UNAUTHENTICATED' } });

interface Event {
  readonly nth: number | GraphQLError;
}

export interface Streams {
  /** A stream that emits how many streams were opened so far, and stays open. */
  readonly open: () => AsyncIterable<Event>;
  /** Refuses all open streams. */
  readonly refuse: (how: StreamRefusal) => void;
  readonly stats: () => { readonly open: number; readonly opened: number; readonly mostAtOnce: number };
}

interface State {
  readonly refusers: Set<Streams['refuse']>;
  opened: number;
  mostAtOnce: number;
}

/** The subscriptions of a server. */
export function createStreams(): Streams {
  const state: State = { refusers: new Set(), opened: 0, mostAtOnce: 0 };
  return {
    open: () => openStream(state),
    refuse(how) {
      for (const refuse of state.refusers) refuse(how);
    },
    stats: () => ({ open: state.refusers.size, opened: state.opened, mostAtOnce: state.mostAtOnce }),
  };
}

function openStream(state: State): AsyncIterable<Event> {
  return new Repeater<Event>(async (push, stop) => {
    const refuse: Streams['refuse'] = how => {
      if (how === 'an error') stop(refusal());
      else void push({ nth: refusal() });
    };
    state.refusers.add(refuse);
    state.mostAtOnce = Math.max(state.mostAtOnce, state.refusers.size);
    void push({ nth: ++state.opened });
    await stop;
    state.refusers.delete(refuse);
  });
}
