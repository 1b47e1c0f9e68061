import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const pathOf = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

/**
 * Tests wait for events, so these limits only end a test that hangs. They are generous because a busy machine is slow: 10,000
 * requests with 100 renewals (B102) take 5 s on an idle machine, and 30 s next to six other processes on two cores.
 */
const limits = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { interval: 5, timeout: 60_000 } } };

interface Alias {
  readonly find: string | RegExp;
  readonly replacement: string;
}

const aliasOf = (find: Alias['find'], directory: string): Alias => ({ find, replacement: pathOf(directory) });

/** Version 3 of Apollo Client, by the paths where Node finds its files, and bundlers its core. Nothing of version 4 uses them. */
const apollo3 = (directory: string): Alias => ({
  find: /^@apollo\/client\/(core(?=$)|.*(?=\/index\.js$)).*$/,
  replacement: pathOf(`${directory}/$1/index.js`),
});
const current = apollo3('apollo-client-3-14');

/** The contract with other versions of the libraries that the adapters build on: in `npm run proof`, not in `npm test`. */
function withVersions(name: string, include: readonly string[], alias: readonly Alias[]) {
  return {
    resolve: { alias: [...alias, current] },
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
  'guests',
  'headerTokens',
  'laterAttempts',
  'leaks',
  'notAboutTheToken',
  'oddAnswers',
  'oneStream',
  'origins',
  'recordedAnswers',
  'socketsUrql',
  'subscriptions',
  'synchronous',
  'transports',
  'urql',
  'urqlChain',
  'urqlExchange',
  'wrongPlace',
];

/** Tests that depend on the version of Apollo Client 4. */
const ofApollo4 = ['apollo', 'apolloChain', 'apolloLink', 'socketsApollo'];

const apollo40 = aliasOf(/^@apollo\/client(?!\/core$|.*\/index\.js$)/, 'apollo-client-4-0');
const core5 = aliasOf('@urql/core', 'urql-core-5');
const graphql17 = aliasOf('graphql', 'graphql-17');

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      {
        resolve: { alias: [current] },
        test: {
          ...limits,
          name: 'current',
          include: ['src/**/*.test.ts', 'proof/**/*.test.ts'],
          server: { deps: { inline: ['@vue/apollo-composable', 'apollo3-cache-persist'] } },
          provide: { versions: 'current' },
        },
      },
      withVersions('Apollo Client 3.11', ['apollo3', 'apollo3Link'], [apollo3('apollo-client-3-11')]),
      withVersions('Apollo Client 4.0', ofApollo4, [apollo40]),
      withVersions('urql core 5', ofUrql, [core5]),
      withVersions('graphql 17', ofGraphql, [graphql17]),
      withVersions('urql core 5, graphql 17', ['urql'], [core5, graphql17]),
    ],
  },
});
