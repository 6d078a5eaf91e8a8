/** express-prom-bundle, whose histogram is the request's, and prom-client for the phases: counts, without spans. */
export function createTelemetry(require) {
  const bundle = require('express-prom-bundle');
  const { Histogram } = require('prom-client');
  const phaseDuration = new Histogram({
    name: 'inference_phase_duration_seconds',
    help: 'Time of one phase of a request.',
    labelNames: ['model', 'phase'],
  });
  return {
    middleware: bundle({ includeMethod: true, includePath: true }),
    phase: (name, work) => {
      const start = performance.now();
      try {
        return work();
      } finally {
        phaseDuration.observe({ model: 'none', phase: name }, (performance.now() - start) / 1000);
      }
    },
    request: (work) => work(),
  };
}
