import { type Env, textOf } from '../config/env.ts';
import { readConfig } from '../config/read-config.ts';
import type { TelemetryConfig } from '../config/telemetry-config.ts';
import { otelVariables, ownVariables, type Variable } from '../config/variables.ts';
import { withoutPassword } from '../distro/start-up-line.ts';
import type { SettingFinding } from './finding.ts';

/** Each setting with its value in force and who says so. */
export function settingsOf(config: TelemetryConfig, env: Env): readonly SettingFinding[] {
  const defaults = readConfig({});
  const setting = (variable: Variable, isOwn: boolean): SettingFinding => {
    const value = variable.value(config);
    return {
      kind: 'setting',
      name: variable.name,
      value: shown(variable, value),
      origin: originOf(variable, isOwn),
    };
    function originOf({ name, alsoFrom = [] }: Variable, own: boolean): SettingFinding['origin'] {
      const isSet = [name, ...alsoFrom].some((one) => textOf(env, one) !== undefined);
      const counts = config.file === undefined || own || name === 'OTEL_CONFIG_FILE';
      if (isSet && counts) return 'environment';
      if (config.file === undefined) return 'default';
      return own && String(value) === String(variable.value(defaults)) ? 'default' : 'file';
    }
  };
  return [
    ...ownVariables.map((variable) => setting(variable, true)),
    ...otelVariables.map((variable) => setting(variable, false)),
  ];
}

function shown({ name, isSecret }: Variable, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  // Of headers these are the names; their values are not even here.
  if (isSecret) return name.endsWith('_HEADERS') ? `${value}=***` : '***';
  const text = String(value);
  return name.endsWith('_ENDPOINT') ? withoutPassword(text) : text;
}
