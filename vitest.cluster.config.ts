import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`: images and the chart on a real cluster, apart from `npm test` because of what it needs. */
export default defineConfig({
  test: {
    include: ['deploy/cluster/test/**/*.test.ts'],
    globalSetup: ['deploy/cluster/global-setup.ts'],
    // Images are built again while the release is tested, in namespaces of their own: neither measures time.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 600_000,
    pool: 'forks',
  },
});
