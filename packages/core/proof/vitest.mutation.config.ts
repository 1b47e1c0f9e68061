import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Only the unit tests: the model takes a second, which is too slow for each mutant. A mutant that hangs fails soon. */
const config: ViteUserConfig = defineConfig({ test: { include: ['{src,test}/**/*.test.ts'], testTimeout: 3_000 } });
export default config;
