import { type Figure, makeFigure } from './figure.ts';
import { interleave, type Rounds, type Sample } from './interleave.ts';
import type { Match } from './match.ts';
import { median } from './median.ts';
import { storm } from './storm.ts';

/** How much longer than in proportion the largest storm may take. */
const mostGrowth = 1.1;

type Side = 'ours' | 'peer';

const keyOf = (side: Side, size: number) => `${side} ${size}`;

/** How long storms of these sizes take, smallest first, and how the time of ours grows between the last two. */
export async function stormCost(
  match: Match,
  goal: number,
  rounds: Rounds,
  sizes: readonly number[],
): Promise<readonly Figure[]> {
  const [small = 1, large = small] = sizes.slice(-2);
  const renewals = new Map<string, number>();

  const msPerStorm =
    (side: Side, size: number): Sample =>
    async () => {
      const times = Math.round(large / size); // each sample sends about as many operations
      const { ms, renewals: count } = await storm(match, side, size, times);
      renewals.set(keyOf(side, size), count);
      return ms;
    };

  const samples = sizes.flatMap(size => [
    [keyOf('ours', size), msPerStorm('ours', size)] as const,
    [keyOf('peer', size), msPerStorm('peer', size)] as const,
  ]);
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
        peerName: match.peerName,
        renewals: { ours: renewalsOf('ours', size), peer: renewalsOf('peer', size) },
        goal,
      }),
    ),
    makeFigure({
      name: `${match.adapter}: linearity, ${large / small} times the storm`,
      unit: '× the time',
      ours: growthOf('ours'),
      peer: growthOf('peer'),
      peerName: match.peerName,
      goal: (large / small) * mostGrowth,
      goalOf: 'ours',
    }),
  ];
}
