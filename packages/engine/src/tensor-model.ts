import { serialize } from 'node:v8';
import { InferometerError, type MonoMs, messageOf, monoNow, type Telemetry } from '@inferometer/core';
import type { CallOptions } from './call.ts';
import type { ExecutorPool } from './executor/pool.ts';
import type { TensorInfo } from './executor/protocol.ts';
import type { ModelOptions } from './options.ts';
import { type CheckOptions, checkTensors, outputsFor } from './tensor/check.ts';
import { runInferBatch } from './tensor/infer-batch.ts';
import { runPipelineBatch } from './tensor/pipeline-batch.ts';
import { createRowQueue, type RowQueue } from './tensor/row-queue.ts';
import { groupOf, rowsOf } from './tensor/rows.ts';
import { isInferItem, type TensorItem } from './tensor/tensor-item.ts';
import type { Tensors } from './tensor/types.ts';

export interface InferOptions extends CallOptions, CheckOptions {
  /** Outputs that are wanted, each once. @default all of them */
  readonly outputs?: readonly string[] | undefined;
}

/** The part of every model that is run with named tensors. */
export interface TensorRuntime {
  readonly queue: RowQueue<TensorItem>;
  /**
   * Runs the model on tensors by the names of its inputs. Requests that come together share runs where the model treats
   * each row by itself; those of one request stay together.
   * @returns the outputs by name
   * @throws {InferometerError} INVALID_INPUT that names the input, before anything is queued or, for what only the run
   * can tell, after it; OVERLOADED, CANCELLED, EXECUTOR_CRASHED or RUN_FAILED
   */
  infer(tensors: Tensors, options?: InferOptions): Promise<Tensors>;
  /**
   * Runs a request through the hooks that executors have loaded, and the model between them.
   * @param input anything that structured clone takes
   * @returns what `postprocess` gave; without one, the outputs by name
   * @throws {InferometerError} INVALID_INPUT if a hook says so, RUN_FAILED with the hook's name for other errors of it,
   * else as `infer`
   */
  runPipeline<Out = unknown>(input: unknown, options?: CallOptions): Promise<Out>;
}

export interface TensorRuntimeOptions {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly limits: Pick<Required<ModelOptions>, 'maxBatchSize' | 'maxWaitMs' | 'maxQueue'>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
  /** Whether rows of several requests may share a run. */
  readonly joins: boolean;
  /** Whether the queue is told to telemetry: a model that has another one already has its gauges. */
  readonly observed: boolean;
}

export function createTensorRuntime(options: TensorRuntimeOptions): TensorRuntime {
  const { name, limits, telemetry, pool } = options;
  const queue = createRowQueue<TensorItem>({
    maxBatchSize: limits.maxBatchSize,
    maxWaitMs: limits.maxWaitMs,
    capacity: limits.maxQueue,
    running: () => pool.busy,
    dispatch(items, reason, dispatched) {
      const lease = pool.acquire();
      if (!lease) return false;
      const batch = { model: name, telemetry, lease, reason, dispatched };
      const infers = items.filter(isInferItem);
      if (infers.length > 0) runInferBatch(batch, infers);
      else runPipelineBatch(batch, items as Exclude<TensorItem, (typeof infers)[number]>[], options.joins);
      return true;
    },
  });
  if (options.observed)
    telemetry.observer.queueAdded({ model: name, capacity: queue.capacity, depth: () => queue.depth });

  /** Queues an item and waits for what becomes of it. */
  const enqueue = async <T>(
    { trace, signal, deadline }: CallOptions,
    makeItem: (settle: {
      resolve: (value: T) => void;
      reject: (error: Error) => void;
      enqueued: MonoMs;
    }) => TensorItem,
  ): Promise<T> => {
    if (signal?.aborted)
      throw new InferometerError('CANCELLED', 'the request was cancelled before it was queued');
    const enqueued = monoNow();
    if (deadline !== undefined && deadline <= enqueued)
      throw new InferometerError('CANCELLED', 'the deadline passed before the request was queued');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const item = makeItem({ resolve, reject, enqueued });
    const { depth } = queue;
    trace?.enter('queue', enqueued);
    const onAbort = (): void => {
      queue.remove(item);
      reject(new InferometerError('CANCELLED', 'the request was cancelled while it was queued'));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      queue.add(item);
      telemetry.observer.queueArrival(name, depth);
      return await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    queue,
    async infer(tensors, call = {}) {
      checkTensors(tensors, options.inputs, call);
      const outputs = outputsFor(options.outputs, call.outputs);
      const rows = options.joins ? rowsOf(tensors) : undefined;
      const group = rows === undefined ? undefined : groupOf(tensors, outputs);
      return enqueue<Tensors>(call, (settle) => ({
        kind: 'infer',
        tensors,
        outputs,
        rows: rows ?? 1,
        group,
        trace: call.trace,
        deadline: call.deadline,
        ...settle,
      }));
    },
    async runPipeline<Out>(input: unknown, call: CallOptions = {}) {
      if (!pool.model.hooks)
        throw new InferometerError('INVALID_INPUT', `model ${name} was loaded without hooks`);
      const bytes = written(input);
      return enqueue<Out>(call, (settle) => ({
        kind: 'pipeline',
        input: bytes,
        rows: 1,
        group: 'pipeline',
        trace: call.trace,
        deadline: call.deadline,
        ...settle,
        resolve: settle.resolve as (value: unknown) => void,
      }));
    },
  };
}

/** What travels to a hook; written at once, so that an input that cannot travel disturbs nobody. */
function written(input: unknown): Uint8Array {
  try {
    return serialize(input);
  } catch (cause) {
    throw new InferometerError(
      'INVALID_INPUT',
      `the input cannot be sent to an executor: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}
