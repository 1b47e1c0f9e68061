import { acceptedToken, createStubServer } from './createStubServer.ts';
import { type Figure, makeFigure } from './figure.ts';
import type { Goal } from './goals.ts';
import { interleave, type Rounds, type Sample } from './interleave.ts';
import type { Chain, Match } from './match.ts';
import { median } from './median.ts';
import { msPerRun } from './msPerRun.ts';

/** Operations that are in flight together, as when a page opens. */
const waveSize = 20;
const wavesPerRun = 100;

function usPerOperation(chain: Chain, sampleMs: number): Sample {
  const send = chain.prepare(waveSize);
  const sendWaves = async () => {
    for (let wave = 0; wave < wavesPerRun; wave++) await send();
  };
  return async () => ((await msPerRun(sendWaves, sampleMs)) * 1000) / (wavesPerRun * waveSize);
}

/** The cost of an operation above the bare chain, while the token is fresh and the operation is accepted. */
export async function chainCost(match: Match, goal: Goal, rounds: Rounds, sampleMs: number): Promise<Figure> {
  const server = createStubServer('now');
  const took = await interleave(
    {
      ours: usPerOperation(await match.ours(server, acceptedToken), sampleMs),
      bare: usPerOperation(await match.bare(server), sampleMs),
      peer: usPerOperation(await match.peer(server, acceptedToken), sampleMs),
    },
    rounds,
  );
  const bare = took.get('bare') ?? [];
  const aboveBare = (name: string) =>
    median(took.get(name)?.map((value, round) => value - (bare[round] ?? Number.NaN)));
  return makeFigure({
    name: `${match.adapter}: one operation, above the bare chain`,
    unit: 'µs',
    ours: aboveBare('ours'),
    peer: aboveBare('peer'),
    peerName: match.peerName,
    goal,
  });
}
