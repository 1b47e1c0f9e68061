import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Figure, makeFigure } from './figure.ts';
import { heldGoal } from './goals.ts';
import type { Rounds } from './interleave.ts';
import type { Side } from './match.ts';
import { urqlMatch } from './urqlMatch.ts';

const script = fileURLToPath(new URL('runHeldBytes.ts', import.meta.url));

/** Measured in a process of its own: it needs `--expose-gc`, and a heap that no other measurement has filled. */
async function measure(count: number, { rounds, warmUps }: Rounds): Promise<Readonly<Record<Side, number | null>>> {
  const args = ['--conditions=production', '--expose-gc', script, ...[count, rounds, warmUps].map(String)];
  const env = { ...process.env, NODE_ENV: 'production' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as Record<Side, number | null>;
}

/** The heap that `count` operations of urql hold while they wait for one renewal, in bytes for each of them. */
export async function heldCost(rounds: Rounds, count: number): Promise<readonly Figure[]> {
  const { ours, peer, floor } = await measure(count, rounds);
  const aboveFloor = (bytes: number | null) => (bytes === null || floor === null ? null : bytes - floor);
  const { adapter, peerName } = urqlMatch;
  const name = `${adapter}: held per waiting operation`;
  return [
    makeFigure({ name, unit: 'bytes', ours, peer, floor, peerName }),
    makeFigure({
      name: `${name}, above the floor`,
      unit: 'bytes',
      ours: aboveFloor(ours),
      peer: aboveFloor(peer),
      peerName,
      goal: heldGoal,
      goalOf: 'ours',
    }),
  ];
}
