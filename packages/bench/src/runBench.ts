import { cpus } from 'node:os';
import { apolloMatch } from './apolloMatch.ts';
import { chainCost } from './chainCost.ts';
import type { Figure } from './figure.ts';
import { freshCost } from './freshCost.ts';
import { apolloGoals, urqlGoals } from './goals.ts';
import { heldCost } from './heldCost.ts';
import type { Rounds } from './interleave.ts';
import { readManifest } from './readManifest.ts';
import { sizes } from './sizes.ts';
import { socketCost } from './socketCost.ts';
import { stormCost } from './stormCost.ts';
import { urqlMatch } from './urqlMatch.ts';

export interface Results {
  readonly machine: { readonly cpu: string; readonly node: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: readonly Figure[];
}

/** The size of a run: a result needs a large one, a test of the benchmark a small one. */
export interface Effort extends Rounds {
  /** The computing time of one sample of a short operation. */
  readonly sampleMs: number;
  /** Operations in the storms, smallest first. */
  readonly stormSizes: readonly number[];
  /** Operations that wait for one renewal while their heap is measured. */
  readonly heldOperations: number;
  /** Messages of one run over a socket. */
  readonly messages: number;
}

const compared = [
  '@latchkey/core',
  '@latchkey/apollo',
  '@latchkey/urql',
  '@latchkey/fetch',
  '@latchkey/graphql-ws',
  '@apollo/client',
  '@urql/core',
  '@urql/exchange-auth',
  'graphql',
  'graphql-ws',
  'rolldown',
  'rxjs',
  'wonka',
];

export async function runBench({
  sampleMs,
  stormSizes,
  heldOperations,
  messages,
  ...rounds
}: Effort): Promise<Results> {
  const figures = [
    await freshCost(rounds, sampleMs),
    await chainCost(apolloMatch, apolloGoals.operation, rounds, sampleMs),
    await chainCost(urqlMatch, urqlGoals.operation, rounds, sampleMs),
    ...(await stormCost(apolloMatch, apolloGoals.storm, rounds, stormSizes)),
    ...(await stormCost(urqlMatch, urqlGoals.storm, rounds, stormSizes)),
    ...(await heldCost(rounds, heldOperations)),
    await socketCost(rounds, sampleMs, messages),
    ...(await sizes()),
  ];
  const versions = await Promise.all(compared.map(async name => [name, (await readManifest(name)).version] as const));
  return {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
    versions: Object.fromEntries(versions),
    figures,
  };
}
