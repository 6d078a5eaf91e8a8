import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InferometerError } from '@inferometer/core';
import { listVariants, type ModelOptions } from '@inferometer/engine';
import {
  type ModelSource,
  type ModelSources,
  modelName,
  type RepositorySource,
  type VersionPolicy,
  versionNumber,
} from './spec.ts';

/** One version of one model, to be served. */
export interface VersionSpec {
  readonly name: string;
  /** A number; `1` where there are no versions. */
  readonly version: string;
  /** Name in metrics, spans and answers: `minilm`, or `minilm@3` where there are versions. */
  readonly label: string;
  readonly path: string;
  readonly variant?: string;
  readonly options: ModelOptions;
  readonly hooks?: URL;
}

/** Folders of a repository that are nobody's model. */
const notModels = /^(\..*|lost\+found)$/;

/**
 * Looks for the versions of all models that are to be served, in the order in which they were named.
 * @throws {InferometerError} INVALID_MODEL for a directory that is neither a model nor has versions, and for what comes twice
 */
export function findVersions(sources: ModelSources): readonly VersionSpec[] {
  const specs = sources.models.flatMap(versionsOf);
  const named = new Set(specs.map(({ name }) => name));
  for (const repository of sources.repositories) {
    // A model that is named explicitly is configured there.
    for (const source of modelsIn(repository)) if (!named.has(source.name)) specs.push(...versionsOf(source));
  }
  const seen = new Set<string>();
  for (const { name, version, label } of specs) {
    const key = `${name}@${version}`;
    if (seen.has(key)) throw new InferometerError('INVALID_MODEL', `--model ${label} is given twice`);
    seen.add(key);
  }
  return specs;
}

function versionsOf(source: ModelSource): VersionSpec[] {
  const { name, path, version, variant, policy, hooks, options = {} } = source;
  const rest = { options, ...(variant ? { variant } : {}), ...(hooks ? { hooks } : {}) };
  const numbers = version === undefined ? versionFolders(path) : [];
  if (numbers.length === 0) {
    if (policy?.kind === 'specific' && version === undefined) {
      throw new InferometerError('INVALID_MODEL', `model ${name}: ${path} has no numeric version folders`);
    }
    const label = version === undefined ? name : `${name}@${version}`;
    return [{ name, version: version ?? '1', label, path, ...rest }];
  }
  return chooseVersions(name, path, numbers, policy ?? { kind: 'latest', count: 1 }).map((number) => ({
    name,
    version: number,
    label: `${name}@${number}`,
    path: join(path, number),
    ...rest,
  }));
}

/** Numeric folders of a directory that has no graph of its own, ascending. */
function versionFolders(path: string): string[] {
  if (!isDirectory(path) || listVariants(path).length > 0) return [];
  return readdirSync(path)
    .filter((entry) => versionNumber.test(entry) && isDirectory(join(path, entry)))
    .sort((a, b) => Number(a) - Number(b));
}

function chooseVersions(
  name: string,
  path: string,
  there: readonly string[],
  policy: VersionPolicy,
): string[] {
  if (policy.kind === 'all') return [...there];
  if (policy.kind === 'latest') return there.slice(-policy.count);
  const missing = policy.versions.find((version) => !there.includes(version));
  if (missing !== undefined) {
    const message = `model ${name}: ${path} has no version ${missing}, it has ${there.join(', ')}`;
    throw new InferometerError('INVALID_MODEL', message);
  }
  return there.filter((version) => policy.versions.includes(version));
}

function modelsIn({ dir, policy, optionsOf }: RepositorySource): ModelSource[] {
  if (!isDirectory(dir)) {
    throw new InferometerError('INVALID_MODEL', `${dir} is no directory: expected a repository of models`);
  }
  const folders = readdirSync(dir)
    .filter((entry) => !notModels.test(entry) && isDirectory(join(dir, entry)))
    .sort();
  return folders.map((folder) => {
    const path = join(dir, folder);
    if (!modelName.test(basename(folder))) {
      const message = `${path} cannot be a model's name: expected letters, digits and any of . _ : / -`;
      throw new InferometerError('INVALID_MODEL', message);
    }
    if (listVariants(path).length === 0 && versionFolders(path).length === 0) {
      const message = `${path} is no model: expected an ONNX graph or numeric version folders in it`;
      throw new InferometerError('INVALID_MODEL', message);
    }
    const options = optionsOf?.(folder) ?? {};
    return { name: folder, path, options, ...(policy ? { policy } : {}) };
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
