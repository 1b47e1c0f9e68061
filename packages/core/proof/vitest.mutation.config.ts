import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The unit tests alone: the model takes a second, and a mutant should die sooner. */
const config: ViteUserConfig = defineConfig({ test: { include: ['{src,test}/**/*.test.ts'], testTimeout: 10_000 } });
export default config;
