// A day of requests, ten a second, nearly each with a model, tenant, route and phase that never were before: prints the
// heap, the series and the memory of metrics in use after each tenth of it. Run with --expose-gc.

import {
  activeTrace,
  batch,
  createMemoryReader,
  createMetricMemory,
  createTelemetry,
  installTelemetry,
  phase,
  summarise,
  trace,
} from '@inferometer/core';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

const requests = Number(process.argv[2]);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const memory = createMetricMemory();
const reader = createMemoryReader(memory.buffer);
const duration = memory.histogram({
  name: 'duration_seconds',
  help: 'D.',
  labels: ['model', 'route'],
  bounds: [0.1, 1],
});
const phases = memory.histogram({
  name: 'phase_seconds',
  help: 'P.',
  labels: ['model', 'phase'],
  bounds: [0.1, 1],
});
const device = memory.counter({ name: 'device_seconds_total', help: 'D.', labels: ['model', 'tenant'] });
const telemetry = createTelemetry({
  ringCapacity: 200,
  observers: [
    {
      requestEnded(record) {
        duration.of(record.model, record.route).observeIn(record.totalUs / 1e6, record.trace, 1);
        for (const { name, durationUs } of record.totals)
          phases.of(record.model, name).observe(durationUs / 1e6);
        device.of(record.model, record.tenant).add(record.deviceMs / 1e3);
      },
    },
  ],
});
installTelemetry(telemetry);

const nothing = () => {};
const soon = async () => {};
const samples = [];
for (let i = 1; i <= requests; i++) {
  trace({ name: `route ${i}`, model: `model ${i % 3 === 0 ? i : 'usual'}`, tenant: `tenant ${i}` }, () => {
    phase('run', () => phase(`step ${i}`, i % 2 === 0 ? nothing : soon));
    batch({ requests: [activeTrace()] }, () => {});
  });
  if (i % (requests / 10) === 0) {
    // What goes on after a request is over then.
    await new Promise(setImmediate);
    summarise(telemetry.ring.last());
    const series = reader.read().reduce((sum, family) => sum + family.series.length, 0);
    globalThis.gc();
    globalThis.gc();
    const { heapUsed: heap, rss } = process.memoryUsage();
    samples.push({ heap, series, rss });
  }
}
const counted = reader.read().find(({ name }) => name === 'duration_seconds');
const count = counted.series.reduce((sum, { histogram }) => sum + histogram.count, 0);
process.stdout.write(JSON.stringify({ samples, count }));
