import { readConfig } from '@inferometer/sdk';
import { expect, test } from 'vitest';

test('without an endpoint nothing is exported', () => {
  expect(readConfig({})).toEqual({ enabled: true, traces: undefined, ringCapacity: 1000 });
});

test.each<[string, Record<string, string>, string]>([
  [
    'a base endpoint',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' },
    'http://collector:4318/v1/traces',
  ],
  [
    'an endpoint with a path',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example/x' },
    'https://otlp.example/x/v1/traces',
  ],
  [
    'an endpoint of traces, taken as it is',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:1/t', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d:2' },
    'http://c:1/t',
  ],
  ['the exporter alone', { OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces'],
])('exports to %s', (_what, env, endpoint) => {
  expect(readConfig(env).traces).toMatchObject({ protocol: 'http/json', endpoint });
});

test('the protocol, of traces before the common one', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
  expect(readConfig(env).traces?.protocol).toBe('http/protobuf');
  expect(readConfig({ ...env, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' }).traces?.protocol).toBe(
    'http/json',
  );
});

test('OTEL_BSP_* set how spans leave', () => {
  const env = { OTEL_TRACES_EXPORTER: 'otlp' };
  expect(readConfig(env).traces?.batches).toEqual({
    scheduleDelayMs: 1000,
    maxQueueSize: 4096,
    maxExportBatchSize: 512,
    exportTimeoutMs: 30_000,
  });
  const small = {
    ...env,
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BSP_EXPORT_TIMEOUT: '9',
  };
  expect(readConfig(small).traces?.batches).toEqual({
    scheduleDelayMs: 50,
    maxQueueSize: 100,
    maxExportBatchSize: 100,
    exportTimeoutMs: 9,
  });
  expect(() => readConfig({ ...small, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '101' })).toThrow(
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE must be an integer from 1 to 100, got 101',
  );
});

test('exporting and recording can be turned off', () => {
  expect(
    readConfig({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1' }).traces,
  ).toBeUndefined();
  expect(readConfig({ OTEL_SDK_DISABLED: 'true' }).enabled).toBe(false);
  expect(readConfig({ INFEROMETER_ENABLED: 'false' }).enabled).toBe(false);
});

test.each<[Record<string, string>, string]>([
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER must be otlp or none, got zipkin'],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must be an http URL, got collector',
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must be an http URL, got localhost:4318',
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'must be http/json or http/protobuf, got grpc',
  ],
  [
    { INFEROMETER_RING_CAPACITY: '0' },
    'INFEROMETER_RING_CAPACITY must be an integer from 1 to 1000000, got 0',
  ],
])('%j is refused by name', (env, says) => {
  expect(() => readConfig(env)).toThrow(says);
});
