import { randomBytes } from 'node:crypto';
import {
  type BatchRecord,
  InferometerError,
  type ItemTimes,
  type MonoMs,
  monoNow,
  noteBatch,
  type RequestTrace,
  sweepItems,
  type Telemetry,
} from '@inferometer/core';
import type { DispatchReason } from './batching/policy.ts';
import { type BatchItem, type BatchQueue, createBatchQueue, type ItemResult } from './batching/queue.ts';
import type { FixedShape } from './executor/graph-inputs.ts';
import type { ExecutorPool, Lease } from './executor/pool.ts';
import { normalizeRows } from './executor/pooling.ts';
import type { EmbeddedReply } from './executor/protocol.ts';
import type { Encoded } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';

/** The running part of a model that embeds: its queue, batches and executors. */
export interface EmbeddingRuntime {
  readonly queue: BatchQueue;
  /**
   * Embeds texts; those of one call may travel in several batches, beside those of other calls.
   * @param texts shape [n], n >= 1
   * @returns shape [n][dimensions], in the order of the texts
   * @throws {InferometerError} OVERLOADED, CANCELLED, EXECUTOR_CRASHED or RUN_FAILED
   */
  embed(texts: readonly Encoded[], request?: EmbedCall): Promise<Float32Array[]>;
}

export interface EmbedCall {
  /** Gets the phases queue, batch, run and postprocess. */
  readonly trace?: RequestTrace | undefined;
  /** Aborted when nobody waits any more: what still queues is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** Whether vectors are scaled to length 1. @default as the model's directory says */
  readonly normalize?: boolean | undefined;
}

export interface EmbeddingRuntimeOptions {
  readonly name: string;
  readonly padTokenId: number;
  /** Whether vectors are scaled to length 1 unless a call says otherwise. */
  readonly normalize: boolean;
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
  /** Sizes that the graph fixes; every batch is padded to them. */
  readonly fixed: FixedShape;
}

export function createEmbeddingRuntime(options: EmbeddingRuntimeOptions): EmbeddingRuntime {
  const { limits, telemetry } = options;
  const queue = createBatchQueue({
    ...limits,
    capacity: limits.maxQueue,
    running: () => options.pool.busy,
    hasFree: () => options.pool.busy < options.pool.size,
    dispatch(items, reason, dispatched) {
      const lease = options.pool.acquire();
      if (!lease) return false;
      runBatch(options, lease, items, reason, dispatched);
      return true;
    },
  });
  telemetry.observer.queueAdded({ model: options.name, capacity: queue.capacity, depth: () => queue.depth });

  return {
    queue,
    async embed(texts, { trace, signal, normalize = options.normalize } = {}) {
      if (signal?.aborted)
        throw new InferometerError('CANCELLED', 'the request was cancelled before it was queued');
      const enqueued = monoNow();
      const depth = queue.depth;
      const items: BatchItem[] = [];
      const results = texts.map(
        ({ ids }) =>
          new Promise<ItemResult>((resolve, reject) => {
            items.push({ ids, tokens: ids.length, enqueued, trace, resolve, reject });
          }),
      );
      const all = Promise.all(results);
      // A rejection is the caller's to handle; here it must not be unhandled while `add` throws.
      all.catch(() => {});
      trace?.enter('queue', enqueued);
      queue.add(items);
      telemetry.observer.queueArrival(options.name, depth);
      const onAbort = (): void => {
        queue.remove(new Set(items));
        const error = new InferometerError('CANCELLED', 'the request was cancelled while it was queued');
        for (const item of items) item.reject(error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        const done = await all;
        trace?.replay(
          sweepItems(
            done.map((result) => result.times),
            enqueued,
          ),
        );
        trace?.enter('postprocess');
        if (normalize) for (const { vector } of done) normalizeRows(vector, vector.length);
        return done.map((result) => result.vector);
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}

function runBatch(
  options: EmbeddingRuntimeOptions,
  lease: Lease,
  items: readonly BatchItem[],
  reason: DispatchReason,
  dispatched: MonoMs,
): void {
  const rows = options.fixed.rows ?? items.length;
  const columns = options.fixed.columns ?? items.reduce((longest, item) => Math.max(longest, item.tokens), 1);
  const ids = new Int32Array(rows * columns).fill(options.padTokenId);
  items.forEach((item, row) => {
    ids.set(item.ids, row * columns);
  });
  // Rows that only fill a fixed batch have one token: a row of none has no mean.
  const lengths = new Int32Array(rows).fill(1);
  items.forEach((item, row) => {
    lengths[row] = item.tokens;
  });
  const fail = (error: InferometerError): void => {
    for (const item of items) item.reject(error);
    lease.done();
  };
  lease.send(
    { type: 'embed', rows, columns, ids, lengths },
    {
      onReply(reply) {
        if (reply.type === 'embedded') {
          // The executor gets its next batch before this one's answers are made.
          lease.done();
          settle(options, lease, items, reason, dispatched, rows * columns, reply);
        } else {
          const why = 'message' in reply ? reply.message : `unexpected ${reply.type}`;
          fail(new InferometerError('RUN_FAILED', `the model run of ${items.length} items failed: ${why}`));
        }
      },
      onCrash: fail,
    },
  );
}

/** Notes the batch, shares its device time out and answers its items. */
function settle(
  options: EmbeddingRuntimeOptions,
  lease: Lease,
  items: readonly BatchItem[],
  reason: DispatchReason,
  dispatched: MonoMs,
  paddedTokens: number,
  reply: EmbeddedReply,
): void {
  const tokens = items.map((item) => item.tokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const { runStart, runEnd, dimensions, vectors } = reply;
  const batch: BatchRecord = {
    id: randomBytes(6).toString('hex'),
    model: options.name,
    executor: lease.executor,
    reason,
    size: items.length,
    tokens: total,
    paddingRatio: 1 - total / paddedTokens,
    dispatched,
    runStart,
    runEnd,
  };
  const owners = items.map((item) => item.trace);
  for (const trace of noteBatch(options.telemetry, batch, owners, tokens)) trace.addIterations(1);
  items.forEach((item, row) => {
    const times: ItemTimes = { enqueued: item.enqueued, dispatched, runStart, runEnd };
    item.resolve({ vector: vectors.subarray(row * dimensions, (row + 1) * dimensions), times });
  });
}
