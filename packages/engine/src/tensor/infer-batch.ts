import { sweepItems } from '@inferometer/core';
import { runInExecutor, type TravelTimes } from '../batching/run-in-executor.ts';
import type { InferredReply } from '../executor/protocol.ts';
import { noteRun } from './note-run.ts';
import { isRunFailure, runError } from './run-failure.ts';
import type { InferItem, LeavingBatch } from './tensor-item.ts';

/**
 * Runs requests of one group together and answers each.
 * @param items shape [n], n >= 1
 */
export function runInferBatch(batch: LeavingBatch, items: readonly InferItem[]): void {
  const work = {
    type: 'infer',
    items: items.map((item) => item.tensors),
    outputs: (items[0] as InferItem).outputs,
  } as const;
  runInExecutor(work, items, batch, (reply, travel) => {
    if (reply.type !== 'inferred') throw new Error(`the executor gave ${reply.type}, expected tensors`);
    settle(batch, items, reply, travel);
  });
}

function settle(
  batch: LeavingBatch,
  items: readonly InferItem[],
  reply: InferredReply,
  travel: TravelTimes,
): void {
  noteRun(batch, items, reply);
  const { runStart, runEnd, replied, results } = reply;
  const { dispatched } = batch;
  items.forEach((item, index) => {
    const { enqueued, trace } = item;
    trace?.replay(sweepItems([{ enqueued, dispatched, runStart, runEnd, replied, ...travel }], enqueued));
    trace?.enter('postprocess');
    const result = results[index] as InferredReply['results'][number];
    if (isRunFailure(result)) item.reject(runError(result));
    else item.resolve(result);
  });
}
