import type { ModelReading, Telemetry } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { Refusal } from './admission/refusal.ts';
import { type CachedEmbed, type CachedModel, withCaches } from './cache/cached-model.ts';
import type { Caches } from './cache/caches.ts';
import { fingerprintOf } from './cache/fingerprint.ts';
import type { CallOptions } from './call.ts';
import { createEmbeddingRuntime } from './embedding-model.ts';
import { fixedShape, isDecoder } from './executor/graph-inputs.ts';
import { checkTensorModel, hasBatchRows, warmUpTensors } from './executor/infer-work.ts';
import type { TensorInfo } from './executor/protocol.ts';
import { runShapes, type WarmRun, warmShapes } from './executor/warm-shapes.ts';
import { embedWork, generateWork, type WarmReply, warmUp } from './executor/warm-up.ts';
import { createGenerativeRuntime, type GenerativeRuntime } from './generative-model.ts';
import type { HookName } from './hooks/contract.ts';
import { type LoadReport, tellLoad } from './load/tell-load.ts';
import { type ChatTemplate, loadChatTemplate } from './model/chat-template.ts';
import type { ModelDirectory } from './model/directory.ts';
import { invalid } from './model/files.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import { keepOptimised } from './model-cache/keep-optimised.ts';
import type { ModelOptions } from './options.ts';
import { type StartedModel, type StartOptions, startModel } from './started-model.ts';
import { createTensorRuntime, type TensorRuntime } from './tensor-model.ts';

interface LoadedModel extends CachedModel, Pick<TensorRuntime, 'infer' | 'inferRefusal' | 'runPipeline'> {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly options: Required<ModelOptions>;
  /** Whether a usual call of what its kind does would be let in now, and why not: a look that costs microseconds. */
  refusal(call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>): Refusal | undefined;
  /** Hooks that its executors have loaded. */
  readonly hooks: readonly HookName[];
  /** How each executor loaded it. */
  readonly loads: readonly LoadReport[];
  /** Runs before it served anybody, one of each shape, the first one of all not among them. */
  readonly warmRuns: readonly WarmRun[];
  /** Drains the queue and ends the executors. */
  close(): Promise<void>;
}

/** A model that turns texts into vectors. */
export interface EmbeddingModel extends LoadedModel {
  readonly kind: 'embedding';
  readonly tokenizer: Tokenizer;
  /** As `EmbeddingRuntime` has it, through the cache where there is one. */
  readonly embed: CachedEmbed;
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
  /** How it wants conversations written. */
  readonly chat: ChatTemplate;
}

/** Any other model: it is run with named tensors alone. */
export interface TensorModel extends LoadedModel {
  readonly kind: 'tensor';
}

export type Model = EmbeddingModel | GenerativeModel | TensorModel;

/** An executor that is done without meanwhile must not keep the first answers waiting. */
const soloDelayMs = 500;

/**
 * Warms a started model up and puts its queue before it, and caches before that.
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export async function openModel(
  started: StartedModel,
  telemetry: Telemetry,
  caches?: Caches,
): Promise<Model> {
  const { name, hooks, pool, fellBack } = started;
  if (fellBack !== undefined) diag.warn(`${name} runs on the CPU: ${fellBack}`);
  hooks.onRestart = () => telemetry.observer.executorRestarted(name);
  hooks.onMetrics = telemetry.observer.executorMetrics;
  for (const path of started.metricFiles) hooks.onMetrics(path, true);
  try {
    const [opened, fingerprint] = await Promise.all([
      openKind(started, telemetry),
      caches && fingerprintOf(started.directory),
    ]);
    const solo =
      opened.kind === 'embedding' ? setTimeout(() => void pool.startSolo(), soloDelayMs) : undefined;
    const caching = keepOptimised(started);
    const model: Model = {
      ...opened,
      async close() {
        clearTimeout(solo);
        caching?.stop();
        await opened.close();
      },
    };
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
  given: StartOptions = {},
  caches?: Caches,
): Promise<Model> {
  return openModel(await startModel(name, directory, given), telemetry, caches);
}

function openKind(started: StartedModel, telemetry: Telemetry): Promise<Model> {
  const { tokenizer } = started;
  if (tokenizer === undefined) return openTensor(started, telemetry);
  return isDecoder(started.pool.model.inputs)
    ? openGenerative(started, tokenizer, telemetry)
    : openEmbedding(started, tokenizer, telemetry);
}

type Base = Omit<LoadedModel, 'close' | 'refusal' | 'warmRuns'>;

/** What models of all kinds have. */
function baseOf(
  { name, directory, options, pool }: StartedModel,
  { infer, inferRefusal, runPipeline }: TensorRuntime,
  loads: readonly LoadReport[],
): Base {
  const { inputs, outputs, hooks = [] } = pool.model;
  return { name, directory, options, inputs, outputs, hooks, infer, inferRefusal, runPipeline, loads };
}

/** Tells how the executors of the start came up, each with its first run. */
function tellLoads(
  { name, hooks, loads }: StartedModel,
  telemetry: Telemetry,
  replies: readonly WarmReply[],
): readonly LoadReport[] {
  // Of executors that come later, or back after a crash: requests have their first runs.
  hooks.onLoaded = (load) => void tellLoad(telemetry, name, load);
  return loads.map((load) => {
    const first = replies.find(({ executor }) => executor === load.executor);
    return tellLoad(telemetry, name, load, first?.run);
  });
}

/** Has metrics read how the model and its executors are. */
function tellModel(
  { name, pool }: StartedModel,
  telemetry: Telemetry,
  reading: Pick<ModelReading, 'batchSizeLimit' | 'generations'>,
): void {
  telemetry.observer.modelOpened({ model: name, executors: () => pool.states, ...reading });
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
  const loads = tellLoads(started, telemetry, []);
  const runtime = tensorRuntime(started, telemetry, { joins, observed: true });
  tellModel(started, telemetry, { batchSizeLimit: joins ? started.options.maxBatchSize : 1 });
  hooks.onFree = runtime.queue.pump;
  return {
    ...baseOf(started, runtime, loads),
    kind: 'tensor',
    warmRuns: [],
    refusal: runtime.inferRefusal,
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
  const work = generateWork(tokenizer.encode('a', directory.maxTokens).ids);
  const loads = tellLoads(started, telemetry, await warmUp(pool, work, directory.graph));
  const { maxTokens } = directory;
  const runtime = createGenerativeRuntime({ name, tokenizer, maxTokens, limits: options, telemetry, pool });
  // A decoder's past is a row's own, but grows with it: requests of tensors run by themselves.
  const tensors = tensorRuntime(started, telemetry, { joins: false, observed: false });
  const together = pool.model.together ?? false;
  const batchSizeLimit = together ? options.maxGenerations : 1;
  tellModel(started, telemetry, { batchSizeLimit, generations: runtime.reading });
  hooks.onFree = takeTurns(runtime.pump, tensors.queue.pump);
  return {
    ...baseOf(started, tensors, loads),
    tokenizer,
    kind: 'generative',
    warmRuns: [],
    together,
    chat: loadChatTemplate(directory),
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
  // What has been seen so far of the costs of runs: the first batches need not be guesses.
  for (const { rows, columns, ms } of warmRuns) runtime.batches.costs.observe(rows, columns, ms);
  tellModel(started, telemetry, { batchSizeLimit: limits.maxBatchSize });
  const joins = hasBatchRows(inputs, outputs);
  const tensors = tensorRuntime(started, telemetry, { joins, observed: false });
  hooks.onFree = takeTurns(runtime.batches.pump, tensors.queue.pump);
  return {
    ...baseOf(started, tensors, loads),
    tokenizer,
    warmRuns,
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
