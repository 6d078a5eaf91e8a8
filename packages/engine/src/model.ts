import type { Telemetry } from '@inferometer/core';
import { createEmbeddingRuntime, type EmbeddingRuntime } from './embedding-model.ts';
import { fixedShape, isDecoder } from './executor/graph-inputs.ts';
import type { TensorInfo } from './executor/protocol.ts';
import { runShapes, type WarmRun, warmShapes } from './executor/warm-shapes.ts';
import { embedWork, generateWork, type WarmReply, warmUp } from './executor/warm-up.ts';
import { createGenerativeRuntime, type GenerativeRuntime } from './generative-model.ts';
import { type LoadReport, tellLoad } from './load/tell-load.ts';
import type { ModelDirectory } from './model/directory.ts';
import { invalid } from './model/files.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import { keepOptimised } from './model-cache/keep-optimised.ts';
import type { ModelOptions } from './options.ts';
import { type StartedModel, startModel } from './started-model.ts';

interface LoadedModel {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly tokenizer: Tokenizer;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly options: Required<ModelOptions>;
  /** How each executor loaded it. */
  readonly loads: readonly LoadReport[];
  /** Runs before it served anybody, one of each shape, the first one of all not among them. */
  readonly warmRuns: readonly WarmRun[];
  /** Drains the queue and ends the executors. */
  close(): Promise<void>;
}

/** A model that turns texts into vectors. */
export interface EmbeddingModel extends LoadedModel, Pick<EmbeddingRuntime, 'embed'> {
  readonly kind: 'embedding';
  readonly dimensions: number;
}

/** A model that continues texts. */
export interface GenerativeModel extends LoadedModel, Pick<GenerativeRuntime, 'generate'> {
  readonly kind: 'generative';
}

export type Model = EmbeddingModel | GenerativeModel;

/**
 * Warms a started model up and puts its queue before it.
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export async function openModel(started: StartedModel, telemetry: Telemetry): Promise<Model> {
  const { name, hooks, pool } = started;
  hooks.onRestart = () => telemetry.observer.executorRestarted(name);
  hooks.onMetrics = telemetry.observer.executorMetrics;
  for (const path of started.metricFiles) hooks.onMetrics(path, true);
  try {
    const model = isDecoder(pool.model.inputs)
      ? await openGenerative(started, telemetry)
      : await openEmbedding(started, telemetry);
    // Of executors that come back: those of the start were told with their first run.
    hooks.onLoaded = (load) => void tellLoad(telemetry, name, load);
    const caching = keepOptimised(started);
    return {
      ...model,
      async close() {
        caching?.stop();
        await model.close();
      },
    };
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
): Promise<Model> {
  return openModel(await startModel(name, directory, given), telemetry);
}

function baseOf(
  { name, directory, tokenizer, options, pool }: StartedModel,
  loads: readonly LoadReport[],
): Omit<LoadedModel, 'close' | 'warmRuns'> {
  const { inputs, outputs } = pool.model;
  return { name, directory, tokenizer, options, inputs, outputs, loads };
}

/** Tells how the executors of the start came up, each with its first run. */
function tellLoads(
  started: StartedModel,
  telemetry: Telemetry,
  replies: readonly WarmReply[],
): readonly LoadReport[] {
  return started.loads.map((load) => {
    const first = replies.find(({ executor }) => executor === load.executor);
    return tellLoad(telemetry, started.name, load, first?.run);
  });
}

async function openGenerative(started: StartedModel, telemetry: Telemetry): Promise<GenerativeModel> {
  const { name, directory, tokenizer, options, pool, hooks } = started;
  const work = generateWork(tokenizer.encode('a', directory.maxTokens).ids);
  const loads = tellLoads(started, telemetry, await warmUp(pool, work, directory.graph));
  const runtime = createGenerativeRuntime({ name, tokenizer, limits: options, telemetry, pool });
  hooks.onFree = runtime.pump;
  return {
    ...baseOf(started, loads),
    kind: 'generative',
    warmRuns: [],
    generate: runtime.generate,
    close: () => pool.close(),
  };
}

async function openEmbedding(started: StartedModel, telemetry: Telemetry): Promise<EmbeddingModel> {
  const { name, directory, tokenizer, options, pool, hooks } = started;
  const { inputs, outputs } = pool.model;
  const fixed = fixedShape(inputs);
  const maxTokens = Math.min(directory.maxTokens, fixed.columns ?? Number.POSITIVE_INFINITY);
  const { ids } = tokenizer.encode('a', maxTokens);
  const replies = await warmUp(pool, embedWork(ids, fixed), directory.graph);
  const loads = tellLoads(started, telemetry, replies);
  const reply = replies[0]?.reply;
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
  // A graph with a shape of its own has run it already.
  const isOpen = fixed.rows === undefined && fixed.columns === undefined;
  const shapes = isOpen ? warmShapes({ ...limits, maxTokens }) : [];
  const warmRuns = await runShapes(pool, directory.graph, ids[0] ?? 0, shapes, options.warmUpMs);
  const runtime = createEmbeddingRuntime({ name, padTokenId, normalize, limits, telemetry, pool, fixed });
  hooks.onFree = runtime.queue.pump;
  return {
    ...baseOf(started, loads),
    warmRuns,
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
