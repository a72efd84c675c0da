import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process of its own for each file: Dawn ends the process with it where a driver fails, and keeps it alive
    // where a platform is not disposed of.
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/setup/build.ts'],
    setupFiles: ['test/setup/environment.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
