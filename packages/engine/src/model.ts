import type { Telemetry } from '@inferometer/core';
import type { Refusal } from './admission/refusal.ts';
import { callOf } from './batching/call-of.ts';
import type { CallOptions } from './call.ts';
import { createEmbeddingRuntime, type EmbeddingRuntime } from './embedding-model.ts';
import { fixedShape, isDecoder } from './executor/graph-inputs.ts';
import { checkTensorModel, hasBatchRows, warmUpTensors } from './executor/infer-work.ts';
import type { TensorInfo } from './executor/protocol.ts';
import { embedWork, generateWork, warmUp } from './executor/warm-up.ts';
import { createGenerativeRuntime, type GenerativeRuntime } from './generative-model.ts';
import type { HookName } from './hooks/contract.ts';
import type { ModelDirectory } from './model/directory.ts';
import { invalid } from './model/files.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';
import { type StartedModel, type StartOptions, startModel } from './started-model.ts';
import { createTensorRuntime, type TensorRuntime } from './tensor-model.ts';

interface LoadedModel extends Pick<TensorRuntime, 'infer' | 'runPipeline'> {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly options: Required<ModelOptions>;
  /** Whether a small call would be let in now, and why not: a look that costs microseconds. */
  refusal(call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>): Refusal | undefined;
  /** Hooks that its executors have loaded. */
  readonly hooks: readonly HookName[];
  /** Drains the queue and ends the executors. */
  close(): Promise<void>;
}

/** A model that turns texts into vectors. */
export interface EmbeddingModel extends LoadedModel, Pick<EmbeddingRuntime, 'embed'> {
  readonly kind: 'embedding';
  readonly tokenizer: Tokenizer;
  readonly dimensions: number;
}

/** A model that continues texts. */
export interface GenerativeModel extends LoadedModel, Pick<GenerativeRuntime, 'generate'> {
  readonly kind: 'generative';
  readonly tokenizer: Tokenizer;
  /**
   * Whether generations of an executor share model runs. Seen when the model is loaded: they take turns where the graph
   * takes one row only, cannot mask, or gives a row other logits beside others than alone.
   */
  readonly together: boolean;
}

/** Any other model: it is run with named tensors alone. */
export interface TensorModel extends LoadedModel {
  readonly kind: 'tensor';
}

export type Model = EmbeddingModel | GenerativeModel | TensorModel;

/**
 * Warms a started model up and puts its queue before it.
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export async function openModel(started: StartedModel, telemetry: Telemetry): Promise<Model> {
  const { name, hooks, pool } = started;
  hooks.onRestart = () => telemetry.observer.executorRestarted(name);
  hooks.onLoaded = (seconds) => telemetry.observer.modelLoaded({ model: name, seconds });
  hooks.onMetrics = telemetry.observer.executorMetrics;
  for (const path of started.metricFiles) hooks.onMetrics(path, true);
  for (const seconds of started.loads) hooks.onLoaded(seconds);
  try {
    const { tokenizer } = started;
    if (tokenizer === undefined) return await openTensor(started, telemetry);
    return isDecoder(pool.model.inputs)
      ? await openGenerative(started, tokenizer, telemetry)
      : await openEmbedding(started, tokenizer, telemetry);
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
  given: StartOptions = {},
): Promise<Model> {
  return openModel(await startModel(name, directory, given), telemetry);
}

type Base = Omit<LoadedModel, 'close' | 'refusal'>;

/** What models of all kinds have. */
function baseOf({ name, directory, options, pool }: StartedModel, tensors: TensorRuntime): Base {
  const { inputs, outputs, hooks = [] } = pool.model;
  const { infer, runPipeline } = tensors;
  return { name, directory, options, inputs, outputs, hooks, infer, runPipeline };
}

/** The queue of named tensors, beside the texts' or as the only one. */
function tensorRuntime(
  { name, options: limits, pool }: StartedModel,
  telemetry: Telemetry,
  how: { readonly joins: boolean; readonly observed: boolean },
): TensorRuntime {
  const { inputs, outputs } = pool.model;
  return createTensorRuntime({ name, inputs, outputs, limits, telemetry, pool, ...how });
}

/** A place that comes free is offered to both queues, to each first in turn, so that neither starves the other. */
function takeTurns(first: () => void, second: () => void): () => void {
  let order = [first, second];
  return () => {
    order = order.toReversed();
    for (const pump of order) pump();
  };
}

async function openTensor(started: StartedModel, telemetry: Telemetry): Promise<TensorModel> {
  const { directory, pool, hooks } = started;
  checkTensorModel(directory.graph, pool.model.inputs, pool.model.outputs);
  const { joins } = await warmUpTensors(pool);
  const runtime = tensorRuntime(started, telemetry, { joins, observed: true });
  hooks.onFree = runtime.queue.pump;
  return {
    ...baseOf(started, runtime),
    kind: 'tensor',
    refusal: (call) => runtime.queue.refusal(callOf(call, started.options), 1, 1),
    async close() {
      runtime.queue.drain();
      await pool.close();
    },
  };
}

async function openGenerative(
  started: StartedModel,
  tokenizer: Tokenizer,
  telemetry: Telemetry,
): Promise<GenerativeModel> {
  const { name, directory, options, pool, hooks } = started;
  await warmUp(pool, generateWork(tokenizer.encode('a', directory.maxTokens).ids), directory.graph);
  const runtime = createGenerativeRuntime({ name, tokenizer, limits: options, telemetry, pool });
  // A decoder's past is a row's own, but grows with it: requests of tensors run by themselves.
  const tensors = tensorRuntime(started, telemetry, { joins: false, observed: false });
  hooks.onFree = takeTurns(runtime.pump, tensors.queue.pump);
  return {
    ...baseOf(started, tensors),
    tokenizer,
    kind: 'generative',
    together: pool.model.together ?? false,
    generate: runtime.generate,
    refusal: runtime.refusal,
    close: () => pool.close(),
  };
}

async function openEmbedding(
  started: StartedModel,
  tokenizer: Tokenizer,
  telemetry: Telemetry,
): Promise<EmbeddingModel> {
  const { name, directory, options, pool, hooks } = started;
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
  const joins = hasBatchRows(inputs, outputs);
  const tensors = tensorRuntime(started, telemetry, { joins, observed: false });
  hooks.onFree = takeTurns(runtime.batches.pump, tensors.queue.pump);
  void pool.startSolo();
  return {
    ...baseOf(started, tensors),
    tokenizer,
    directory: { ...directory, maxTokens },
    kind: 'embedding',
    dimensions: reply.dimensions,
    embed: runtime.embed,
    refusal: runtime.batches.refusal,
    async close() {
      runtime.batches.drain();
      tensors.queue.drain();
      await pool.close();
    },
  };
}
