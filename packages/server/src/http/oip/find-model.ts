import { InferometerError } from '@inferometer/core';
import type { Model } from '@inferometer/engine';
import type { Request } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';
import { RequestProblem } from '../problem.ts';

/** The only version that a model has. */
const onlyVersion = '1';

export function versionOf(_model: Model): string {
  return onlyVersion;
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
  const model = registry.ready ? registry.models.find((each) => each.name === name) : undefined;
  if (model === undefined)
    throw new InferometerError('UNAVAILABLE', `model "${name}" is being loaded, try again in a second`);
  if (version !== undefined && version !== versionOf(model)) {
    const message = `model "${name}" has no version "${version}", expected ${versionOf(model)}`;
    throw new RequestProblem(404, 'model_not_found', message);
  }
  return model;
}
