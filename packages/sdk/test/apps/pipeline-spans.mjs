// An application that makes spans of its own beside phases, in all the places where one can.
import { mark, phase, setAttributes } from '@inferometer/core';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import express from 'express';

const app = express();
const tracer = trace.getTracer('app', '1.2.3');
const nap = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const leaf = (name, options, parent) => tracer.startSpan(name, options, parent).end();

app.get('/tree', async (_request, response) => {
  leaf('in request');
  setAttributes({ 'app.kind': 'tree' });
  await phase('preprocess', async () => {
    leaf('in preprocess');
    mark('moment', { at: 1 });
    const active = trace.getActiveSpan();
    active.setAttribute('app.seen', true);
    active.addLink({ context: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 } });
    // A phase below a span of the user's, with a span of its own below.
    await tracer.startActiveSpan('outer', async (outer) => {
      await nap(2);
      await phase('tokenize', async () => {
        await nap(2);
        leaf('in tokenize');
      });
      outer.addEvent('done').setStatus({ code: SpanStatusCode.OK });
      outer.end();
    });
  });
  const across = tracer.startSpan('across phases');
  await phase('run', () => nap(5));
  await phase('run', () => nap(1));
  across.end();
  // Begun within the request and ended after it; and begun by what goes on when the request is over.
  const late = tracer.startSpan('ends late');
  const here = context.active();
  response.once('close', () => {
    setTimeout(() => {
      late.end();
      leaf('begins late', {}, here);
      process.stdout.write('late spans made\n');
    }, 30);
  });
  // A trace of its own, though it is started here.
  leaf('own trace', { root: true });
  await phase('postprocess', () => response.json({ ok: true }));
});

// Two stretches that fail: the phase and the request.
app.get('/fails', async () => {
  await phase('run', async () => {
    leaf('in failure');
    throw new Error('on purpose');
  });
});

app.get('/plain', (_request, response) => {
  leaf('in plain');
  response.json({
    sampled: trace.getActiveSpan().isRecording(),
    id: trace.getActiveSpan().spanContext().traceId,
  });
});

app.get('/slow', async (_request, response) => {
  await nap(300);
  leaf('in slow');
  response.json({ ok: true });
});

// More of everything than the limits allow.
app.get('/limits', async (_request, response) => {
  await phase('run', async () => {
    const own = tracer.startSpan('own');
    for (const span of [trace.getActiveSpan(), own]) {
      for (let i = 0; i < 10; i++) {
        span.setAttribute(`key.${i}`, 'x'.repeat(100));
        span.addEvent(`event ${i}`, { a: 1, b: 2, c: 3 });
        span.addLink({
          context: { traceId: `${i}`.repeat(32).replaceAll('0', 'e'), spanId: 'f'.repeat(16), traceFlags: 1 },
          attributes: { a: 1, b: 2, c: 3 },
        });
      }
    }
    own.end();
  });
  response.json({ ok: true });
});

app.get('/many', (request, response) => {
  for (let i = 0; i < Number(request.query.spans); i++) leaf(`child ${i}`);
  response.json({ ok: true });
});

app.post('/background', (_request, response) => {
  context.with(ROOT_CONTEXT, () =>
    tracer.startActiveSpan('background', (span) => {
      leaf('in background');
      span.end();
    }),
  );
  response.json({ ok: true });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
