import { type Env, flagOf, integerOf, listOf, memberOf, oneOf, textOf } from './env.ts';
import { instrumentationsOf } from './instrumentations.ts';
import { isEnabled } from './is-enabled.ts';
import { metricsOf } from './metrics.ts';
import { longestMs } from './otlp.ts';
import { resourceOf } from './resource.ts';
import { samplerOf } from './sampler.ts';
import { spanLimitsOf } from './span-limits.ts';
import {
  type GpuConfig,
  type LivenessConfig,
  logLevels,
  type ProfilingConfig,
  type PropagatorName,
  propagatorNames,
  type TelemetryConfig,
} from './telemetry-config.ts';
import { tailOf, tracesOf } from './traces.ts';

/**
 * What `OTEL_*` and `INFEROMETER_*` say. Spans are exported when an OTLP endpoint or `OTEL_TRACES_EXPORTER=otlp` is
 * set: without either there is most likely no Collector, and nothing is tried. Pure; `OTEL_CONFIG_FILE` is for
 * `loadConfig`.
 * @throws {RangeError} that names the variable, what was expected and the value
 */
export function readConfig(env: Env = process.env): TelemetryConfig {
  const warnings: string[] = [];
  return {
    enabled: isEnabled(env),
    traces: tracesOf(env),
    sampler: samplerOf(env),
    spanLimits: spanLimitsOf(env),
    metrics: metricsOf(env, warnings),
    propagators: propagatorsOf(env),
    resource: resourceOf(env),
    instrumentations: instrumentationsOf(env, warnings),
    logLevel: oneOf(env, 'OTEL_LOG_LEVEL', logLevels, 'info'),
    ...ownSettingsOf(env),
    file: undefined,
    warnings,
  };
}

/** What `INFEROMETER_*` alone says, with a configuration file too. */
export function ownSettingsOf(
  env: Env,
): Pick<
  TelemetryConfig,
  'mode' | 'tail' | 'liveness' | 'profiling' | 'gpu' | 'ringCapacity' | 'shutdownLimitMs' | 'quiet'
> {
  return {
    mode: oneOf(env, 'INFEROMETER_MODE', ['deferred', 'inline'], 'deferred'),
    tail: tailOf(env),
    liveness: livenessOf(env),
    profiling: profilingOf(env),
    gpu: gpuOf(env),
    ringCapacity: integerOf(env, 'INFEROMETER_RING_CAPACITY', 1000, 1_000_000),
    shutdownLimitMs: integerOf(env, 'INFEROMETER_SHUTDOWN_LIMIT_MS', 3000, 600_000, 0),
    quiet: flagOf(env, 'INFEROMETER_QUIET') ?? false,
  };
}

function livenessOf(env: Env): LivenessConfig {
  return {
    livezBlockedMs: integerOf(env, 'INFEROMETER_LIVEZ_BLOCKED_MS', 10_000, longestMs),
    blockedThresholdMs: integerOf(env, 'INFEROMETER_BLOCKED_THRESHOLD_MS', 100, longestMs),
  };
}

function profilingOf(env: Env): ProfilingConfig {
  return { enabled: flagOf(env, 'INFEROMETER_PROFILING'), token: textOf(env, 'INFEROMETER_PROFILING_TOKEN') };
}

function gpuOf(env: Env): GpuConfig {
  return {
    enabled: oneOf(env, 'INFEROMETER_GPU', ['auto', 'off'], 'auto') === 'auto',
    intervalMs: integerOf(env, 'INFEROMETER_GPU_INTERVAL_MS', 1000, 600_000, 10),
    timeoutMs: integerOf(env, 'INFEROMETER_GPU_TIMEOUT_MS', 10_000, 600_000, 100),
    scope: oneOf(env, 'INFEROMETER_GPU_SCOPE', ['own', 'all'], 'own'),
    library: textOf(env, 'INFEROMETER_NVML_LIBRARY'),
  };
}

function propagatorsOf(env: Env): readonly PropagatorName[] {
  const possible = [...propagatorNames, 'none'] as const;
  const asked = (listOf(env, 'OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage']).map((name) =>
    memberOf('OTEL_PROPAGATORS', possible, name),
  );
  return asked.includes('none') ? [] : propagatorNames.filter((name) => asked.includes(name));
}
