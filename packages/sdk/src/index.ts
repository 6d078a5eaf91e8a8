export { isEnabled } from './config/is-enabled.ts';
export { loadConfig } from './config/load-config.ts';
export type { OtlpConfig } from './config/otlp.ts';
export { readConfig } from './config/read-config.ts';
export type { DetectorName, ResourceConfig, ResourceValue } from './config/resource.ts';
export type { SamplerConfig } from './config/sampler.ts';
export type { SpanLimitsConfig } from './config/span-limits.ts';
export type {
  InstrumentationName,
  InstrumentationsConfig,
  LivenessConfig,
  LogLevel,
  MetricsConfig,
  OtlpMetricsConfig,
  ProfilingConfig,
  PrometheusConfig,
  PropagatorName,
  TailConfig,
  TelemetryConfig,
  TracesConfig,
  ViewConfig,
} from './config/telemetry-config.ts';
export type { DiagSink } from './diag.ts';
export { type EndingProcess, type Flushable, flushAtEnd } from './distro/shutdown.ts';
export { type CheckFinding, type Finding, hasErrors, type SettingFinding } from './doctor/finding.ts';
export { formatFindings } from './doctor/format-findings.ts';
export { type InspectOptions, inspect } from './doctor/inspect.ts';
export { type DetectedResource, detectResource, type ResourceOptions } from './resource/detect-resource.ts';
export type { Rendered } from './shared/messages.ts';
export { type RunningTelemetry, type StartOptions, startTelemetry } from './start.ts';
