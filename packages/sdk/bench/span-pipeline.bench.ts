/**
 * What a request with eight phases costs on its way to the Collector: the main thread's part (trace, decision, ring,
 * histograms) and the worker's (reading the ring, encoding). `node span-pipeline.bench.ts [--json]`
 */
import { createMetricMemory, createTelemetry, installTelemetry, phase } from '@inferometer/core';
import { context as contextApi } from '@opentelemetry/api';
import { createDeferredSpans } from '../dist/deferred/deferred-spans.js';
import { createKeepPolicy } from '../dist/deferred/keep-policy.js';
import { createInferenceMetrics } from '../dist/metrics/inference-metrics.js';
import { createContextManager } from '../dist/providers/context-manager.js';
import { createSpanRing } from '../dist/shared/span-ring.js';
import { createJsonSpans } from '../dist/worker/spans/json-spans.js';
import { createProtoSpans } from '../dist/worker/spans/proto-spans.js';
import { createRingReader } from '../dist/worker/spans/ring-reader.js';

contextApi.setGlobalContextManager(createContextManager());
const phases = ['admission', 'preprocess', 'tokenise', 'queue', 'batch', 'run', 'postprocess', 'write'];
const nothing = (): void => {};
const ring = createSpanRing(4 * 1024 * 1024);
const metrics = createInferenceMetrics({
  memory: createMetricMemory(),
  version: '0',
  bounds: {},
  exemplarIntervalMs: 10_000,
  canExport: () => true,
});
const telemetry = createTelemetry({
  observers: [metrics.observer],
  spans: createDeferredSpans({
    ring,
    sampler: () => true,
    policy: createKeepPolicy({ ratio: 1, slowMs: undefined, perSecond: 0 }),
    wantsExemplar: metrics.wantsExemplar,
    decided: metrics.decided,
    dropped: nothing,
    forward: nothing,
  }),
});
installTelemetry(telemetry);
const attributes = () => ({
  'url.path': '/embed',
  'url.scheme': 'http',
  'network.protocol.version': '1.1',
  'server.address': '127.0.0.1',
  'server.port': 8080,
  'client.address': '127.0.0.1',
});
const headers = { host: '127.0.0.1:8080', 'content-type': 'application/json' };
const work = (): void => {
  for (const name of phases) phase(name, nothing);
};

function one(): void {
  const opened = telemetry.openRequest({ method: 'POST', path: '/embed', headers, attributes });
  contextApi.with(opened.context, work);
  opened.close({ status: 200 });
}

interface Row {
  readonly name: string;
  readonly cpu_us: number;
  /** Of the quietest round. */
  readonly least_us: number;
}

/** The median of rounds, µs of CPU a request. */
function measure(name: string, requests: number, run: () => void, before = nothing): Row {
  const rounds: number[] = [];
  for (let round = 0; round < 40; round++) {
    before();
    const start = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(start);
    rounds.push((user + system) / requests);
  }
  rounds.sort((a, b) => a - b);
  return { name, cpu_us: rounds[rounds.length >> 1] as number, least_us: rounds[0] as number };
}

const requests = 2000;
const drain = (take: (words: Int32Array, at: number, length: number) => void) => () =>
  void ring.drain((words, at, length) => {
    take(words, at, length);
    return true;
  });
const fill = (): void => {
  drain(nothing)();
  for (let i = 0; i < requests; i++) one();
};
const resource = { 'service.name': 'bench' };
// A reader that comes later has missed texts that were sent once.
const rows: Row[] = [];
const proto = createProtoSpans(resource);
const both = createRingReader('0', { add: nothing, addPhase: nothing });
const protoReader = createRingReader('0', proto);
fill();
drain((words, at, length) => {
  both.read(words, at, length);
  protoReader.read(words, at, length);
})();
rows.push(
  measure(
    'main: one request, eight phases',
    requests,
    () => {
      for (let i = 0; i < requests; i++) one();
    },
    drain(nothing),
  ),
);
rows.push(measure('worker: read the ring', requests, drain(both.read), fill));
rows.push(
  measure(
    'worker: read and encode protobuf',
    requests,
    () => {
      drain(protoReader.read)();
      proto.take();
    },
    fill,
  ),
);
const jsonEncoder = createJsonSpans(resource);
const jsonReader = createRingReader('0', jsonEncoder);
rows.push(
  measure(
    'worker: read and encode JSON',
    requests,
    () => {
      drain(jsonReader.read)();
      jsonEncoder.take();
    },
    fill,
  ),
);

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ rows })}\n`);
else
  for (const row of rows)
    process.stdout.write(
      `${row.name.padEnd(40)} ${row.cpu_us.toFixed(2)} µs, at least ${row.least_us.toFixed(2)}\n`,
    );
