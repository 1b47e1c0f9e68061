import type { Goal } from './goals.ts';

/** One line of the table. In every figure less is better. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** `null`: nothing is compared, or the peer did not finish within the limit. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** `null`: the figure is not compared with the floor. */
  readonly floor: number | null;
  /** Ours over the floor's where the goal is about that, else over the peer's; from unrounded values. */
  readonly ratio: number | null;
  /** The goal limits our own value, or its ratio to the peer's or the floor's. */
  readonly goalOf: 'ours' | 'peer' | 'floor';
  /** The highest value that meets the goal; `null`: the figure has no goal. */
  readonly goal: number | null;
  readonly wish: number | null;
  /** `null` without a goal. A peer that did not finish counts as slower by any ratio. */
  readonly met: boolean | null;
  /** `null` without a wish. */
  readonly wishMet: boolean | null;
  /** How many times a storm renewed the token. */
  readonly renewals?: Renewals;
}

export interface Renewals {
  readonly ours: number | null;
  readonly peer: number | null;
}

export interface Measured extends Pick<Figure, 'name' | 'unit' | 'renewals'> {
  /** `null`: ours did not finish, and there is no figure. */
  readonly ours: number | null;
  readonly peer?: number | null;
  readonly peerName?: string;
  readonly floor?: number | null;
  readonly goal?: Goal;
  /** @defaultValue 'peer' where there is one, else 'ours' */
  readonly goalOf?: Figure['goalOf'];
}

const rounded = (value: number) => Number(value.toPrecision(4));
const roundedOrNull = (value: number | null) => (value === null ? null : rounded(value));

/** @throws Error when ours did not finish, or a floor that the goal is about */
export function makeFigure(measured: Measured): Figure {
  const { name, unit, ours, peer = null, peerName, floor = null, goal, renewals } = measured;
  const goalOf = measured.goalOf ?? (peerName === undefined ? 'ours' : 'peer');
  if (ours === null) throw new Error(`${name}: ours did not finish.`);
  if (goalOf === 'floor' && floor === null) throw new Error(`${name}: the floor did not finish.`);
  const base = goalOf === 'floor' ? floor : peer;
  const ratio = base === null ? null : ours / base;
  const judged = goalOf === 'ours' ? ours : (ratio ?? 0);
  return {
    name,
    unit,
    ours: rounded(ours),
    peer: roundedOrNull(peer),
    peerName: peerName ?? null,
    floor: roundedOrNull(floor),
    ratio: roundedOrNull(ratio),
    goalOf,
    goal: goal?.atMost ?? null,
    wish: goal?.wish ?? null,
    met: goal === undefined ? null : judged <= goal.atMost,
    wishMet: goal?.wish === undefined ? null : judged <= goal.wish,
    ...(renewals && { renewals }),
  };
}
