import { messageOf } from '@inferometer/core';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { defaultConfigFile } from './config/config-file.ts';
import { didYouMean } from './config/mistake.ts';
import type { Config } from './config/read-config.ts';
import { modelFlagNames } from './model-flags.ts';
import { bundledModels } from './models/spec.ts';
import { type Flags, resolveServeOptions, type ServeOptions } from './options.ts';

/** What a server is to be started with, and the file that some of it came from. */
export interface Resolved {
  readonly options: ServeOptions;
  readonly config: Config | undefined;
}

/** Flags that are no setting of the server: models have a section of their own. */
const notInFile = new Set(['config', 'model', 'models', 'help', 'version']);

/**
 * Flags win over environment over file over defaults. May be called again: the file is read anew.
 * @throws {InferometerError} INVALID_INPUT with all mistakes of the file
 */
export async function readServeOptions(command: Command): Promise<Resolved> {
  const flags = command.opts<Flags>();
  const config = await readConfigFile(command, flags.config);
  const merged: Record<string, unknown> = { ...flags };
  for (const { name, value } of config?.server ?? []) {
    const option = serverOptions(command).get(name);
    const source = command.getOptionValueSource(name);
    if (option && source !== 'cli' && source !== 'env') merged[name] = parse(option, value);
  }
  const file = config ?? { defaults: {}, sources: { models: [], repositories: [] } };
  return { options: resolveServeOptions(merged as unknown as Flags, file, bundledModels), config };
}

async function readConfigFile(command: Command, given: string | undefined): Promise<Config | undefined> {
  if (given === undefined && !defaultConfigFile.isThere()) return undefined;
  // Checking takes 40 ms to load, which a start without a file need not pay.
  const { readConfig } = await import('./config/read-config.ts');
  const options = serverOptions(command);
  return readConfig(given ?? defaultConfigFile.name, (name, value) => {
    const option = options.get(name);
    if (!option) {
      if (modelFlagNames.has(name)) return 'unknown key, expected it below "defaults" or a model';
      const meant = didYouMean(name, [...options.keys()]);
      return meant
        ? `unknown key, did you mean "${meant}"?`
        : `unknown key, expected one of ${[...options.keys()].join(', ')}`;
    }
    try {
      parse(option, value);
      return undefined;
    } catch (error) {
      return `${messageOf(error).replace(/\.$/, '')}, got ${JSON.stringify(value)}`;
    }
  });
}

/** Keys of the file's `server` section: the flags' own names. */
export function serverOptions(command: Command): ReadonlyMap<string, Option> {
  const all = command.options.map((option) => [option.attributeName(), option] as const);
  return new Map(all.filter(([name]) => !notInFile.has(name) && !modelFlagNames.has(name)));
}

/** As the flag reads its text. @throws {InvalidArgumentError} that says what was expected */
function parse(option: Option, value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new InvalidArgumentError('expected a number or a text');
  // YAML 1.2 has no `off`; files of YAML 1.1 habits may write false.
  const text = value === false ? 'off' : String(value);
  return option.parseArg ? option.parseArg(text, option.defaultValue) : text;
}
