/** A generator with a seed, so that a run can be made again (mulberry32). */
export interface Random {
  /** From `from` to `to`, both included. */
  int(from: number, to: number): number;
  of<T>(values: readonly T[]): T;
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { int, of: values => values[int(0, values.length - 1)] as (typeof values)[number] };
}
