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
