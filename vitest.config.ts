import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{packages,examples}/*/test/**/*.test.ts',
      '{grafana,deploy}/test/**/*.test.ts',
      'tools/*/test/**/*.test.ts',
    ],
    globalSetup: ['@inferometer/testkit/global-setup'],
    // Tests start real servers, browsers and databases: on two cores more files at a time only time each other out.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
