import { InferometerError } from '@inferometer/core';
import type { Model } from '@inferometer/engine';
import type { Request } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';
import { RequestProblem } from '../problem.ts';

/** Of a model that has versions, the number that its name ends with. */
export function versionOf(model: Model): string {
  return /@(\d+)$/.exec(model.name)?.[1] ?? '1';
}

/** The name without the version. */
export function nameOf(model: Model): string {
  return model.name.replace(/@\d+$/, '');
}

/** What a path names; a model's name may have slashes, which clients do not escape. */
function namesIn({ params }: Request): { name: string; version: string | undefined } {
  const { model, version } = params as { model?: string | string[]; version?: string };
  return { name: [model ?? []].flat().join('/'), version };
}

/**
 * The model that a request's path names.
 * @throws {RequestProblem|InferometerError} 404 if there is no such model or version, 503 while it loads
 */
export function findModel(registry: ModelRegistry, request: Request): Model {
  const { name, version } = namesIn(request);
  if (!registry.names.includes(name)) {
    const message = `model "${name}" does not exist, expected one of ${registry.names.join(', ')}`;
    throw new RequestProblem(404, 'model_not_found', message);
  }
  try {
    return registry.find(version === undefined ? name : `${name}@${version}`);
  } catch (error) {
    // The name is in the path: the answer names no field.
    if (error instanceof InferometerError) throw new InferometerError(error.code, error.message);
    throw error;
  }
}
