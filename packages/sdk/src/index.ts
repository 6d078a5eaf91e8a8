export {
  type DetectorName,
  type InstrumentationName,
  type InstrumentationsConfig,
  isEnabled,
  type LivenessConfig,
  type LogLevel,
  loadConfig,
  type MetricsConfig,
  type OtlpConfig,
  type OtlpMetricsConfig,
  type ProfilingConfig,
  type PrometheusConfig,
  type PropagatorName,
  type ResourceConfig,
  type ResourceValue,
  readConfig,
  type SamplerConfig,
  type SpanLimitsConfig,
  type TailConfig,
  type TelemetryConfig,
  type TracesConfig,
  type ViewConfig,
} from './config.ts';
export type { DiagSink } from './diag.ts';
export { type EndingProcess, type Flushable, flushAtEnd } from './distro/shutdown.ts';
export { type CheckFinding, type Finding, hasErrors, type SettingFinding } from './doctor/finding.ts';
export { formatFindings } from './doctor/format-findings.ts';
export { type InspectOptions, inspect } from './doctor/inspect.ts';
export { type DetectedResource, detectResource, type ResourceOptions } from './resource/detect-resource.ts';
export type { Rendered } from './shared/messages.ts';
export { type RunningTelemetry, type StartOptions, startTelemetry } from './start.ts';
