// An application for tests of the telemetry pipeline: Express 5, with phases, errors, and a loop that can be blocked.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { activeTrace, phase, trace } from '@inferometer/core';
import { metrics, trace as traceApi } from '@opentelemetry/api';
import express from 'express';

const app = express();
const tracer = traceApi.getTracer('app');
const meter = metrics.getMeter('app');
const jobs = meter.createCounter('app.jobs', { description: 'Jobs.' });
const sizes = meter.createHistogram('app.size', { description: 'Sizes of jobs.', unit: 'By' });
let collections = 0;
meter
  .createObservableGauge('app.collections', { description: 'Times that this was read.' })
  .addCallback((result) => result.observe(++collections));

const nap = (ms) => (ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined);

// ?status=, ?model=, ?span=1 (one of the user's own, within the run)
app.get('/work/:ms', async (request, response) => {
  const { status = '200', model, span } = request.query;
  if (model) activeTrace().model = model;
  jobs.add(1);
  sizes.record(Number(request.params.ms));
  await phase('preprocess', () => {});
  await phase('run', async () => {
    await nap(Number(request.params.ms));
    if (span) tracer.startActiveSpan('inside', (own) => own.end());
  });
  response.status(Number(status));
  phase('postprocess', () => response.json({ ok: true }));
});

// Two spans: the root, and one for its time, which is in no phase.
app.get('/plain', (_request, response) => {
  response.json({ ok: true });
});

// Answers, then stands still as a program does that computes: no timer, no message, no input or output.
app.post('/block/:ms', (request, response) => {
  response.json({ blocked: true });
  response.once('close', () => {
    setTimeout(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(request.params.ms));
    }, 50);
  });
});

app.get('/memory', (_request, response) => {
  globalThis.gc?.();
  response.json(process.memoryUsage());
});

// Requests that do not come by HTTP, ?models= of them, each of a model of its own.
app.post('/series', (request, response) => {
  for (let i = 0; i < Number(request.query.models); i++)
    trace({ name: 'job', model: `model-${i}` }, () => {});
  response.json({ ok: true });
});

// Of the main thread: the longest delay of its loop since it was last asked for, and its CPU until now, ms.
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
app.get('/main-thread', (_request, response) => {
  const maxMs = delays.max / 1e6;
  delays.reset();
  const { user, system } = process.threadCpuUsage();
  response.json({ maxMs, cpuMs: (user + system) / 1000 });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
