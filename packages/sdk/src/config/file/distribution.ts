import type { ConfigurationModel } from '@opentelemetry/configuration';
import type { Env } from '../env.ts';
import { ownVariables } from '../variables.ts';
import { refuseUnknown } from './section.ts';

const prefix = 'INFEROMETER_';

/**
 * Our own variables, as `distribution.inferometer` and the environment say them: `traces_ratio` is
 * `INFEROMETER_TRACES_RATIO`. The environment wins. Sections of other distributions are theirs.
 * @throws {RangeError} that names the path in the file
 */
export function ownEnvOf(model: ConfigurationModel['distribution'], env: Env): Env {
  const settings = model?.inferometer ?? {};
  const known = ownVariables.map(({ name }) => name.slice(prefix.length).toLowerCase());
  refuseUnknown('distribution.inferometer', settings, known);
  const fromFile = Object.entries(settings)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      return [`${prefix}${key.toUpperCase()}`, text] as const;
    });
  const set = Object.entries(env).filter(([, value]) => value?.trim());
  return { ...Object.fromEntries(fromFile), ...Object.fromEntries(set) };
}
