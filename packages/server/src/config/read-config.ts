import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InferometerError, messageOf } from '@inferometer/core';
import { type ModelOptions, resolveModelOptions } from '@inferometer/engine';
import type { z } from 'zod';
import { type ModelSource, type ModelSources, parseVersionPolicy } from '../models/spec.ts';
import { parseCpuList } from './cpu-list.ts';
import { configError, type Mistake } from './mistake.ts';
import { type ConfigFile, configSchema, type RunningSettings } from './schema.ts';
import { parseYaml, type YamlFile } from './yaml-file.ts';

/** What a configuration file says. */
export interface Config {
  readonly file: string;
  readonly server: readonly ServerSetting[];
  /** Options of all models. */
  readonly defaults: ModelOptions;
  /** Models with their options, `defaults` not among them; paths are absolute. */
  readonly sources: ModelSources;
}

export interface ServerSetting {
  readonly name: string;
  readonly value: unknown;
}

/**
 * Checks a setting of the server as its flag does.
 * @returns what is wrong
 */
export type CheckServerSetting = (name: string, value: unknown) => string | undefined;

/**
 * Reads a configuration file.
 * @throws {InferometerError} INVALID_INPUT with all mistakes, one a line, each with file, line and column
 */
export function readConfig(file: string, checkServer: CheckServerSetting): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InferometerError('INVALID_INPUT', `${file} cannot be read: ${messageOf(error)}`);
  }
  const yaml = parseYaml(text);
  if (yaml.mistakes.length > 0) throw configError(file, yaml.mistakes);
  // A file that is empty or has nothing but comments says nothing.
  const result = configSchema.safeParse(yaml.value ?? {});
  const mistakes = result.success ? [] : result.error.issues.map((issue) => mistakeOf(yaml, issue));
  const plain = (yaml.value ?? {}) as Partial<ConfigFile>;
  const server = Object.entries(isObject(plain.server) ? plain.server : {});
  for (const [name, value] of server) {
    const message = checkServer(name, value);
    const of = message?.startsWith('unknown key') ? 'key' : 'value';
    if (message) mistakes.push({ ...yaml.positionOf(['server', name], of), path: `server.${name}`, message });
  }
  if (!result.success || mistakes.length > 0) throw configError(file, mistakes);
  const config = toConfig(file, result.data);
  const combined = [...checkOptions(config, yaml)];
  if (combined.length > 0) throw configError(file, combined);
  return config;
}

function mistakeOf(yaml: YamlFile, issue: z.core.$ZodIssue): Mistake {
  const unknown = issue.message.startsWith('unknown key') || issue.code === 'invalid_key';
  return {
    ...yaml.positionOf(issue.path, unknown ? 'key' : 'value'),
    path: issue.path.map(String).join('.'),
    message:
      issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : withValue(yaml, issue),
  };
}

/** What was expected, and what came. */
function withValue(yaml: YamlFile, issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('unknown key')) return issue.message;
  const value = issue.path.reduce<unknown>(
    (at, key) => (isObject(at) || Array.isArray(at) ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    yaml.value,
  );
  const said = value === undefined ? 'nothing' : JSON.stringify(value);
  return `${issue.message}, got ${said.length > 60 ? `${said.slice(0, 60)}…` : said}`;
}

function toConfig(file: string, parsed: ConfigFile): Config {
  const base = dirname(resolve(file));
  const { repository } = parsed;
  const folder = typeof repository === 'string' ? { path: repository, versions: undefined } : repository;
  const policy = parseVersionPolicy(folder?.versions);
  return {
    file,
    server: Object.entries(parsed.server ?? {}).map(([name, value]) => ({ name, value })),
    defaults: optionsOf(parsed.defaults ?? {}),
    sources: {
      models: Object.entries(parsed.models ?? {}).map(([name, model]): ModelSource => {
        const { path, version, versions, variant, ...running } = model;
        const chosen = parseVersionPolicy(versions);
        return {
          name,
          path: resolve(base, path),
          options: optionsOf(running),
          ...(version === undefined ? {} : { version: String(version) }),
          ...(variant === undefined ? {} : { variant }),
          ...(chosen === undefined ? {} : { policy: chosen }),
        };
      }),
      repositories: folder ? [{ dir: resolve(base, folder.path), ...(policy ? { policy } : {}) }] : [],
    },
  };
}

/** The engine's options, of what was said and nothing else. */
function optionsOf({ batching, cpus, ...rest }: RunningSettings): ModelOptions {
  const { preferredSizes, ...limits } = batching ?? {};
  const all = {
    ...rest,
    ...limits,
    preferredBatchSizes: preferredSizes,
    cpus: cpus === undefined ? undefined : parseCpuList(cpus),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Options that are right alone and wrong together. */
function* checkOptions({ defaults, sources }: Config, yaml: YamlFile): Generator<Mistake> {
  for (const { name, options } of sources.models) {
    try {
      resolveModelOptions({ ...defaults, ...options });
    } catch (error) {
      yield {
        ...yaml.positionOf(['models', name], 'key'),
        path: `models.${name}`,
        message: messageOf(error),
      };
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
