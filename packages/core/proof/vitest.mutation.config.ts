import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Only the unit tests: the model takes a second, which is too slow for each mutant. */
const config: ViteUserConfig = defineConfig({ test: { include: ['{src,test}/**/*.test.ts'], testTimeout: 10_000 } });
export default config;
