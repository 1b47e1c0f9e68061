import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
  test: {
    globalSetup: 'test/globalSetup.ts',
    // A busy machine is no failure.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'page', include: ['test/*.test.tsx'], environment: './test/quietHappyDom.ts' } },
      { extends: true, test: { name: 'server', include: ['test/*.test.ts'] } },
    ],
  },
});
