import type { Signal, Sink, Source } from 'wonka';

/** A stream of what is made of another's values, and of what is said in between. */
export interface Relay<Out> {
  readonly source: Source<Out>;
  say(value: Out): void;
}

/** How wonka carries a value. */
const push = <T>(value: T) => ({ tag: 1, 0: value }) as unknown as Signal<T>;

/**
 * In place of wonka's `map`, `filter`, `merge` and `make`, each of which wraps every value anew: all operations and all
 * answers come by here. What `take` answers with `undefined` is passed over.
 */
export function relay<In, Out>(source: Source<In>, take: (value: In) => Out | undefined): Relay<Out> {
  let sink: Sink<Out> = () => {};
  let talkBack: (request: 0 | 1) => void = () => {};
  return {
    say: value => sink(push(value)),
    source(to) {
      sink = to;
      source(signal => {
        if (signal === 0) return to(signal); // it has ended
        if (signal.tag === 0) {
          talkBack = signal[0];
          return to(signal);
        }
        const taken = take(signal[0]);
        if (taken === undefined) talkBack(0);
        else to(push(taken));
      });
    },
  };
}
