/** No telemetry: a phase is a call of its function. */
export function createTelemetry() {
  return { phase: (_name, work) => work(), request: (work) => work() };
}
