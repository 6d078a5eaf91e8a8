import { InferometerError, messageOf } from '@inferometer/core';
import { type Model, readModelDirectory, type StartedModel, startModel } from '@inferometer/engine';
import { imageHooksFor } from '../http/apps/image/labels.ts';
import type { Candidate, ModelState } from './choose.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { VersionSpec } from './versions.ts';

/** Makes a model ready to serve of one whose executors have come up. */
export type OpenModel = (started: StartedModel) => Promise<Model>;

/** A version whose executors are coming up. */
export interface StartingVersion {
  readonly spec: VersionSpec;
  /** Of its files, before they were read. */
  readonly fingerprint: string;
  readonly started: Promise<StartedModel>;
}

/** One version as the registry has it. */
export interface ServedVersion extends Candidate {
  readonly spec: VersionSpec;
  readonly fingerprint: string;
  state: ModelState;
  reason: string;
  model: Model | undefined;
}

/**
 * Reads a model's directory at once and starts its executors: they come up while the caller does other things.
 * @throws {InferometerError} INVALID_MODEL with the model's name and the file at fault
 */
export function startVersion(spec: VersionSpec): StartingVersion {
  const { label, path, variant, options, hooks } = spec;
  try {
    const fingerprint = fingerprintOf(path);
    const directory = readModelDirectory(path, variant);
    const started = startModel(label, directory, {
      ...options,
      hooks: hooks ?? imageHooksFor(directory),
    }).catch((error: unknown) => {
      throw named(label, error);
    });
    // Told by whoever opens it; until then it must not count as unhandled.
    started.catch(() => {});
    return { spec, fingerprint, started };
  } catch (error) {
    throw named(label, error);
  }
}

/** @throws {InferometerError} INVALID_MODEL with the model's name and what is wrong */
export async function openVersion({ spec, started }: StartingVersion, open: OpenModel): Promise<Model> {
  const up = await started;
  try {
    return await open(up);
  } catch (error) {
    throw named(spec.label, error);
  }
}

/** Whether a version would be the same if it were loaded again. */
export function isUnchanged(served: ServedVersion, spec: VersionSpec): boolean {
  return (
    served.model !== undefined &&
    JSON.stringify(served.spec) === JSON.stringify(spec) &&
    served.fingerprint === fingerprintOf(spec.path)
  );
}

function named(label: string, cause: unknown): InferometerError {
  return new InferometerError('INVALID_MODEL', `model ${label}: ${messageOf(cause)}`, { cause });
}
