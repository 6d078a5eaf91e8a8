export { readConfig, type TelemetryConfig, type TracesConfig } from './config.ts';
export type { DiagSink } from './diag.ts';
export type { Exposition } from './metrics/exposition.ts';
export { type RunningTelemetry, type StartOptions, startTelemetry } from './start.ts';
