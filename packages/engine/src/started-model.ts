import { isDecoder } from './executor/graph-inputs.ts';
import { createExecutorPool, type ExecutorPool } from './executor/pool.ts';
import type { ModelDirectory } from './model/directory.ts';
import { loadTokenizer, type Tokenizer } from './model/tokenizer.ts';
import { type ModelOptions, resolveModelOptions } from './options.ts';

/** A model whose executors are being started, before anybody watches it. */
export interface StartedModel {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly options: Required<ModelOptions>;
  /** undefined of a model that is fed with tensors. */
  readonly tokenizer: Tokenizer | undefined;
  readonly pool: ExecutorPool;
  /** What the executors tell; replaced when the model is opened. */
  readonly hooks: {
    onFree: () => void;
    onRestart: () => void;
    onLoaded: (seconds: number) => void;
    onMetrics: (path: string, there: boolean) => void;
  };
  /** Files with metrics that nobody was told of yet. */
  readonly metricFiles: ReadonlySet<string>;
  /** Loads that nobody was told of yet, s. */
  readonly loads: readonly number[];
}

/** How a model is run, and with what around it. */
export interface StartOptions extends ModelOptions {
  /** Module with `preprocess` and `postprocess`, which executors load beside the model. @default none */
  readonly hooks?: URL | undefined;
}

/**
 * Starts a model's executors and reads its tokenizer meanwhile. Needs no telemetry: a server does it first, and loads
 * the rest of itself while the executors come up.
 * @param directory as `readModelDirectory` gives it
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 * @throws {RangeError} for an option out of range
 */
export async function startModel(
  name: string,
  directory: ModelDirectory,
  { hooks: hookModule, ...given }: StartOptions = {},
): Promise<StartedModel> {
  const options = resolveModelOptions(given);
  const tensorsOnly = directory.tokenizer === undefined;
  const loads: number[] = [];
  const metricFiles = new Set<string>();
  const hooks: StartedModel['hooks'] = {
    onFree: () => {},
    onRestart: () => {},
    onLoaded: (seconds) => loads.push(seconds),
    onMetrics(path, there) {
      if (there) metricFiles.add(path);
      else metricFiles.delete(path);
    },
  };
  const starting = createExecutorPool({
    name,
    size: options.executors,
    kind: options.executorKind,
    cpus: options.cpus,
    soloThreads: options.soloThreads,
    hardTimeoutMs: options.hardTimeoutMs,
    places: (model) => (!tensorsOnly && isDecoder(model.inputs) ? options.maxGenerations : 1),
    load: {
      type: 'load',
      graph: directory.graph,
      threads: options.threads,
      pooling: directory.pooling.modes,
      eosTokenIds: directory.eosTokenIds,
      tensorsOnly,
      ...(hookModule ? { hooks: hookModule.href } : {}),
    },
    onFree: () => hooks.onFree(),
    onRestart: () => hooks.onRestart(),
    onMetrics: (path, there) => hooks.onMetrics(path, there),
    onLoaded: (seconds) => hooks.onLoaded(seconds),
  });
  try {
    const tokenizer = tensorsOnly ? undefined : loadTokenizer(directory);
    return { name, directory, options, tokenizer, pool: await starting, hooks, loads, metricFiles };
  } catch (error) {
    await starting.then(
      (pool) => pool.close(),
      () => {},
    );
    throw error;
  }
}
