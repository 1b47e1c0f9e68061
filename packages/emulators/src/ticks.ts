import { Repeater } from 'graphql-yoga';
import { unauthorized } from './refusals.ts';

export interface Tick {
  readonly n: number;
  readonly owner: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * Counts from 1, at once and then every `everyMs`; endless when `count` is 0. Ends with a refusal once the token is invalid.
 *
 * @param onTokenInvalid - returns the function that removes the listener
 */
export function ticks(
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
  owner: string | undefined,
  onTokenInvalid: (listener: () => void) => () => void,
): Repeater<Tick> {
  return new Repeater(async (push, stop) => {
    let n = 0;
    const tick = () => {
      n += 1;
      void push({ n, owner, at: Date.now() });
      if (n === count) stop();
    };
    const timer = setInterval(tick, everyMs);
    const removeListener = onTokenInvalid(() => stop(unauthorized()));
    tick();
    await stop;
    clearInterval(timer);
    removeListener();
  });
}
