import { type Figure, makeFigure } from './figure.ts';
import { type Goal, growthGoal } from './goals.ts';
import { interleave, type Rounds, type Sample } from './interleave.ts';
import { type Match, type Side, sides } from './match.ts';
import { median } from './median.ts';
import { storm } from './storm.ts';

const keyOf = (side: Side, size: number) => `${side} ${size}`;

/**
 * The time of storms of the given sizes, smallest first, and its growth between the last two. A larger heap makes any
 * program slower by more than the ratio of the sizes: the goal of the growth is relative to the floor's.
 */
export async function stormCost(
  match: Match,
  goal: Goal,
  rounds: Rounds,
  sizes: readonly number[],
): Promise<readonly Figure[]> {
  const [small = 1, large = small] = sizes.slice(-2);
  const renewals = new Map<string, number>();

  const msPerStorm =
    (side: Side, size: number): Sample =>
    async () => {
      const times = Math.round(large / size); // each sample sends about the same number of operations
      const { ms, renewals: count } = await storm(match, side, size, times);
      renewals.set(keyOf(side, size), count);
      return ms;
    };

  const samples = sizes.flatMap(size => sides.map(side => [keyOf(side, size), msPerStorm(side, size)] as const));
  const took = await interleave(Object.fromEntries(samples), rounds);
  const timeOf = (side: Side, size: number) => median(took.get(keyOf(side, size)));
  const renewalsOf = (side: Side, size: number) => renewals.get(keyOf(side, size)) ?? null;

  function growthOf(side: Side): number | null {
    const before = timeOf(side, small);
    const after = timeOf(side, large);
    return before === null || after === null ? null : after / before;
  }

  return [
    ...sizes.map(size =>
      makeFigure({
        name: `${match.adapter}: storm of ${size.toLocaleString('en')} refused`,
        unit: 'ms',
        ours: timeOf('ours', size),
        peer: timeOf('peer', size),
        floor: timeOf('floor', size),
        peerName: match.peerName,
        renewals: { ours: renewalsOf('ours', size), peer: renewalsOf('peer', size) },
        goal,
      }),
    ),
    makeFigure({
      name: `${match.adapter}: growth of a storm ×${large / small}`,
      unit: '× the time',
      ours: growthOf('ours'),
      peer: growthOf('peer'),
      floor: growthOf('floor'),
      peerName: match.peerName,
      goal: growthGoal,
      goalOf: 'floor',
    }),
  ];
}
