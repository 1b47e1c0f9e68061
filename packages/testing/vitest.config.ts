import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const pathOf = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

/**
 * Tests wait for events, so these limits only end a test that hangs. They are generous because a busy machine is slow: 10,000
 * requests with 100 renewals (B102) take 5 s on an idle machine, and 30 s next to six other processes on two cores.
 */
const limits = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { interval: 5, timeout: 60_000 } } };

/** The contract with other versions of the libraries that the adapters build on. */
function withVersions(name: string, include: readonly string[], alias: Readonly<Record<string, string>>) {
  return {
    resolve: { alias },
    test: {
      ...limits,
      name,
      include: ['versions', ...include].map(file => `src/${file}.test.ts`),
      server: { deps: { inline: true as const } },
      provide: { versions: name },
    },
  };
}

/** Tests that depend on the version of GraphQL. */
const ofGraphql = [
  'apollo',
  'apolloChain',
  'apolloLink',
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
  'urqlExchange',
];
/** Tests that depend on the version of urql. */
const ofUrql = [
  'bothClients',
  'existingLinks',
  'headerTokens',
  'laterAttempts',
  'leaks',
  'notAboutTheToken',
  'oddAnswers',
  'oneStream',
  'origins',
  'recordedAnswers',
  'subscriptions',
  'synchronous',
  'transports',
  'urql',
  'urqlChain',
  'urqlExchange',
  'wrongPlace',
];

const core5 = { '@urql/core': pathOf('urql-core-5') };
const graphql17 = { graphql: pathOf('graphql-17') };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      { test: { ...limits, name: 'current', include: ['src/**/*.test.ts'], provide: { versions: 'current' } } },
      withVersions('urql core 5', ofUrql, core5),
      withVersions('graphql 17', ofGraphql, graphql17),
      withVersions('urql core 5, graphql 17', ['urql'], { ...core5, ...graphql17 }),
    ],
  },
});
