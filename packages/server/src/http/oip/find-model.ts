import type { Model } from '@inferometer/engine';
import type { Request } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';

/** The version of a model that a request's path names. */
export interface FoundModel {
  /** Without its version. */
  readonly name: string;
  readonly version: string;
  /** Versions of the model that are ready, `version` among them. */
  readonly versions: readonly string[];
  readonly model: Model;
}

/** What a path names; a model's name may have slashes, which clients do not escape. */
function namesIn({ params }: Request): { name: string; version: string | undefined } {
  const { model, version } = params as { model?: string | string[]; version?: string };
  return { name: [model ?? []].flat().join('/'), version };
}

/**
 * The model that a request's path names: of several versions the default one, unless it says which.
 * @throws {InferometerError} UNKNOWN_MODEL if there is no such model or version, UNAVAILABLE while it loads
 */
export function findModel(registry: ModelRegistry, request: Request): FoundModel {
  const asked = namesIn(request);
  const model = registry.find(asked.version === undefined ? asked.name : `${asked.name}@${asked.version}`);
  const [name = '', inName] = asked.name.split('@');
  const ofName = registry.versions.filter((each) => each.name === name);
  return {
    name,
    version: asked.version ?? inName ?? ofName.find((each) => each.isDefault)?.version ?? '1',
    versions: ofName.filter(({ state }) => state === 'READY').map(({ version }) => version),
    model,
  };
}
