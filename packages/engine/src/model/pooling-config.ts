import { join } from 'node:path';
import { invalid, readJson, readJsonObject } from './files.ts';

/** Ways to make one vector of a sentence's token vectors, by the names of sentence-transformers. */
export const poolingModes = [
  'cls',
  'max',
  'mean',
  'mean_sqrt_len_tokens',
  'weightedmean',
  'lasttoken',
] as const;
export type PoolingMode = (typeof poolingModes)[number];

/** The flag of each mode in 1_Pooling/config.json. */
const flags: Readonly<Record<PoolingMode, string>> = {
  cls: 'pooling_mode_cls_token',
  max: 'pooling_mode_max_tokens',
  mean: 'pooling_mode_mean_tokens',
  mean_sqrt_len_tokens: 'pooling_mode_mean_sqrt_len_tokens',
  weightedmean: 'pooling_mode_weightedmean_tokens',
  lasttoken: 'pooling_mode_lasttoken',
};

export interface PoolingConfig {
  /** Concatenated in this order where there are several. */
  readonly modes: readonly PoolingMode[];
  /** Whether vectors are scaled to length 1. */
  readonly normalize: boolean;
  /** Modules that only a graph with a `sentence_embedding` output can have run, such as Dense. */
  readonly otherModules: readonly string[];
}

/**
 * How a sentence-transformers directory pools, from modules.json and 1_Pooling/config.json. Without modules.json
 * vectors are normalised; without a pooling configuration the mean is taken.
 * @throws {InferometerError} INVALID_MODEL that names the file at fault
 */
export function readPoolingConfig(dir: string): PoolingConfig {
  const modules = readModules(join(dir, 'modules.json'));
  const pooling = modules?.find((module) => module.kind === 'Pooling');
  const file = join(dir, pooling?.path ?? '1_Pooling', 'config.json');
  return {
    modes: modesOf(readJsonObject(file), file),
    normalize: modules === undefined || modules.some((module) => module.kind === 'Normalize'),
    otherModules: (modules ?? [])
      .map((module) => module.kind)
      .filter((kind) => !['Transformer', 'Pooling', 'Normalize'].includes(kind)),
  };
}

function modesOf(config: Readonly<Record<string, unknown>> | undefined, file: string): PoolingMode[] {
  if (config === undefined) return ['mean'];
  // Newer releases write one name, older ones a flag for each mode.
  const named = config.pooling_mode;
  if (named !== undefined) {
    const names: unknown[] = Array.isArray(named) ? named : [named];
    const modes = poolingModes.filter((mode) => names.includes(mode));
    if (modes.length !== names.length || modes.length === 0) {
      throw invalid(
        `${file}: pooling_mode is ${JSON.stringify(named)}, expected one of ${poolingModes.join(', ')}`,
      );
    }
    return modes;
  }
  const modes = poolingModes.filter((mode) => config[flags[mode]] === true);
  if (modes.length === 0) {
    throw invalid(
      `${file}: no pooling mode is on, expected one of ${Object.values(flags).join(', ')} to be true`,
    );
  }
  return modes;
}

function readModules(file: string): { kind: string; path: string }[] | undefined {
  const list = readJson(file);
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw invalid(`${file}: expected an array of modules`);
  return list.map((entry: unknown, index) => {
    const { type, path } = (entry ?? {}) as { type?: unknown; path?: unknown };
    if (typeof type !== 'string') throw invalid(`${file}: module ${index} has no "type"`);
    // "sentence_transformers.models.Pooling" in older files, longer paths in newer ones.
    return { kind: type.slice(type.lastIndexOf('.') + 1), path: typeof path === 'string' ? path : '' };
  });
}
