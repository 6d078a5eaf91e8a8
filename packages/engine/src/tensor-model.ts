import { serialize } from 'node:v8';
import { InferometerError, messageOf, monoNow, type Telemetry } from '@inferometer/core';
import type { Refusal } from './admission/refusal.ts';
import { callOf } from './batching/call-of.ts';
import { type BatchQueue, createBatchQueue, unplaced } from './batching/queue.ts';
import { createRunCostModel } from './batching/run-cost.ts';
import { submit } from './batching/submit.ts';
import type { CallOptions } from './call.ts';
import type { ExecutorPool } from './executor/pool.ts';
import type { TensorInfo } from './executor/protocol.ts';
import type { ModelOptions } from './options.ts';
import { type CheckOptions, checkTensors, outputsFor } from './tensor/check.ts';
import { runInferBatch } from './tensor/infer-batch.ts';
import { runPipelineBatch } from './tensor/pipeline-batch.ts';
import { groupOf, rowsOf } from './tensor/rows.ts';
import { isInferItem, type TensorItem, type TensorItemBase } from './tensor/tensor-item.ts';
import type { Tensors } from './tensor/types.ts';

export interface InferOptions extends CallOptions, CheckOptions {
  /** Outputs that are wanted, each once. @default all of them */
  readonly outputs?: readonly string[] | undefined;
}

/** The part of every model that is run with named tensors. */
export interface TensorRuntime {
  readonly queue: BatchQueue<TensorItem>;
  /**
   * Runs the model on tensors by the names of its inputs. Requests that come together share runs where the model treats
   * each row by itself; those of one request stay together.
   * @returns the outputs by name
   * @throws {InferometerError} INVALID_INPUT that names the input, before anything is queued or, for what only the run
   * can tell, after it; else as `submit`, or EXECUTOR_CRASHED, RUN_TIMEOUT or RUN_FAILED
   */
  infer(tensors: Tensors, options?: InferOptions): Promise<Tensors>;
  /** Whether a call of `infer` or `runPipeline` would be let in now, and why not: a look that costs microseconds. */
  inferRefusal(call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>): Refusal | undefined;
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
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
  /** Whether rows of several requests may share a run. */
  readonly joins: boolean;
  /** Whether the queue is told to telemetry: a model that has another one already has its gauges. */
  readonly observed: boolean;
}

export function createTensorRuntime(options: TensorRuntimeOptions): TensorRuntime {
  const { name, limits, telemetry, pool } = options;
  const costs = createRunCostModel({ isPadded: false });
  const queue = createBatchQueue<TensorItem>({
    ...limits,
    isPadded: false,
    capacity: limits.maxQueue,
    costs,
    pool,
    dispatch(items, reason, dispatched, over) {
      const lease = pool.acquire();
      if (!lease) return false;
      const batch = { model: name, telemetry, lease, reason, dispatched, costs, over, retry: queue.putBack };
      const infers = items.filter(isInferItem);
      if (infers.length > 0) runInferBatch(batch, infers);
      else runPipelineBatch(batch, items as Exclude<TensorItem, (typeof infers)[number]>[], options.joins);
      return true;
    },
  });
  if (options.observed)
    telemetry.observer.queueAdded({ model: name, capacity: queue.capacity, depth: () => queue.depth });

  /** Queues an item and waits for what becomes of it. */
  const enqueue = <T>(
    call: CallOptions,
    tokens: number,
    makeItem: (common: TensorItemBase & { readonly resolve: (value: T) => void }) => TensorItem,
  ): Promise<T> => {
    const queued = callOf(call, limits);
    const enqueued = monoNow();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const item = makeItem({
      tokens,
      trace: call.trace,
      deadline: queued.deadline,
      enqueued,
      ...unplaced,
      alone: false,
      resolve,
      reject,
    });
    return submit(queue, options, { items: [item], results: promise, enqueued, queued, call });
  };

  return {
    queue,
    inferRefusal: (call) => queue.refusal(callOf(call, limits)),
    async infer(tensors, call = {}) {
      checkTensors(tensors, options.inputs, call);
      const outputs = outputsFor(options.outputs, call.outputs);
      const rows = options.joins ? rowsOf(tensors) : undefined;
      const group = rows === undefined ? undefined : groupOf(tensors, outputs);
      return enqueue<Tensors>(call, rows ?? 1, (common) => ({
        ...common,
        kind: 'infer',
        tensors,
        outputs,
        group,
      }));
    },
    async runPipeline<Out>(input: unknown, call: CallOptions = {}) {
      if (!pool.model.hooks)
        throw new InferometerError('INVALID_INPUT', `model ${name} was loaded without hooks`);
      const bytes = written(input);
      return enqueue<Out>(call, 1, (common) => ({
        ...common,
        kind: 'pipeline',
        input: bytes,
        group: 'pipeline',
        resolve: common.resolve as (value: unknown) => void,
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
