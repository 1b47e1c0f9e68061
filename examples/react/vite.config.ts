import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
  test: {
    globalSetup: 'test/globalSetup.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'page', include: ['test/*.test.tsx'], environment: './test/quietHappyDom.ts' } },
      { extends: true, test: { name: 'server', include: ['test/*.test.ts'] } },
    ],
  },
});
