import { type Env, textOf } from './env.ts';
import { readConfigFile } from './file/read-config-file.ts';
import { readConfig } from './read-config.ts';
import type { TelemetryConfig } from './telemetry-config.ts';

/**
 * What is in force: the file that `OTEL_CONFIG_FILE` names, or else `OTEL_*`; `INFEROMETER_*` in both.
 * @throws {RangeError} that names the variable or the path in the file, what was expected and the value
 */
export function loadConfig(env: Env = process.env): TelemetryConfig {
  const file = textOf(env, 'OTEL_CONFIG_FILE');
  return file === undefined ? readConfig(env) : readConfigFile(file, env);
}
