import type { Telemetry } from '@inferometer/core';
import { createEmbeddingRuntime, type EmbeddingRuntime, type FixedShape } from './embedding-model.ts';
import { isDecoder } from './executor/kind.ts';
import { createExecutorPool, type ExecutorPool, type Work } from './executor/pool.ts';
import type { ExecutorReply, TensorInfo } from './executor/protocol.ts';
import { createGenerativeRuntime, type GenerativeRuntime } from './generative-model.ts';
import type { ModelDirectory } from './model/directory.ts';
import { invalid } from './model/files.ts';
import { loadTokenizer, type Tokenizer } from './model/tokenizer.ts';
import { type ModelOptions, resolveModelOptions } from './options.ts';

interface LoadedModel {
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
export interface EmbeddingModel extends LoadedModel, Pick<EmbeddingRuntime, 'embed'> {
  readonly kind: 'embedding';
  readonly dimensions: number;
}

/** A model that continues texts. */
export interface GenerativeModel extends LoadedModel, Pick<GenerativeRuntime, 'generate'> {
  readonly kind: 'generative';
}

export type Model = EmbeddingModel | GenerativeModel;

/** A model whose executors are being started, before anybody watches it. */
export interface StartedModel {
  readonly name: string;
  readonly directory: ModelDirectory;
  readonly options: Required<ModelOptions>;
  readonly tokenizer: Tokenizer;
  readonly pool: ExecutorPool;
  /** What the executors tell; replaced when the model is opened. */
  readonly hooks: { onFree: () => void; onRestart: () => void; onLoaded: (seconds: number) => void };
  /** Loads that nobody was told of yet, s. */
  readonly loads: readonly number[];
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
  given: ModelOptions = {},
): Promise<StartedModel> {
  const options = resolveModelOptions(given);
  const loads: number[] = [];
  const hooks: StartedModel['hooks'] = {
    onFree: () => {},
    onRestart: () => {},
    onLoaded: (seconds) => loads.push(seconds),
  };
  const starting = createExecutorPool({
    size: options.executors,
    places: (model) => (isDecoder(model.inputs) ? options.maxGenerations : 1),
    load: {
      type: 'load',
      graph: directory.graph,
      threads: options.threads,
      pooling: directory.pooling.modes,
      eosTokenIds: directory.eosTokenIds,
    },
    onFree: () => hooks.onFree(),
    onRestart: () => hooks.onRestart(),
    onLoaded: (seconds) => hooks.onLoaded(seconds),
  });
  try {
    const tokenizer = loadTokenizer(directory);
    return { name, directory, options, tokenizer, pool: await starting, hooks, loads };
  } catch (error) {
    await starting.then(
      (pool) => pool.close(),
      () => {},
    );
    throw error;
  }
}

/**
 * Warms a started model up and puts its queue before it.
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export async function openModel(started: StartedModel, telemetry: Telemetry): Promise<Model> {
  const { name, hooks, pool } = started;
  hooks.onRestart = () => telemetry.observer.executorRestarted(name);
  hooks.onLoaded = (seconds) => telemetry.observer.modelLoaded({ model: name, seconds });
  for (const seconds of started.loads) hooks.onLoaded(seconds);
  try {
    return isDecoder(pool.model.inputs)
      ? await openGenerative(started, telemetry)
      : await openEmbedding(started, telemetry);
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

/** Dimensions of the token ids that the graph fixes. */
function fixedShape(inputs: readonly TensorInfo[]): FixedShape {
  const [rows, columns] = inputs.find((input) => input.name === 'input_ids')?.shape ?? [];
  return {
    ...(typeof rows === 'number' && rows > 0 ? { rows } : {}),
    ...(typeof columns === 'number' && columns > 0 ? { columns } : {}),
  };
}

function embedWork(ids: Int32Array, fixed: FixedShape): Work {
  const rows = fixed.rows ?? 1;
  const columns = fixed.columns ?? ids.length;
  const padded = new Int32Array(rows * columns);
  padded.set(ids.subarray(0, columns));
  return {
    type: 'embed',
    rows,
    columns,
    ids: padded,
    lengths: new Int32Array(rows).fill(Math.max(1, ids.length)),
  };
}

function generateWork(prompt: Int32Array): Work {
  return { type: 'generate', prompt, sampling: { maxTokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 } };
}

/**
 * Runs a piece of work in every executor: the first run of a graph allocates and is slow.
 * @returns the last reply of the first executor
 * @throws {InferometerError} INVALID_MODEL with what the run said
 */
async function warmUp(pool: ExecutorPool, work: Work, graph: string): Promise<ExecutorReply | undefined> {
  const leases = Array.from({ length: pool.size }, () => pool.acquire());
  const replies = await Promise.all(
    leases.map(
      (lease) =>
        new Promise<ExecutorReply | undefined>((resolve, reject) => {
          if (!lease) return resolve(undefined);
          const done = (settle: () => void): void => {
            lease.done();
            settle();
          };
          lease.send(work, {
            onReply: (reply) => {
              if (reply.type === 'token') return;
              if (reply.type === 'failed')
                done(() => reject(invalid(`${graph} cannot be run: ${oneLine(reply.message)}`)));
              else done(() => resolve(reply));
            },
            onCrash: (cause) => done(() => reject(cause)),
          });
        }),
    ),
  );
  return replies[0];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
