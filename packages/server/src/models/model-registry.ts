import type { EmbeddingModel, GenerativeModel, Model } from '@inferometer/engine';
import type { VersionStatus } from './choose.ts';
import type { OpenModel } from './serving-version.ts';
import type { ModelSources } from './spec.ts';

/** What has become of versions that were loaded, unloaded or left as they were. */
export interface RegistryChanges {
  /** Labels of versions, such as `minilm@3`. */
  readonly loaded: readonly string[];
  readonly unloaded: readonly string[];
  /** One line each; what was served before is served still. */
  readonly errors: readonly string[];
}

/** The models of a server, by name and version; loaded, replaced and unloaded while requests go on. */
export interface ModelRegistry {
  /** Names in the order in which they were given. */
  readonly names: readonly string[];
  /** The default version of each name that is ready. */
  readonly models: readonly Model[];
  /** All versions and what has become of them. */
  readonly versions: readonly VersionStatus[];
  /** Whether all models that the server was started with have been loaded. */
  readonly ready: boolean;
  /**
   * Waits for the executors of all models and opens them side by side.
   * @throws {InferometerError} INVALID_MODEL with the model's name and the file at fault
   */
  open(open: OpenModel): Promise<void>;
  /**
   * Any model by `name` (its default version) or `name@version`.
   * @throws {InferometerError} UNKNOWN_MODEL, or UNAVAILABLE while it is being loaded
   */
  find(name: string): Model;
  /**
   * @param name `name` or `name@version`; undefined takes the first model that embeds
   * @throws {InferometerError} UNKNOWN_MODEL, INVALID_INPUT if it does not embed, UNAVAILABLE while it loads
   */
  embedding(name: string | undefined): EmbeddingModel;
  /** As `embedding`, of models that generate text. */
  generative(name: string | undefined): GenerativeModel;
  /** Notes a request, so that no model is closed that it may have chosen. @returns to be called at its end */
  enter(): () => void;
  /**
   * Loads the versions of a model that its directory holds now: new ones, and those whose files have changed.
   * @throws {InferometerError} UNKNOWN_MODEL; INVALID_MODEL with what is wrong, the versions before serve on
   */
  load(name: string): Promise<RegistryChanges>;
  /** The same, whether anything has changed or not. */
  reload(name: string): Promise<RegistryChanges>;
  /** Takes a model away once its requests have ended. @throws {InferometerError} UNKNOWN_MODEL */
  unload(name: string): Promise<RegistryChanges>;
  /**
   * Follows another configuration: loads what is new or has changed, unloads what is gone. Never throws for a model.
   * @throws {InferometerError} INVALID_MODEL for directories that cannot be followed: nothing is changed then
   */
  follow(sources: ModelSources): Promise<RegistryChanges>;
  close(): Promise<void>;
}
