import { fileURLToPath } from 'node:url';
import { InferometerError } from '@inferometer/core';
import type { ModelOptions } from '@inferometer/engine';

/** Which versions of a model are served, of those in its directory. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

/** A model as it was asked for. */
export interface ModelSource {
  /** Name in requests, metrics and spans. */
  readonly name: string;
  /** A model's directory or graph, or a directory of versions of it. */
  readonly path: string;
  /** Number of the version that the path holds, where it was given. */
  readonly version?: string;
  /** Which of the directory's graphs, such as `int8`. */
  readonly variant?: string;
  /** Of a directory of versions. @default the latest one */
  readonly policy?: VersionPolicy;
  readonly options?: ModelOptions;
  /** Module whose hooks executors load beside the model. */
  readonly hooks?: URL;
}

/** A directory whose folders are models, each by its name. */
export interface RepositorySource {
  readonly dir: string;
  readonly policy?: VersionPolicy;
  /** Of each of its models. */
  readonly optionsOf?: (name: string) => ModelOptions;
}

/** All that a server is asked to serve. */
export interface ModelSources {
  readonly models: readonly ModelSource[];
  readonly repositories: readonly RepositorySource[];
}

/** The models in the package, served when none are named. */
export const bundledModels: readonly ModelSource[] = [
  bundled('nickname-encoder'),
  bundled('nickname-lm'),
  // Some 50 µs a run: more executors would cost memory and time to start, and gain nothing.
  bundled('image-digits', { executors: 1, threads: 1 }),
];

function bundled(name: string, options: ModelOptions = {}): ModelSource {
  return { name, path: fileURLToPath(new URL(`../../models/${name}`, import.meta.url)), options };
}

/** What a model may be called; `@` begins its version. */
export const modelName: RegExp = /^[\w.:/-]{1,100}$/;
/** Versions are numbers, so that there is a latest one. */
export const versionNumber: RegExp = /^[1-9]\d{0,8}$/;

/** Endings of a name that choose a graph; others belong to the name, as in `llama:7b`. */
const variantEnding =
  /:(fp32|fp16|bf16|int8|uint8|q?u?int8_\w+|quantized|q4|q4f16|int4|bnb4|O[1-4]|[\w./-]+\.onnx)$/;

/**
 * Reads `NAME=DIR`, `NAME@VERSION=DIR`, `NAME:VARIANT=DIR`.
 * @throws {InferometerError} INVALID_MODEL that says what was expected
 */
export function parseModelSource(text: string): ModelSource {
  const at = text.indexOf('=');
  const path = text.slice(at + 1);
  let name = text.slice(0, at);
  const variant = variantEnding.exec(name)?.[1];
  if (variant !== undefined) name = name.slice(0, -variant.length - 1);
  const versionAt = name.lastIndexOf('@');
  const version = versionAt < 0 ? undefined : name.slice(versionAt + 1);
  if (versionAt >= 0) name = name.slice(0, versionAt);
  if (at < 1 || path === '' || !modelName.test(name)) {
    const more = 'NAME@VERSION=DIR and NAME:VARIANT=DIR choose one of several';
    throw new InferometerError('INVALID_MODEL', `--model must be NAME=DIR, got ${text}; ${more}`);
  }
  if (version !== undefined && !versionNumber.test(version)) {
    throw new InferometerError('INVALID_MODEL', `--model ${text}: the version must be an integer >= 1`);
  }
  return { name, path, ...(version ? { version } : {}), ...(variant ? { variant } : {}) };
}

/**
 * Reads `latest`, `latest N`, `all` or a list of versions.
 * @returns undefined for what is none of them
 */
export function parseVersionPolicy(value: unknown): VersionPolicy | undefined {
  if (value === 'all') return { kind: 'all' };
  if (typeof value === 'string') {
    const match = /^latest(?:\s+([1-9]\d{0,3}))?$/.exec(value);
    return match ? { kind: 'latest', count: Number(match[1] ?? 1) } : undefined;
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const versions = value.map(String);
  return versions.every((version) => versionNumber.test(version))
    ? { kind: 'specific', versions }
    : undefined;
}
