import { InferometerError, monoNow, sweepItems } from '@inferometer/core';
import { afterCrash } from '../batching/after-crash.ts';
import type { InferredReply } from '../executor/protocol.ts';
import { noteRun } from './note-run.ts';
import { isRunFailure, runError } from './run-failure.ts';
import type { InferItem, LeavingBatch, TravelTimes } from './tensor-item.ts';

/**
 * Runs requests of one group together and answers each.
 * @param items shape [n], n >= 1
 */
export function runInferBatch(batch: LeavingBatch, items: readonly InferItem[]): void {
  const { lease } = batch;
  const free = (): void => {
    batch.over();
    lease.done();
  };
  const fail = (error: InferometerError): void => {
    for (const item of items) item.reject(error);
    free();
  };
  const sent = monoNow();
  lease.send(
    {
      type: 'infer',
      items: items.map((item) => item.tensors),
      outputs: (items[0] as InferItem).outputs,
    },
    {
      onReply(reply) {
        const received = monoNow();
        if (reply.type === 'inferred') {
          // The executor gets its next batch before this one's answers are made.
          free();
          settle(batch, items, reply, { sent, received });
        } else {
          const why = 'message' in reply ? reply.message : `unexpected ${reply.type}`;
          fail(
            new InferometerError('RUN_FAILED', `the model run of ${items.length} requests failed: ${why}`),
          );
        }
      },
      onCrash(cause) {
        const again = afterCrash(items, cause);
        free();
        if (again.length > 0) batch.retry(again);
      },
    },
  );
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
