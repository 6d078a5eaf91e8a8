import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferometerError } from '@inferometer/core';
import type { Model, ModelDirectory } from '@inferometer/engine';

/** In a model's directory: the names of its classes, in their order. */
const labelsFile = 'labels.json';

/**
 * The module that turns images into the inputs of a model whose directory names classes, and that no text goes into.
 * @returns undefined of other models
 */
export function imageHooksFor(directory: ModelDirectory): URL | undefined {
  if (directory.tokenizer !== undefined || !existsSync(join(directory.dir, labelsFile))) return undefined;
  // Executors load what runs here: the build, or the sources that a test imports.
  return new URL(`./image-hooks${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);
}

/** Read once a model: a reload is another object. */
const known = new WeakMap<Model, readonly string[] | undefined>();

/**
 * The names of a model's classes; undefined of one that does not read images.
 * @throws {InferometerError} INVALID_MODEL if the file has not the form that it must have
 */
export function labelsOf(model: Model): readonly string[] | undefined {
  if (known.has(model)) return known.get(model);
  const readsImages = model.kind === 'tensor' && model.hooks.includes('preprocess');
  const path = join(model.directory.dir, labelsFile);
  const labels = readsImages && existsSync(path) ? readLabels(path) : undefined;
  known.set(model, labels);
  return labels;
}

function readLabels(path: string): readonly string[] {
  try {
    const labels: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (Array.isArray(labels) && labels.length > 0 && labels.every((label) => typeof label === 'string'))
      return labels;
  } catch (cause) {
    throw new InferometerError('INVALID_MODEL', `${path} cannot be read`, { cause });
  }
  throw new InferometerError('INVALID_MODEL', `${path}: expected an array of names`);
}
