import type { OtlpConfig } from './otlp.ts';
import type { TelemetryConfig } from './telemetry-config.ts';
import type { Variable } from './variables.ts';

/** The variables of one signal's exporter, each with the one that sets all signals. */
export function otlpVariables(
  signal: 'TRACES' | 'METRICS',
  otlpOf: (config: TelemetryConfig) => OtlpConfig | undefined,
): readonly Variable[] {
  const variable = (what: string, value: (otlp: OtlpConfig) => unknown): Variable => ({
    name: `OTEL_EXPORTER_OTLP_${signal}_${what}`,
    alsoFrom: [`OTEL_EXPORTER_OTLP_${what}`],
    value: (config) => {
      const otlp = otlpOf(config);
      return otlp && value(otlp);
    },
  });
  return [
    variable('ENDPOINT', (otlp) => otlp.endpoint),
    variable('PROTOCOL', (otlp) => otlp.protocol),
    { ...variable('HEADERS', (otlp) => Object.keys(otlp.headers).join(',') || undefined), isSecret: true },
    variable('TIMEOUT', (otlp) => otlp.timeoutMs),
    variable('COMPRESSION', (otlp) => otlp.compression),
    variable('CERTIFICATE', (otlp) => otlp.tls.caFile),
    variable('CLIENT_CERTIFICATE', (otlp) => otlp.tls.certFile),
    variable('CLIENT_KEY', (otlp) => otlp.tls.keyFile),
  ];
}
