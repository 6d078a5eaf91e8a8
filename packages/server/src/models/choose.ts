import { InferometerError } from '@inferometer/core';
import type { Model } from '@inferometer/engine';

/** As Triton's repository API names them. */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** A version of a model and what has become of it. */
export interface VersionStatus {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  /** Why it is not ready, or why its last reload has failed; empty where nothing is wrong. */
  readonly reason: string;
  /** Whether it answers requests that name no version. */
  readonly isDefault: boolean;
}

/** One version as the registry has it. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly reason: string;
  readonly model: Model | undefined;
}

/** What models of each kind are for, as errors say it. */
const abilities: Readonly<Record<Model['kind'], string>> = {
  embedding: 'makes embeddings',
  generative: 'generates text',
  tensor: 'takes tensors',
};

/** The version that answers where none is named: the latest of those that are ready. */
export function defaultOf<C extends Candidate>(candidates: readonly C[], name: string): C | undefined {
  return candidates
    .filter((candidate) => candidate.name === name && candidate.model !== undefined)
    .sort((a, b) => Number(b.version) - Number(a.version))[0];
}

/** Names in their order, each once. */
export function namesOf(candidates: readonly Candidate[]): readonly string[] {
  return [...new Set(candidates.map(({ name }) => name))];
}

/**
 * Finds a model by `name` or `name@version`.
 * @throws {InferometerError} UNKNOWN_MODEL, or UNAVAILABLE while it is being loaded
 */
export function findModel(candidates: readonly Candidate[], asked: string): Model {
  const at = asked.lastIndexOf('@');
  const name = at < 0 ? asked : asked.slice(0, at);
  const version = at < 0 ? undefined : asked.slice(at + 1);
  const unknown = (message: string): InferometerError =>
    new InferometerError('UNKNOWN_MODEL', message, { field: 'model' });
  const versions = candidates.filter((candidate) => candidate.name === name);
  if (versions.length === 0) {
    throw unknown(`model "${asked}" does not exist, expected one of ${namesOf(candidates).join(', ')}`);
  }
  const found =
    version === undefined ? defaultOf(versions, name) : versions.find((it) => it.version === version);
  if (found?.model) return found.model;
  if (version !== undefined && !found) {
    const there = versions.map((it) => it.version).join(', ');
    throw unknown(`model "${name}" has no version ${version}, expected one of ${there}`);
  }
  const [first] = found ? [found] : versions;
  if (versions.some(({ state }) => state === 'LOADING'))
    throw new InferometerError('UNAVAILABLE', 'the models are being loaded, try again in a second');
  throw unknown(`model "${asked}" is not loaded: ${first?.reason}`);
}

/**
 * Finds a model that does something.
 * @param asked undefined takes the first one that does
 * @throws {InferometerError} as `findModel`; INVALID_INPUT for one that does something else
 */
export function findOfKind<K extends Model['kind']>(
  candidates: readonly Candidate[],
  kind: K,
  asked: string | undefined,
): Extract<Model, { kind: K }> {
  const does = abilities[kind];
  const others = namesOf(candidates)
    .map((name) => defaultOf(candidates, name)?.model)
    .filter((model) => model !== undefined && model.kind === kind);
  const found = asked === undefined ? others[0] : findModel(candidates, asked);
  if (found?.kind === kind) return found as Extract<Model, { kind: K }>;
  if (!found) {
    if (candidates.some(({ state }) => state === 'LOADING'))
      throw new InferometerError('UNAVAILABLE', 'the models are being loaded, try again in a second');
    throw new InferometerError('UNKNOWN_MODEL', `no model that ${does} is loaded`, { field: 'model' });
  }
  const hint = others.length > 0 ? `, expected one of ${others.map((model) => model?.name).join(', ')}` : '';
  throw new InferometerError('INVALID_INPUT', `model "${asked}" is not one that ${does}${hint}`, {
    field: 'model',
  });
}
