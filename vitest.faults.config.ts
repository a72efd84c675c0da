import { defineConfig } from 'vitest/config';

/** Faults are injected one after the other: what one file measures another would disturb. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    globalSetup: ['test/setup/build.ts'],
    setupFiles: ['test/setup/environment.ts'],
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
