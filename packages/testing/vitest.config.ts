import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const of = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

/** The contract once more, with other versions of what the adapters stand on. */
function withVersions(name: string, include: readonly string[], alias: Readonly<Record<string, string>>) {
  return {
    resolve: { alias },
    test: {
      name,
      include: ['versions', ...include].map(file => `src/${file}.test.ts`),
      server: { deps: { inline: true as const } },
      provide: { versions: name },
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'current', include: ['src/**/*.test.ts'], provide: { versions: 'current' } } },
      withVersions('urql core 5', ['urql', 'urqlDemands', 'headerTokens'], { '@urql/core': of('urql-core-5') }),
      withVersions('graphql 17', ['apollo', 'urql', 'fetch'], { graphql: of('graphql-17') }),
    ],
  },
});
