import { InferometerError, messageOf } from '@inferometer/core';
import { type DeviceChoice, isCpuAlone, parseDevice } from './device/parse-device.ts';
import { isDecoder } from './executor/graph-inputs.ts';
import { createExecutorPool, type ExecutorPool } from './executor/pool.ts';
import type { ExecutorLoad } from './load/phases.ts';
import type { ModelDirectory } from './model/directory.ts';
import { loadTokenizer, type Tokenizer } from './model/tokenizer.ts';
import { entryFor } from './model-cache/choose-entry.ts';
import { discardEntry } from './model-cache/entry.ts';
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
    onLoaded: (load: ExecutorLoad) => void;
    onMetrics: (path: string, there: boolean) => void;
  };
  /** Files with metrics that nobody was told of yet. */
  readonly metricFiles: ReadonlySet<string>;
  /** Loads that nobody was told of yet. */
  readonly loads: readonly ExecutorLoad[];
  /** Why it runs on the CPU and not where it was to run; undefined where it does not. */
  readonly fellBack?: string;
  /** Where the optimised form of its graph is kept or may be; undefined where none is. */
  readonly optimised: string | undefined;
}

/** How a model is run, and with what around it. */
export interface StartOptions extends ModelOptions {
  /** Module with `preprocess` and `postprocess`, which executors load beside the model. @default none */
  readonly hooks?: URL | undefined;
}

/**
 * Starts a model's executors and reads its tokenizer meanwhile. Needs no telemetry: a server does it first, and loads
 * the rest of itself while the executors come up. Where its device cannot be used and it may run on the CPU instead, it
 * is started there, with the CPU's defaults.
 * @param directory as `readModelDirectory` gives it
 * @throws {InferometerError} INVALID_MODEL or DEVICE_UNAVAILABLE: one line that names the file at fault
 * @throws {RangeError} for an option out of range
 */
export async function startModel(
  name: string,
  directory: ModelDirectory,
  given: StartOptions = {},
): Promise<StartedModel> {
  try {
    return await startOnDevice(name, directory, given);
  } catch (error) {
    const mayFallBack = parseDevice(given.device ?? 'cpu')?.fallsBack;
    if (!mayFallBack || !(error instanceof InferometerError && error.code === 'DEVICE_UNAVAILABLE'))
      throw error;
    const started = await startOnDevice(name, directory, { ...given, device: 'cpu' });
    return { ...started, fellBack: messageOf(error) };
  }
}

async function startOnDevice(
  name: string,
  directory: ModelDirectory,
  { hooks: hookModule, ...given }: StartOptions,
): Promise<StartedModel> {
  const options = resolveModelOptions(given);
  const { devices, fallsBack } = parseDevice(options.device) as DeviceChoice;
  const tensorsOnly = directory.tokenizer === undefined;
  const loads: ExecutorLoad[] = [];
  // Graphs that are kept are optimised for the CPU.
  const cacheDir = isCpuAlone(options.device) ? options.modelCacheDir : '';
  const optimised = entryFor(directory.graph, cacheDir);
  const metricFiles = new Set<string>();
  const hooks: StartedModel['hooks'] = {
    onFree: () => {},
    onRestart: () => {},
    onLoaded: (load) => loads.push(load),
    onMetrics(path, there) {
      if (there) metricFiles.add(path);
      else metricFiles.delete(path);
    },
  };
  const startPool = (entry: string | undefined): Promise<ExecutorPool> =>
    createExecutorPool({
      name,
      size: options.executors,
      kind: options.executorKind,
      devices,
      cpus: options.cpus,
      soloThreads: options.soloThreads,
      hardTimeoutMs: options.hardTimeoutMs,
      places: (model) => (!tensorsOnly && isDecoder(model.inputs) ? options.maxGenerations : 1),
      load: {
        type: 'load',
        graph: directory.graph,
        ...(entry ? { optimised: entry } : {}),
        fallsBack,
        threads: options.threads,
        pooling: directory.pooling.modes,
        eosTokenIds: directory.eosTokenIds,
        tensorsOnly,
        ...(hookModule ? { hooks: hookModule.href } : {}),
      },
      onFree: () => hooks.onFree(),
      onRestart: () => hooks.onRestart(),
      onMetrics: (path, there) => hooks.onMetrics(path, there),
      onLoaded: (load) => hooks.onLoaded(load),
    });
  const starting = startPool(optimised).catch((error: unknown) => {
    const crashed = error instanceof InferometerError && error.code === 'EXECUTOR_CRASHED';
    if (!crashed || !optimised) throw error;
    // Bytes that bring onnxruntime down: the original says whether it is the model or the cache.
    discardEntry(optimised);
    return startPool(undefined);
  });
  try {
    const tokenizer = tensorsOnly ? undefined : loadTokenizer(directory);
    const pool = await starting;
    return { name, directory, options, tokenizer, pool, hooks, loads, metricFiles, optimised };
  } catch (error) {
    await starting.then(
      (pool) => pool.close(),
      () => {},
    );
    throw error;
  }
}
