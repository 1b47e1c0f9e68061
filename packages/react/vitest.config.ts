import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A busy machine is no failure. */
const limits = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { interval: 5, timeout: 60_000 } } };

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const react18 = pathOf('react-18/node_modules');
/** What Node would import instead requires React by itself, so that the alias would not reach it. */
const testingLibrary = {
  find: '@testing-library/react',
  replacement: pathOf('node_modules/@testing-library/react/dist/@testing-library/react.esm.js'),
};
const versions = [
  { react: 'React 19', alias: [] },
  {
    react: 'React 18.2',
    alias: [{ find: /^(react|react-dom|urql|@urql\/core)(?=$|\/)/, replacement: `${react18}/$1` }],
  },
];
const ofNode = ['test/server.test.tsx', 'test/*.test.ts'];
const places = [
  { place: 'in a page', include: ['test/*.test.tsx'], exclude: ofNode, environment: './test/pageEnvironment.ts' },
  { place: 'in Node', include: ofNode, exclude: [], environment: 'node' },
];

export default defineConfig({
  test: {
    projects: versions.flatMap(({ react, alias }) =>
      places.map(({ place, ...where }) => ({
        resolve: { alias: [testingLibrary, ...alias] },
        test: {
          ...limits,
          name: `${react}, ${place}`,
          ...where,
          server: { deps: { inline: [/@testing-library.react/, /@apollo.client/, /urql/] } },
          provide: { react },
        },
      })),
    ),
  },
});
