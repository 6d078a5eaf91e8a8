import { InferometerError, messageOf, type Telemetry } from '@inferometer/core';
import {
  type EmbeddingModel,
  type GenerativeModel,
  type Model,
  type ModelDirectory,
  type ModelOptions,
  openModel,
  readModelDirectory,
  type StartedModel,
  startModel,
} from '@inferometer/engine';
import type { ModelSpec } from './spec.ts';

/** The models of a server, by name. */
export interface ModelRegistry {
  readonly names: readonly string[];
  readonly models: readonly Model[];
  /** All models are loaded and warm. */
  readonly ready: boolean;
  /**
   * Waits for the executors of all models and opens them side by side.
   * @param prepare what else a model needs before it is ready
   * @throws {InferometerError} INVALID_MODEL with the model's name and the file at fault
   */
  load(telemetry: Telemetry, prepare?: (model: Model) => Promise<void>): Promise<void>;
  /**
   * @param name undefined takes the first model that embeds
   * @throws {InferometerError} UNKNOWN_MODEL, INVALID_INPUT if it does not embed, UNAVAILABLE while it loads
   */
  embedding(name: string | undefined): EmbeddingModel;
  /** As `embedding`, of models that generate text. */
  generative(name: string | undefined): GenerativeModel;
  close(): Promise<void>;
}

/**
 * Reads the directories at once, so that a mistake shows before anything is started, and starts the executors: they
 * come up while the caller does other things.
 * @throws {InferometerError} INVALID_MODEL
 */
export function createModelRegistry(specs: readonly ModelSpec[], options: ModelOptions): ModelRegistry {
  const directories = new Map<string, ModelDirectory>(
    specs.map(({ name, path }) => [name, inModel(name, () => readModelDirectory(path))]),
  );
  const starting = new Map<string, Promise<StartedModel>>();
  for (const { name, hooks, options: own } of specs) {
    const directory = directories.get(name) as ModelDirectory;
    const started = inModelAsync(name, startModel(name, directory, { ...options, ...own, hooks }));
    // Told by `load`; until then it must not count as unhandled.
    started.catch(() => {});
    starting.set(name, started);
  }
  const loaded = new Map<string, Model>();
  const names = specs.map((spec) => spec.name);
  let ready = false;

  /** In the order in which they were given, whichever was loaded first. */
  const inOrder = (): Model[] => names.map((name) => loaded.get(name)).filter((model) => model !== undefined);

  const choose = <K extends Model['kind']>(
    kind: K,
    name: string | undefined,
  ): Extract<Model, { kind: K }> => {
    if (name !== undefined && !directories.has(name)) {
      const message = `model "${name}" does not exist, expected one of ${names.join(', ')}`;
      throw new InferometerError('UNKNOWN_MODEL', message, { field: 'model' });
    }
    if (!ready)
      throw new InferometerError('UNAVAILABLE', 'the models are being loaded, try again in a second');
    const found = name === undefined ? inOrder().find((model) => model.kind === kind) : loaded.get(name);
    if (found?.kind === kind) return found as Extract<Model, { kind: K }>;
    const does = kind === 'embedding' ? 'makes embeddings' : 'generates text';
    if (!found)
      throw new InferometerError('UNKNOWN_MODEL', `no model that ${does} is loaded`, { field: 'model' });
    const others = inOrder()
      .filter((model) => model.kind === kind)
      .map((model) => model.name);
    const hint = others.length > 0 ? `, expected one of ${others.join(', ')}` : '';
    throw new InferometerError('INVALID_INPUT', `model "${name}" is not one that ${does}${hint}`, {
      field: 'model',
    });
  };

  return {
    names,
    get models() {
      return inOrder();
    },
    get ready() {
      return ready;
    },
    async load(telemetry, prepare) {
      const results = await Promise.allSettled(
        names.map(async (name) => {
          const started = await (starting.get(name) as Promise<StartedModel>);
          const model = await inModelAsync(name, openModel(started, telemetry));
          loaded.set(name, model);
          if (prepare) await inModelAsync(name, prepare(model));
        }),
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      ready = true;
    },
    embedding: (name) => choose('embedding', name),
    generative: (name) => choose('generative', name),
    async close() {
      ready = false;
      await Promise.all(
        [...starting].map(async ([name, start]) => {
          const started = await start.catch(() => undefined);
          await (loaded.get(name)?.close() ?? started?.pool.close());
        }),
      );
    },
  };
}

function inModel<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw named(name, error);
  }
}

async function inModelAsync<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    throw named(name, error);
  }
}

function named(name: string, cause: unknown): InferometerError {
  return new InferometerError('INVALID_MODEL', `model ${name}: ${messageOf(cause)}`, { cause });
}
