/** The API of OpenTelemetry, as its documentation has it: a span and a histogram record a phase, and one a request. */
export function createTelemetry(require) {
  const { metrics, trace } = require('@opentelemetry/api');
  const tracer = trace.getTracer('bench');
  const meter = metrics.getMeter('bench');
  const phaseDuration = meter.createHistogram('inference_phase_duration', { unit: 's' });
  const requestDuration = meter.createHistogram('inference_request_duration', { unit: 's' });
  const secondsSince = (start) => (performance.now() - start) / 1000;
  return {
    phase: (name, work) =>
      tracer.startActiveSpan(name, (span) => {
        const start = performance.now();
        try {
          return work();
        } finally {
          span.end();
          phaseDuration.record(secondsSince(start), { model: 'none', phase: name });
        }
      }),
    request: (work) => {
      const start = performance.now();
      try {
        return work();
      } finally {
        requestDuration.record(secondsSince(start), { model: 'none', status: 'ok' });
      }
    },
  };
}
