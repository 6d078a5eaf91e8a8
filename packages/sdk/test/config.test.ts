import { readConfig } from '@inferometer/sdk';
import { expect, test } from 'vitest';

test('without an endpoint nothing is exported', () => {
  expect(readConfig({})).toMatchObject({ enabled: true, traces: undefined, ringCapacity: 1000 });
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
    maxQueueSize: 16_384,
    maxExportBatchSize: 2048,
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
    { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    'OTEL_TRACES_SAMPLER must be always_on, always_off, traceidratio,',
  ],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.5' },
    'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, got 1.5',
  ],
  [{ INFEROMETER_TRACES_RATIO: 'half' }, 'INFEROMETER_TRACES_RATIO must be a number from 0 to 1, got half'],
  [{ INFEROMETER_MODE: 'fast' }, 'INFEROMETER_MODE must be deferred or inline, got fast'],
  [{ INFEROMETER_PROFILING: 'yes' }, 'INFEROMETER_PROFILING must be 1, true, 0 or false, got yes'],
  [
    { OTEL_METRICS_EXPORTER: 'console' },
    'OTEL_METRICS_EXPORTER must be prometheus, otlp or none, got console',
  ],
  [
    { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'grpc://c:4317' },
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT must be an http URL, got grpc://c:4317',
  ],
  [
    { OTEL_PROPAGATORS: 'xray' },
    'OTEL_PROPAGATORS must be tracecontext, baggage, b3, b3multi or none, got xray',
  ],
  [
    { OTEL_NODE_RESOURCE_DETECTORS: 'aws' },
    'OTEL_NODE_RESOURCE_DETECTORS must be env, host, os, process, serviceinstance, container, k8s, all or none, got aws',
  ],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=1,b' }, 'OTEL_RESOURCE_ATTRIBUTES must be key=value pairs'],
  [
    { INFEROMETER_HISTOGRAM_BOUNDS: '{"a":[1,1]}' },
    'INFEROMETER_HISTOGRAM_BOUNDS must have finite, ascending numbers for a, got [1,1]',
  ],
  [{ INFEROMETER_HISTOGRAM_BOUNDS: '[1,2]' }, 'INFEROMETER_HISTOGRAM_BOUNDS must be JSON like'],
  [{ INFEROMETER_HISTOGRAM_BOUNDS: '{"a":[1,' }, 'INFEROMETER_HISTOGRAM_BOUNDS must be JSON like'],
  [
    { OTEL_SPAN_EVENT_COUNT_LIMIT: '-1' },
    'OTEL_SPAN_EVENT_COUNT_LIMIT must be an integer from 0 to 1000000000, got -1',
  ],
  [
    { INFEROMETER_RING_CAPACITY: '0' },
    'INFEROMETER_RING_CAPACITY must be an integer from 1 to 1000000, got 0',
  ],
])('%j is refused by name', (env, says) => {
  expect(() => readConfig(env)).toThrow(says);
});

test('everything has a default, and the result can be sent to a thread', () => {
  const config = readConfig({});
  expect(structuredClone(config)).toEqual(config);
  expect(config).toEqual({
    enabled: true,
    mode: 'deferred',
    traces: undefined,
    sampler: { kind: 'parentbased_always_on', ratio: 1 },
    tail: { ratio: 1, slowMs: undefined, perSecond: 200, exemplarIntervalMs: 10_000 },
    spanLimits: {
      attributeCount: 128,
      attributeValueLength: undefined,
      eventCount: 128,
      linkCount: 128,
      attributesPerEvent: 128,
      attributesPerLink: 128,
    },
    metrics: {
      prometheus: { host: 'localhost', port: 9464 },
      otlp: undefined,
      exemplarFilter: 'trace_based',
      labelLimit: 100,
      histogramBounds: {},
      views: [],
    },
    propagators: ['tracecontext', 'baggage'],
    resource: {
      detectors: ['env', 'host', 'os', 'process', 'serviceinstance', 'container', 'k8s'],
      serviceName: undefined,
      attributes: {},
      included: undefined,
      excluded: undefined,
      commandArgs: false,
    },
    instrumentations: {
      enabled: ['http', 'express', 'undici', 'ioredis', 'pg', 'pino', 'runtime-node'],
      expressLayers: false,
      sendLogs: false,
    },
    liveness: { livezBlockedMs: 10_000, blockedThresholdMs: 100 },
    gpu: { enabled: true, intervalMs: 1000, timeoutMs: 10_000, scope: 'own', library: undefined },
    profiling: { enabled: undefined, token: undefined },
    ringCapacity: 1000,
    shutdownLimitMs: 3000,
    logLevel: 'info',
    quiet: false,
    file: undefined,
    warnings: [],
  });
});

test('empty variables count as unset', () => {
  const empty = Object.fromEntries(
    ['OTEL_TRACES_SAMPLER', 'INFEROMETER_SLOW_MS', 'OTEL_METRICS_EXPORTER', 'INFEROMETER_PROFILING'].map(
      (name) => [name, ' '],
    ),
  );
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test('the decisions at the start and at the end of a trace', () => {
  const config = readConfig({
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    INFEROMETER_TRACES_RATIO: '0.01',
    INFEROMETER_SLOW_MS: '250',
    INFEROMETER_TRACES_PER_SECOND: '0',
    INFEROMETER_EXEMPLAR_INTERVAL_MS: '0',
  });
  expect(config.sampler).toEqual({ kind: 'parentbased_traceidratio', ratio: 0.25 });
  expect(config.tail).toEqual({ ratio: 0.01, slowMs: 250, perSecond: 0, exemplarIntervalMs: 0 });
  // The argument belongs to the ratio samplers.
  expect(readConfig({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: 'x' }).sampler.ratio).toBe(
    1,
  );
});

test('how to reach the receiver, of a signal before the common one', () => {
  const config = readConfig({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant = a',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=b=c',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '500',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
  });
  expect(config.traces).toMatchObject({
    endpoint: 'https://c:4318/v1/traces',
    headers: { authorization: 'Bearer abc', 'x-tenant': 'b=c' },
    timeoutMs: 2000,
    compression: 'gzip',
    tls: { caFile: '/ca.pem', certFile: undefined, keyFile: undefined },
  });
  expect(config.metrics.otlp).toMatchObject({
    endpoint: 'https://c:4318/v1/metrics',
    headers: { authorization: 'Bearer abc', 'x-tenant': 'a' },
    timeoutMs: 500,
  });
});

test('a header that cannot be read is refused without being shown', () => {
  const read = () => readConfig({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_HEADERS: 'secret-token' });
  expect(read).toThrow('OTEL_EXPORTER_OTLP_HEADERS must be key=value pairs');
  expect(read).not.toThrow('secret-token');
});

test('metrics are scraped, pushed, both or neither', () => {
  const metrics = (env: Record<string, string>) => readConfig(env).metrics;
  // An endpoint that is set for traces does not push metrics too.
  expect(metrics({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' })).toMatchObject({
    prometheus: { port: 9464 },
    otlp: undefined,
  });
  expect(metrics({ OTEL_METRICS_EXPORTER: 'none' })).toMatchObject({
    prometheus: undefined,
    otlp: undefined,
  });
  const push = metrics({
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'DELTA',
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
  });
  expect(push.prometheus).toBeUndefined();
  expect(push.otlp).toMatchObject({
    endpoint: 'http://localhost:4318/v1/metrics',
    temporality: 'delta',
    histogramAggregation: 'base2_exponential_bucket_histogram',
    intervalMs: 5000,
    exportTimeoutMs: 5000,
  });
  expect(
    metrics({ OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0', OTEL_EXPORTER_PROMETHEUS_PORT: '0' }).prometheus,
  ).toEqual({ host: '0.0.0.0', port: 0 });
});

test('bounds of histograms by metric', () => {
  const bounds = '{"inference_request_duration_seconds":[0.1,1],"http_server_request_duration_seconds":[2]}';
  expect(readConfig({ INFEROMETER_HISTOGRAM_BOUNDS: bounds }).metrics.histogramBounds).toEqual({
    inference_request_duration_seconds: [0.1, 1],
    http_server_request_duration_seconds: [2],
  });
});

test('instrumentations can be named or turned off; an unknown one is said with those that are', () => {
  const of = (env: Record<string, string>) => readConfig(env).instrumentations.enabled;
  expect(of({ OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http, runtime' })).toEqual(['http', 'runtime-node']);
  expect(of({ OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg,ioredis' })).toEqual([
    'http',
    'express',
    'undici',
    'pino',
    'runtime-node',
  ]);
  expect(
    of({ OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,pg', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg' }),
  ).toEqual(['http']);
  const config = readConfig({ OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'fs,pg' });
  expect(config.instrumentations.enabled).not.toContain('pg');
  expect(config.warnings).toEqual([
    'OTEL_NODE_DISABLED_INSTRUMENTATIONS names fs, which is not here; there are http, express, undici, ioredis, pg, pino, runtime-node',
  ]);
});

test('what is done otherwise than asked is said', () => {
  expect(
    readConfig({
      OTEL_METRICS_EXEMPLAR_FILTER: 'always_on',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_METRIC_EXPORT_TIMEOUT: '2000',
      OTEL_LOGS_EXPORTER: 'otlp',
    }).warnings,
  ).toEqual([
    'OTEL_METRIC_EXPORT_TIMEOUT 2000 is more than OTEL_METRIC_EXPORT_INTERVAL: 1000 is taken',
    expect.stringContaining('OTEL_METRICS_EXEMPLAR_FILTER always_on is taken as trace_based'),
    expect.stringContaining('OTEL_LOGS_EXPORTER'),
  ]);
});

test('limits of spans before the common ones', () => {
  const env = { OTEL_ATTRIBUTE_COUNT_LIMIT: '10', OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100' };
  expect(readConfig(env).spanLimits).toMatchObject({ attributeCount: 10, attributeValueLength: 100 });
  expect(
    readConfig({
      ...env,
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '3',
      OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '0',
      OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '2',
    }).spanLimits,
  ).toMatchObject({ attributeCount: 3, attributeValueLength: 0, attributesPerLink: 2 });
});

test('the resource as the environment says it', () => {
  const env = {
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=search%2Cranking,note=x=y',
    OTEL_NODE_RESOURCE_DETECTORS: 'env,k8s',
  };
  expect(readConfig(env).resource).toMatchObject({
    serviceName: 'a',
    detectors: ['env', 'k8s'],
    attributes: { 'service.name': 'a', team: 'search,ranking', note: 'x=y' },
  });
  expect(readConfig({ ...env, OTEL_SERVICE_NAME: 'b' }).resource.serviceName).toBe('b');
  expect(readConfig({ ...env, OTEL_NODE_RESOURCE_DETECTORS: 'none' }).resource).toMatchObject({
    detectors: [],
    attributes: {},
  });
});
