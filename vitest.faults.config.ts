import { defineConfig } from 'vitest/config';

/** Limits of time, times this: a machine that is busy with other work needs more. */
const patience = Number(process.env.FACET_FAULT_PATIENCE ?? 1);

/** Faults are injected one after the other: what one file measures another would disturb. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    globalSetup: ['test/setup/build.ts'],
    setupFiles: ['test/setup/environment.ts'],
    testTimeout: 900_000 * patience,
    hookTimeout: 300_000 * patience,
  },
});
