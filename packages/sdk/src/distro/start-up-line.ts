import { profilingPath } from '@inferometer/core';
import type { TelemetryConfig } from '../config/telemetry-config.ts';

/**
 * What is in force, in one line.
 * @param instrumentations names of those that are on
 * @param metricsUrl where scrapes are answered; undefined where they are not
 */
export function startUpLine(
  version: string,
  config: TelemetryConfig,
  instrumentations: readonly string[],
  metricsUrl: string | undefined,
): string {
  const { traces, metrics, profiling } = config;
  const isProfilingServed = profiling.enabled && instrumentations.includes('http');
  const parts = [
    traces ? `traces → ${traces.protocol} ${withoutPassword(traces.endpoint)}` : 'traces not exported',
    metricsOf(config, metricsUrl),
    ...(metrics.otlp ? [`metrics → ${metrics.otlp.protocol} ${withoutPassword(metrics.otlp.endpoint)}`] : []),
    ...(isProfilingServed ? [`profiling at ${profilingPath}`] : []),
    `instrumentations ${instrumentations.join(', ') || 'none'}`,
    ...(config.mode === 'inline' ? ['mode inline'] : []),
    ...(config.file === undefined ? [] : [`configuration ${config.file}`]),
  ];
  return `inferometer ${version}: ${parts.join(', ')}`;
}

function metricsOf({ metrics }: TelemetryConfig, url: string | undefined): string {
  if (metrics.prometheus === undefined) return 'no metrics port';
  return url === undefined ? 'metrics port not open' : `metrics ${url}`;
}

/** A user's name and password in a URL are for the receiver, not for logs. */
export function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
