import { cpus } from 'node:os';
import { apolloMatch } from './apolloMatch.ts';
import { chainCost } from './chainCost.ts';
import type { Figure } from './figure.ts';
import { freshCost } from './freshCost.ts';
import type { Rounds } from './interleave.ts';
import { readManifest } from './readManifest.ts';
import { sizes } from './sizes.ts';
import { stormCost } from './stormCost.ts';
import { urqlMatch } from './urqlMatch.ts';

export interface Results {
  readonly machine: { readonly cpu: string; readonly node: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: readonly Figure[];
}

/** How much is run: a figure needs much, a test of it little. */
export interface Effort extends Rounds {
  /** How long one sample of something short lasts. */
  readonly sampleMs: number;
  /** Operations in the storms, least first. */
  readonly stormSizes: readonly number[];
}

const compared = [
  '@latchkey/core',
  '@latchkey/apollo',
  '@latchkey/urql',
  '@latchkey/fetch',
  '@apollo/client',
  '@urql/core',
  '@urql/exchange-auth',
  'graphql',
  'rolldown',
  'rxjs',
  'wonka',
];

export async function runBench({ sampleMs, stormSizes, ...rounds }: Effort): Promise<Results> {
  const figures = [
    await freshCost(rounds, sampleMs),
    await chainCost(apolloMatch, 0.4, rounds, sampleMs),
    await chainCost(urqlMatch, 0.5, rounds, sampleMs),
    ...(await stormCost(apolloMatch, 0.7, rounds, stormSizes)),
    ...(await stormCost(urqlMatch, 0.7, rounds, stormSizes)),
    ...(await sizes()),
  ];
  const versions = await Promise.all(compared.map(async name => [name, (await readManifest(name)).version] as const));
  return {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
    versions: Object.fromEntries(versions),
    figures,
  };
}
