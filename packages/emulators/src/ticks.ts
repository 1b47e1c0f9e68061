import { Repeater } from 'graphql-yoga';
import { unauthorized } from './refusals.ts';

export interface Tick {
  readonly n: number;
  readonly owner: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Counts from 1, at once and then every `everyMs`; without end when `count` is 0. Ends with a refusal when the token dies.
 *
 * @param onTokenDeath - calls back once; returns the function that stops waiting
 */
export function ticks(
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
  owner: string | undefined,
  onTokenDeath: (died: () => void) => () => void,
): Repeater<Tick> {
  return new Repeater(async (push, stop) => {
    let n = 0;
    const tick = () => {
      n += 1;
      void push({ n, owner, at: Date.now() });
      if (n === count) stop();
    };
    const timer = setInterval(tick, everyMs);
    const forget = onTokenDeath(() => stop(unauthorized()));
    tick();
    await stop;
    clearInterval(timer);
    forget();
  });
}
