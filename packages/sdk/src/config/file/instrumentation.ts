import type { ConfigurationModel } from '@opentelemetry/configuration';
import { type Env, flagOf, orList } from '../env.ts';
import { instrumentationOf } from '../instrumentations.ts';
import { type InstrumentationsConfig, instrumentationNames } from '../telemetry-config.ts';
import { refuse, refuseSettings, refuseUnknown } from './section.ts';

/**
 * All instrumentations but those that the file turns off: `instrumentation/development.js.<name>.enabled: false`.
 * Sections of other languages are theirs.
 * @throws {RangeError} that names the path in the file
 */
export function instrumentationsAt(
  model: ConfigurationModel['instrumentation/development'],
  env: Env,
): InstrumentationsConfig {
  const path = 'instrumentation/development';
  refuseSettings(path, model ?? {}, ['general'], 'cannot be followed');
  const off = Object.entries(model?.js ?? {}).flatMap(([given, settings]) => {
    const name = instrumentationOf(given);
    const at = `${path}.js.${given}`;
    if (name === undefined) return refuse(at, `is not here; possible: ${orList(instrumentationNames)}`);
    refuseUnknown(at, settings ?? {}, ['enabled']);
    const enabled = (settings as { enabled?: unknown } | null)?.enabled ?? true;
    if (typeof enabled !== 'boolean') refuse(`${at}.enabled`, `must be true or false, got ${enabled}`);
    return enabled ? [] : name;
  });
  return {
    enabled: instrumentationNames.filter((name) => !off.includes(name)),
    expressLayers: flagOf(env, 'INFEROMETER_EXPRESS_LAYERS') ?? false,
    sendLogs: false,
  };
}
