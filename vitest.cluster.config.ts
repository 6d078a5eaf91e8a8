import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`: images and the chart on a real cluster, apart from `npm test` because of what it needs. */
export default defineConfig({
  test: {
    include: ['deploy/cluster/test/**/*.test.ts'],
    globalSetup: ['deploy/cluster/global-setup.ts'],
    // One release at a time, its tests in order: each begins where the one before ended.
    fileParallelism: false,
    bail: 0,
    testTimeout: 180_000,
    hookTimeout: 600_000,
    pool: 'forks',
  },
});
