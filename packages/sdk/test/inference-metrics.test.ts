import { createMemoryReader, createMetricMemory, type Observer } from '@inferometer/core';
import { beforeEach, expect, test } from 'vitest';
import { createInferenceMetrics } from '../src/metrics/inference-metrics.ts';

let observer: Required<Observer>;
let read: () => Record<string, number>;
let sample: () => void;

beforeEach(() => {
  const memory = createMetricMemory({ bytes: 1024 * 1024 });
  const metrics = createInferenceMetrics({
    memory,
    version: '0',
    bounds: {},
    exemplarIntervalMs: undefined,
    canExport: () => false,
  });
  observer = metrics.observer as Required<Observer>;
  sample = metrics.sample;
  const reader = createMemoryReader(memory.buffer);
  read = () =>
    Object.fromEntries(
      reader.read().flatMap(({ name, series }) =>
        series.map(({ labels, value, histogram }) => {
          const text = labels.map(([key, label]) => `${key}=${label}`).join(',');
          return [`${name}{${text}}`, value ?? histogram?.count ?? Number.NaN] as const;
        }),
      ),
    );
});

test('device time is counted by model, tenant and device, CPU by model and tenant', () => {
  observer.deviceUsed('m', 'a', 'cuda:0', 1500, 20);
  observer.deviceUsed('m', 'a', 'cpu', 500, 480);
  observer.deviceUsed('m', undefined, 'cuda:0', 250, 0);
  const values = read();
  expect(values).toMatchObject({
    'inference_device_time_seconds_total{model=m,tenant=a,inference_device=cuda:0}': 1.5,
    'inference_device_time_seconds_total{model=m,tenant=a,inference_device=cpu}': 0.5,
    'inference_device_time_seconds_total{model=m,tenant=default,inference_device=cuda:0}': 0.25,
    'inference_cpu_seconds_total{model=m,tenant=a}': 0.5,
  });
  // What was not measured is absent, and not 0.
  expect(Object.keys(values)).not.toContain('inference_cpu_seconds_total{model=m,tenant=default}');
});

test('tokens are counted by what was done with them; batches of no tokens have none', () => {
  const batch = {
    id: 'b',
    model: 'm',
    executor: 0,
    reason: 'full',
    size: 2,
    tokens: 9,
    paddingRatio: 0,
    dispatched: 0,
    runStart: 0,
    runEnd: 1,
  };
  observer.batchEnded({ ...batch, inputTokens: 9 });
  observer.batchEnded({ ...batch, inputTokens: 0, outputTokens: 2 });
  observer.batchEnded({ ...batch, model: 'tensors' });
  const values = read();
  expect(values).toMatchObject({
    'inference_tokens_total{model=m,type=input}': 9,
    'inference_tokens_total{model=m,type=output}': 2,
  });
  expect(Object.keys(values).filter((name) => name.includes('tokens_total{model=tensors'))).toEqual([]);
});

test('how models are is read from time to time', () => {
  let ready = 2;
  observer.modelOpened({
    model: 'e',
    batchSizeLimit: 32,
    executors: () => ({ ready, starting: 0, failed: 2 - ready }),
  });
  observer.modelOpened({
    model: 'g',
    batchSizeLimit: 8,
    executors: () => ({ ready: 1, starting: 1, failed: 0 }),
    generations: () => ({ usedSlots: 3, freeSlots: 5, kvUtilization: 0.25 }),
  });
  ready = 1;
  sample();
  const values = read();
  expect(values).toMatchObject({
    'inference_batch_size_limit{model=e}': 32,
    'inference_executors{model=e,state=ready}': 1,
    'inference_executors{model=e,state=failed}': 1,
    'inference_executors{model=g,state=starting}': 1,
    'inference_generation_slots{model=g,state=used}': 3,
    'inference_generation_slots{model=g,state=free}': 5,
    'inference_kv_cache_utilization_ratio{model=g}': 0.25,
  });
  expect(Object.keys(values).filter((name) => /slots\{model=e|kv_cache.*model=e/.test(name))).toEqual([]);
});

test('answers of databases are timed under the name of the conventions, once there is one', () => {
  expect(Object.keys(read()).filter((name) => name.startsWith('db_client'))).toEqual([]);
  observer.databaseAsked('redis', 'MGET', 0.002);
  observer.databaseAsked('redis', 'MGET', 2, 'Error');
  expect(read()).toMatchObject({
    'db_client_operation_duration{db_system_name=redis,db_operation_name=MGET,error_type=}': 1,
    'db_client_operation_duration{db_system_name=redis,db_operation_name=MGET,error_type=Error}': 1,
  });
});
