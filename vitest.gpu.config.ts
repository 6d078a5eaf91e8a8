import { defineConfig } from 'vitest/config';

/** `npm run test:gpu`: the GPU suite against a real driver and nvidia-smi, apart from `npm test` for want of GPUs. */
export default defineConfig({
  test: {
    include: ['packages/{gpu,engine,bench}/hardware/**/*.test.ts'],
    // Readings of one suite at a time: the devices are everybody's.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    disableConsoleIntercept: true,
    // A whole suite that is skipped is no failure: it says why.
    passWithNoTests: true,
  },
});
