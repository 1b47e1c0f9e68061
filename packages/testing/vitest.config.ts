import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const of = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

const polling = { poll: { interval: 5, timeout: 10_000 } };

/** The contract once more, with other versions of what the adapters stand on. */
function withVersions(name: string, include: readonly string[], alias: Readonly<Record<string, string>>) {
  return {
    resolve: { alias },
    test: {
      name,
      include: ['versions', ...include].map(file => `src/${file}.test.ts`),
      server: { deps: { inline: true as const } },
      expect: polling,
      provide: { versions: name },
    },
  };
}

/** What can tell one version of GraphQL from another. */
const ofGraphql = [
  'apollo',
  'apolloChain',
  'apolloDemands',
  'existingLinks',
  'fetch',
  'leaks',
  'oneStream',
  'origins',
  'subscriptions',
  'synchronous',
  'transports',
  'urql',
  'urqlChain',
  'urqlDemands',
];
/** What can tell one version of urql from another. */
const ofUrql = [
  'bothClients',
  'existingLinks',
  'headerTokens',
  'laterTries',
  'leaks',
  'oddAnswers',
  'oneStream',
  'origins',
  'subscriptions',
  'synchronous',
  'transports',
  'urql',
  'urqlChain',
  'urqlDemands',
  'wrongPlace',
];

const core5 = { '@urql/core': of('urql-core-5') };
const graphql17 = { graphql: of('graphql-17') };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      { test: { name: 'current', include: ['src/**/*.test.ts'], expect: polling, provide: { versions: 'current' } } },
      withVersions('urql core 5', ofUrql, core5),
      withVersions('graphql 17', ofGraphql, graphql17),
      withVersions('urql core 5, graphql 17', ['urql'], { ...core5, ...graphql17 }),
    ],
  },
});
