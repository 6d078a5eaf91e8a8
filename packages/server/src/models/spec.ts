import { fileURLToPath } from 'node:url';
import { InferometerError } from '@inferometer/core';
import type { ModelOptions } from '@inferometer/engine';

/** A model to serve. */
export interface ModelSpec {
  /** Name in requests, metrics and spans. */
  readonly name: string;
  readonly path: string;
  /** Module whose hooks executors load beside the model. */
  readonly hooks?: URL;
  /** Where they differ from other models'. */
  readonly options?: ModelOptions;
}

/** The models in the package, served when none are named. */
export const bundledModels: readonly ModelSpec[] = ['nickname-encoder', 'nickname-lm'].map((name) => ({
  name,
  path: fileURLToPath(new URL(`../../models/${name}`, import.meta.url)),
}));

/**
 * Reads `NAME=DIR`.
 * @throws {InferometerError} INVALID_MODEL that says what was expected
 */
export function parseModelSpec(text: string): ModelSpec {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  const path = text.slice(at + 1);
  if (at < 1 || path === '' || !/^[\w.:/-]{1,100}$/.test(name)) {
    throw new InferometerError('INVALID_MODEL', `--model must be NAME=DIR, got ${text}`);
  }
  return { name, path };
}

/** @throws {InferometerError} INVALID_MODEL if a name comes twice */
export function checkSpecs(specs: readonly ModelSpec[]): void {
  const twice = specs.find((spec, index) => specs.findIndex((other) => other.name === spec.name) !== index);
  if (twice) throw new InferometerError('INVALID_MODEL', `--model ${twice.name} is given twice`);
}
