import type { Telemetry } from '@inferometer/core';
import { type CachedEmbed, type CachedModel, withCaches } from './cache/cached-model.ts';
import type { Caches } from './cache/caches.ts';
import { fingerprintOf } from './cache/fingerprint.ts';
import { createEmbeddingRuntime } from './embedding-model.ts';
import { fixedShape, isDecoder } from './executor/graph-inputs.ts';
import type { TensorInfo } from './executor/protocol.ts';
import { embedWork, generateWork, warmUp } from './executor/warm-up.ts';
import { createGenerativeRuntime, type GenerativeRuntime } from './generative-model.ts';
import type { ModelDirectory } from './model/directory.ts';
import { invalid } from './model/files.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';
import { type StartedModel, startModel } from './started-model.ts';

interface LoadedModel extends CachedModel {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly tokenizer: Tokenizer;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly options: Required<ModelOptions>;
  /** Drains the queue and ends the executors. */
  close(): Promise<void>;
}

/** A model that turns texts into vectors. */
export interface EmbeddingModel extends LoadedModel {
  readonly kind: 'embedding';
  /** As `EmbeddingRuntime` has it, through the cache where there is one. */
  readonly embed: CachedEmbed;
  readonly dimensions: number;
}

/** A model that continues texts. */
export interface GenerativeModel extends LoadedModel, Pick<GenerativeRuntime, 'generate'> {
  readonly kind: 'generative';
}

export type Model = EmbeddingModel | GenerativeModel;

/**
 * Warms a started model up and puts its queue before it, and caches before that.
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export async function openModel(
  started: StartedModel,
  telemetry: Telemetry,
  caches?: Caches,
): Promise<Model> {
  const { name, hooks, pool } = started;
  hooks.onRestart = () => telemetry.observer.executorRestarted(name);
  hooks.onLoaded = (seconds) => telemetry.observer.modelLoaded({ model: name, seconds });
  hooks.onMetrics = telemetry.observer.executorMetrics;
  for (const path of started.metricFiles) hooks.onMetrics(path, true);
  for (const seconds of started.loads) hooks.onLoaded(seconds);
  try {
    const open = isDecoder(pool.model.inputs) ? openGenerative : openEmbedding;
    const [model, fingerprint] = await Promise.all([
      open(started, telemetry),
      caches && fingerprintOf(started.directory),
    ]);
    return caches && fingerprint ? withCaches(model, caches, fingerprint) : model;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Both at once. @throws {InferometerError|RangeError} as they do */
export async function loadModel(
  name: string,
  directory: ModelDirectory,
  telemetry: Telemetry,
  given: ModelOptions = {},
  caches?: Caches,
): Promise<Model> {
  return openModel(await startModel(name, directory, given), telemetry, caches);
}

function baseOf({ name, directory, tokenizer, options, pool }: StartedModel): Omit<LoadedModel, 'close'> {
  return { name, directory, tokenizer, options, inputs: pool.model.inputs, outputs: pool.model.outputs };
}

async function openGenerative(started: StartedModel, telemetry: Telemetry): Promise<GenerativeModel> {
  const { name, directory, tokenizer, options, pool, hooks } = started;
  await warmUp(pool, generateWork(tokenizer.encode('a', directory.maxTokens).ids), directory.graph);
  const runtime = createGenerativeRuntime({ name, tokenizer, limits: options, telemetry, pool });
  hooks.onFree = runtime.pump;
  return { ...baseOf(started), kind: 'generative', generate: runtime.generate, close: () => pool.close() };
}

async function openEmbedding(started: StartedModel, telemetry: Telemetry): Promise<EmbeddingModel> {
  const { name, directory, tokenizer, options, pool, hooks } = started;
  const { inputs, outputs } = pool.model;
  const fixed = fixedShape(inputs);
  const maxTokens = Math.min(directory.maxTokens, fixed.columns ?? Number.POSITIVE_INFINITY);
  const reply = await warmUp(pool, embedWork(tokenizer.encode('a', maxTokens).ids, fixed), directory.graph);
  if (reply?.type !== 'embedded') throw invalid(`${directory.graph} gives no vectors`);
  const { otherModules, normalize } = directory.pooling;
  if (otherModules.length > 0 && !outputs.some((output) => output.name === 'sentence_embedding')) {
    const names = otherModules.join(', ');
    throw invalid(
      `${directory.dir}: modules.json names ${names}, expected Transformer, Pooling and Normalize only`,
    );
  }
  const limits = {
    ...options,
    maxBatchSize: Math.min(options.maxBatchSize, fixed.rows ?? options.maxBatchSize),
  };
  const { padTokenId } = directory;
  const runtime = createEmbeddingRuntime({ name, padTokenId, normalize, limits, telemetry, pool, fixed });
  hooks.onFree = runtime.queue.pump;
  return {
    ...baseOf(started),
    directory: { ...directory, maxTokens },
    kind: 'embedding',
    dimensions: reply.dimensions,
    embed: runtime.embed,
    async close() {
      runtime.queue.drain();
      await pool.close();
    },
  };
}
