import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Only the unit tests: the model takes a second, which is too slow for each mutant. A mutant that hangs fails soon. A worker for
 * each file would take longer to start than the tests of most mutants; the first run shows that the files do not need one.
 */
const config: ViteUserConfig = defineConfig({
  test: { include: ['{src,test}/**/*.test.ts'], testTimeout: 3_000, isolate: false },
});
export default config;
