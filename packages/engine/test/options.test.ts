import { type ModelOptions, resolveModelOptions } from '@inferometer/engine';
import { expect, test } from 'vitest';

test('without any option: as many executors as cores, four at most, and waits that go by the model’s runs', () => {
  const options = resolveModelOptions({});
  expect(options.executors).toBeGreaterThanOrEqual(1);
  expect(options.executors).toBeLessThanOrEqual(4);
  expect(options).toMatchObject({
    executorKind: 'process',
    cpus: [],
    preferredBatchSizes: [],
    defaultTimeoutMs: 30_000,
    maxWaitMs: Number.POSITIVE_INFINITY,
  });
});

test('executors share the cores: threads are what one of them gets', () => {
  const { executors, threads } = resolveModelOptions({});
  expect(resolveModelOptions({ executors: 1 }).threads).toBeGreaterThanOrEqual(executors * threads);
});

test.each<[ModelOptions, string]>([
  [{ executors: 0 }, 'executors must be an integer from 1 to 256, got 0'],
  [{ executors: 1.5 }, 'executors must be an integer from 1 to 256, got 1.5'],
  [{ maxWaitMs: -1 }, 'maxWaitMs must be a number >= 0, or Infinity, got -1'],
  [{ soloThreads: -1 }, 'soloThreads must be an integer from 0 to 256, got -1'],
  [{ hardTimeoutMs: 0 }, 'hardTimeoutMs must be a number > 0, or Infinity, got 0'],
  [{ targetLatencyMs: Number.NaN }, 'targetLatencyMs must be a number > 0, or Infinity, got NaN'],
  [{ executorKind: 'thread' as never }, 'executorKind must be one of process, worker, got thread'],
  [{ tenantWeights: { a: 0 } }, 'tenantWeights.a must be a number > 0, got 0'],
  [{ cpus: [0, -1] }, 'cpus must be an integer >= 0, got -1'],
  [
    { maxBatchSize: 8, preferredBatchSizes: [4, 16] },
    'preferredBatchSizes must be an integer from 1 to 8, got 16',
  ],
])('%o is refused by name, range and value', (options, message) => {
  expect(() => resolveModelOptions(options)).toThrow(new RangeError(message));
});
