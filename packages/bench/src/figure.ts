/** One line of the table: less is better in all of them. */
export interface Figure {
  readonly name: string;
  readonly ours: number;
  /** `null`: there is no peer, or it did not finish within the limit. */
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly unit: string;
  /** Ours over the peer's, from unrounded values. */
  readonly ratio: number | null;
  /** The most that it may be; `null`: told for orientation. */
  readonly goal: number | null;
  /** What the goal is about. */
  readonly goalOf: 'ours' | 'ratio';
  /** A peer that did not finish is slower by any ratio. */
  readonly met: boolean | null;
  /** How often a storm fetched a new token. */
  readonly renewals?: Renewals;
}

export interface Renewals {
  readonly ours: number | null;
  readonly peer: number | null;
}

export interface Measured extends Pick<Figure, 'name' | 'unit' | 'renewals'> {
  /** `null` where ours did not finish: there is no figure then. */
  readonly ours: number | null;
  readonly peer?: number | null;
  readonly peerName?: string;
  readonly goal?: number;
  /** @defaultValue 'ratio' where there is a peer */
  readonly goalOf?: Figure['goalOf'];
}

const rounded = (value: number) => Number(value.toPrecision(4));

/** @throws Error when ours did not finish */
export function makeFigure({ name, unit, ours, peer = null, peerName, goal, goalOf, renewals }: Measured): Figure {
  if (ours === null) throw new Error(`${name}: ours did not finish.`);
  const kind = goalOf ?? (peerName === undefined ? 'ours' : 'ratio');
  const ratio = peer === null ? null : ours / peer;
  const judged = kind === 'ours' ? ours : (ratio ?? 0);
  return {
    name,
    ours: rounded(ours),
    peer: peer === null ? null : rounded(peer),
    peerName: peerName ?? null,
    unit,
    ratio: ratio === null ? null : rounded(ratio),
    goal: goal ?? null,
    goalOf: kind,
    met: goal === undefined ? null : judged <= goal,
    ...(renewals && { renewals }),
  };
}
