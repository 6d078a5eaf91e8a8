/** Ours: the application calls `phase`; the root span and all nine histograms are the distribution's work. */
export function createTelemetry(require) {
  const { phase } = require('@inferometer/core');
  return { phase, request: (work) => work() };
}
