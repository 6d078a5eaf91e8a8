import { writeFile } from 'node:fs/promises';
import { loadConfig, readConfig } from '@inferometer/sdk';
import { type TempDir, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir('config-file');
});
afterAll(() => dir[Symbol.asyncDispose]());

let files = 0;
async function fileOf(yaml: string): Promise<string> {
  const path = dir.file(`config-${files++}.yaml`);
  await writeFile(path, yaml);
  return path;
}

const load = async (yaml: string, env: Record<string, string> = {}) =>
  loadConfig({ ...env, OTEL_CONFIG_FILE: await fileOf(`file_format: "1.0"\n${yaml}`) });

const everything = `
log_level: warn
attribute_limits: { attribute_value_length_limit: 1000 }
resource:
  attributes_list: "team=search,service.name=lost"
  attributes:
    - { name: service.name, value: embedder }
    - { name: replicas, value: 3, type: int }
  detection/development:
    attributes: { excluded: [process.*] }
    detectors: [{ container: }, { host: }, { service: }, { k8s: }]
propagator:
  composite: [{ tracecontext: }]
  composite_list: b3,tracecontext
tracer_provider:
  limits: { event_count_limit: 7 }
  sampler:
    parent_based:
      root: { trace_id_ratio_based: { ratio: 0.5 } }
  processors:
    - batch:
        schedule_delay: 200
        max_queue_size: 100
        exporter:
          otlp_http:
            endpoint: https://collector:4318/v1/traces
            encoding: json
            compression: gzip
            timeout: 0
            headers: [{ name: authorization, value: one }]
            headers_list: "authorization=two,x-tenant=t"
            tls: { ca_file: /ca.pem }
meter_provider:
  exemplar_filter: always_off
  readers:
    - pull: { exporter: { prometheus/development: { host: 0.0.0.0, port: 9999 } } }
    - periodic:
        interval: 1000
        exporter:
          otlp_http: { temporality_preference: low_memory }
  views:
    - selector: { instrument_name: http.server.request.duration }
      stream:
        aggregation: { explicit_bucket_histogram: { boundaries: [0.1, 1] } }
        attribute_keys: { included: [http.route] }
instrumentation/development:
  js: { pg: { enabled: false }, runtime: { enabled: true } }
  java: { tomcat: { whatever: 1 } }
distribution:
  inferometer: { traces_ratio: 0.25, mode: inline, histogram_bounds: { a: [1, 2] } }
  another: { x: 1 }
`;

test('a file is translated to the same configuration as variables', async () => {
  const config = await load(everything);
  expect(structuredClone(config)).toEqual(config);
  expect(config).toMatchObject({
    enabled: true,
    mode: 'inline',
    logLevel: 'warn',
    tail: { ratio: 0.25 },
    sampler: { kind: 'parentbased_traceidratio', ratio: 0.5 },
    spanLimits: { attributeValueLength: 1000, attributeCount: 128, eventCount: 7 },
    propagators: ['tracecontext', 'b3'],
    traces: {
      protocol: 'http/json',
      endpoint: 'https://collector:4318/v1/traces',
      headers: { authorization: 'one', 'x-tenant': 't' },
      compression: 'gzip',
      timeoutMs: 2_147_483_647,
      tls: { caFile: '/ca.pem' },
      batches: { scheduleDelayMs: 200, maxQueueSize: 100, maxExportBatchSize: 100, exportTimeoutMs: 30_000 },
    },
    metrics: {
      prometheus: { host: '0.0.0.0', port: 9999 },
      otlp: {
        protocol: 'http/protobuf',
        endpoint: 'http://localhost:4318/v1/metrics',
        temporality: 'lowmemory',
        intervalMs: 1000,
        exportTimeoutMs: 1000,
      },
      exemplarFilter: 'always_off',
      histogramBounds: { a: [1, 2] },
    },
    resource: {
      serviceName: 'embedder',
      detectors: ['container', 'host', 'serviceinstance', 'k8s'],
      attributes: { team: 'search', replicas: 3 },
      excluded: ['process.*'],
    },
    warnings: [],
  });
  expect(config.metrics.views[0]).toMatchObject({
    instrumentName: 'http.server.request.duration',
    aggregation: { kind: 'explicit_bucket_histogram', bounds: [0.1, 1], minMax: true },
    includedKeys: ['http.route'],
  });
  expect(config.instrumentations.enabled).toEqual([
    'http',
    'express',
    'undici',
    'ioredis',
    'pino',
    'runtime-node',
  ]);
  // Each setting that variables have is there too.
  expect(Object.keys(config).sort()).toEqual(Object.keys(readConfig({})).sort());
});

test('other OTEL_* count for nothing beside a file, INFEROMETER_* win over it', async () => {
  const config = await load('distribution: { inferometer: { label_limit: 5, ring_capacity: 7 } }', {
    OTEL_SDK_DISABLED: 'true',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_TRACES_SAMPLER: 'nonsense',
    OTEL_SERVICE_NAME: 'from-the-environment',
    OTEL_METRICS_EXPORTER: 'otlp',
    INFEROMETER_RING_CAPACITY: '9',
    INFEROMETER_SLOW_MS: '50',
  });
  expect(config).toMatchObject({
    enabled: true,
    traces: undefined,
    sampler: { kind: 'always_off' },
    metrics: { prometheus: undefined, otlp: undefined, labelLimit: 5 },
    resource: { serviceName: undefined, detectors: [] },
    ringCapacity: 9,
    tail: { slowMs: 50 },
  });
  expect(config.warnings).toEqual(['propagator is not set: trace context is neither read nor sent']);
});

test('variables of the environment stand in the file', async () => {
  process.env.INFEROMETER_TEST_ENDPOINT = 'http://from-env:4318/v1/traces';
  try {
    const config = await load(
      `disabled: \${INFEROMETER_TEST_NOTHING:-false}
tracer_provider:
  processors: [{ batch: { exporter: { otlp_http: { endpoint: "\${INFEROMETER_TEST_ENDPOINT}" } } } }]`,
    );
    expect(config.enabled).toBe(true);
    expect(config.traces?.endpoint).toBe('http://from-env:4318/v1/traces');
    expect(config.sampler).toEqual({ kind: 'parentbased_always_on', ratio: 1 });
  } finally {
    delete process.env.INFEROMETER_TEST_ENDPOINT;
  }
});

test('a file can turn all off', async () => {
  expect((await load('disabled: true')).enabled).toBe(false);
  expect((await load('disabled: false', { INFEROMETER_ENABLED: '0' })).enabled).toBe(false);
});

const exporter = (yaml: string) => `tracer_provider: { processors: [{ batch: { exporter: ${yaml} } }] }`;
const reader = (yaml: string) => `meter_provider: { readers: [${yaml}] }`;

test.each<[string, string, string]>([
  [
    'gRPC',
    exporter('{ otlp_grpc: }'),
    'tracer_provider.processors[0].batch.exporter.otlp_grpc is not here: this distribution exports over HTTP',
  ],
  [
    'an exporter that nobody has',
    exporter('{ zipkin: {} }'),
    'tracer_provider.processors[0].batch.exporter.zipkin is not here; possible: otlp_http',
  ],
  [
    'a processor that nobody has',
    'tracer_provider: { processors: [{ my_processor: {} }] }',
    'tracer_provider.processors[0].my_processor is not here; possible: batch',
  ],
  [
    'a simple processor',
    'tracer_provider: { processors: [{ simple: { exporter: { otlp_http: } } }] }',
    'tracer_provider.processors[0].simple is not here',
  ],
  [
    'a second processor',
    'tracer_provider: { processors: [{ batch: { exporter: { otlp_http: } } }, { batch: { exporter: { otlp_http: } } }] }',
    'tracer_provider.processors[1] is one too many',
  ],
  [
    'a sampler that nobody has',
    `${exporter('{ otlp_http: }').slice(0, -1)}, sampler: { mine: {} } }`,
    'tracer_provider.sampler.mine is not here; possible: always_on, always_off, trace_id_ratio_based or parent_based',
  ],
  [
    'a sampler below a parent',
    `${exporter('{ otlp_http: }').slice(0, -1)}, sampler: { parent_based: { local_parent_sampled: { always_off: } } } }`,
    'tracer_provider.sampler.parent_based.local_parent_sampled must be always_on or left out, got always_off',
  ],
  [
    'a compression',
    exporter('{ otlp_http: { compression: zstd } }'),
    'otlp_http.compression must be gzip or none, got zstd',
  ],
  [
    'an endpoint',
    exporter('{ otlp_http: { endpoint: "collector:4318" } }'),
    'otlp_http.endpoint must be an http URL',
  ],
  [
    'a reader of another kind',
    reader('{ periodic: { exporter: { console: } } }'),
    'meter_provider.readers[0].periodic.exporter.console is not here',
  ],
  [
    'two readers of a kind',
    reader(
      '{ pull: { exporter: { prometheus/development: } } }, { pull: { exporter: { prometheus/development: } } }',
    ),
    'meter_provider.readers[1] is a second prometheus reader',
  ],
  [
    'a producer',
    reader('{ periodic: { exporter: { otlp_http: }, producers: [{ opencensus: }] } }'),
    'meter_provider.readers[0].periodic.producers cannot be followed',
  ],
  [
    'a detector',
    'resource: { detection/development: { detectors: [{ aws: }] } }',
    'resource.detection/development.detectors[0].aws is not here; possible: container, host, process, service, env, os or k8s',
  ],
  ['a propagator', 'propagator: { composite: [{ xray: }] }', 'propagator.composite[0].xray is not here'],
  [
    'a propagator of the list',
    'propagator: { composite_list: "baggage,jaeger" }',
    'propagator.composite_list.jaeger is not here',
  ],
  [
    'logs',
    'logger_provider: { processors: [{ batch: { exporter: { otlp_http: } } }] }',
    'logger_provider cannot be followed: logs are not exported',
  ],
  [
    'an instrumentation',
    'instrumentation/development: { js: { fs: { enabled: true } } }',
    'instrumentation/development.js.fs is not here; possible: http, express',
  ],
  [
    'a setting of an instrumentation',
    'instrumentation/development: { js: { http: { headers: [a] } } }',
    'instrumentation/development.js.http.headers is unknown; possible: enabled',
  ],
  [
    'our own setting, misspelt',
    'distribution: { inferometer: { trace_ratio: 1 } }',
    'distribution.inferometer.trace_ratio is unknown; possible: enabled, mode, traces_ratio',
  ],
  [
    'our own setting, out of range',
    'distribution: { inferometer: { traces_ratio: 2 } }',
    'INFEROMETER_TRACES_RATIO must be',
  ],
  ['a section, misspelt', 'tracer_providr: {}', 'tracer_providr is unknown; possible: file_format, disabled'],
  [
    'a property, misspelt',
    exporter('{ otlp_http: { endpont: x } }'),
    'tracer_provider.processors[0].batch.exporter.otlp_http must NOT have additional properties (it has endpont)',
  ],
  [
    'a value of the wrong type',
    'tracer_provider: { processors: [{ batch: { schedule_delay: soon, exporter: { otlp_http: } } }] }',
    'tracer_provider.processors[0].batch.schedule_delay must be integer',
  ],
  ['a key twice', 'disabled: false\ndisabled: true', 'is no valid YAML: Map keys must be unique at line 3'],
  ['broken YAML', 'tracer_provider: [', 'is no valid YAML'],
])('%s is refused with its place in the file', async (_what, yaml, says) => {
  const file = await fileOf(`file_format: "1.0"\n${yaml}`);
  const read = () => loadConfig({ OTEL_CONFIG_FILE: file });
  expect(read).toThrow(RangeError);
  expect(read).toThrow(`OTEL_CONFIG_FILE ${file}`);
  expect(read).toThrow(says);
});

test('a file of another version of the schema, without one, or that is not there is refused', async () => {
  const two = await fileOf('file_format: "2.0"\n');
  expect(() => loadConfig({ OTEL_CONFIG_FILE: two })).toThrow('Unsupported file_format: "2.0"');
  const none = await fileOf('tracer_provider: {}\n');
  expect(() => loadConfig({ OTEL_CONFIG_FILE: none })).toThrow('Unsupported file_format');
  const missing = dir.file('missing.yaml');
  expect(() => loadConfig({ OTEL_CONFIG_FILE: missing })).toThrow(
    `OTEL_CONFIG_FILE must be a readable file, got ${missing}`,
  );
});
