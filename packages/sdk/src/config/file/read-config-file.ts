import { messageOf } from '@inferometer/core';
import type { ConfigurationModel } from '@opentelemetry/configuration';
import type { Env } from '../env.ts';
import { isEnabled } from '../is-enabled.ts';
import { ownMetricsOf } from '../metrics.ts';
import { ownSettingsOf } from '../read-config.ts';
import type { LogLevel, TelemetryConfig } from '../telemetry-config.ts';
import { ownEnvOf } from './distribution.ts';
import { instrumentationsAt } from './instrumentation.ts';
import { meterProviderOf } from './meter-provider.ts';
import { parseFile } from './parse-file.ts';
import { propagatorsAt } from './propagator.ts';
import { resourceAt } from './resource.ts';
import { refuseSettings } from './section.ts';
import { tracerProviderOf } from './tracer-provider.ts';

/**
 * What a declarative configuration file says, and `INFEROMETER_*` beside it; other `OTEL_*` count for nothing, by the
 * specification.
 * @throws {RangeError} for a file that cannot be read, or for anything in it that cannot be followed: the message
 *   names the path in the file and what is possible instead
 */
export function readConfigFile(file: string, env: Env): TelemetryConfig {
  const model = parseFile(file);
  const warnings: string[] = [];
  try {
    return { ...translated(model, env, warnings), file, warnings };
  } catch (cause) {
    throw new RangeError(`OTEL_CONFIG_FILE ${file}: ${messageOf(cause)}`, { cause });
  }
}

function translated(
  model: ConfigurationModel,
  env: Env,
  warnings: string[],
): Omit<TelemetryConfig, 'file' | 'warnings'> {
  const own = ownEnvOf(model.distribution, env);
  refuseSettings('', model, ['logger_provider'], 'cannot be followed: logs are not exported');
  const { prometheus, otlp, exemplarFilter, views } = meterProviderOf(model.meter_provider, warnings);
  return {
    enabled: model.disabled !== true && isEnabled({ INFEROMETER_ENABLED: own.INFEROMETER_ENABLED }),
    ...tracerProviderOf(model),
    metrics: { prometheus, otlp, exemplarFilter, views, ...ownMetricsOf(own) },
    propagators: propagatorsAt(model.propagator, warnings),
    resource: resourceAt(model.resource, own),
    instrumentations: instrumentationsAt(model['instrumentation/development'], own),
    logLevel: logLevelOf(model.log_level),
    ...ownSettingsOf(own),
  };
}

function logLevelOf(severity: ConfigurationModel['log_level']): LogLevel {
  const level = (severity ?? 'info').replace(/\d$/, '');
  if (level === 'trace') return 'verbose';
  return level === 'fatal' ? 'error' : (level as LogLevel);
}
