import { randomBytes } from 'node:crypto';
import {
  type BatchRecord,
  InferometerError,
  type ItemTimes,
  type MonoMs,
  messageOf,
  monoNow,
  noteBatch,
  type Telemetry,
} from '@inferometer/core';
import type { Lease, Work } from '../executor/pool.ts';
import type { ExecutorReply } from '../executor/protocol.ts';
import { afterCrash } from './after-crash.ts';
import type { DispatchReason } from './policy.ts';
import type { RunCostModel } from './run-cost.ts';
import type { WorkItem } from './work-item.ts';

/** When a run was, as its executor's reply tells. */
export interface RunTimes {
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
  readonly replied: MonoMs;
}

/** A batch as an executor gets it. */
export interface Assembled {
  readonly work: Work;
  /** Rows and tokens of each, padding included. */
  readonly rows: number;
  readonly width: number;
}

/** How items of a kind become one run, and its output their results. */
export interface BatchFormat<P, R> {
  assemble(payloads: readonly P[]): Assembled;
  /**
   * @returns the results in the order of the payloads, or the failure of one
   * @throws {Error} if the reply is not what such a run gives
   */
  takeApart(
    reply: ExecutorReply,
    payloads: readonly P[],
  ): { results: readonly (R | Error)[]; times: RunTimes };
}

export interface BatchRun<P, R> {
  readonly items: readonly WorkItem<P, R>[];
  readonly reason: DispatchReason;
  readonly dispatched: MonoMs;
  readonly lease: Lease;
  /** Learns from the run. */
  readonly costs: RunCostModel;
  /** Told once when the executor is done with it, before its place is given back. */
  readonly over: () => void;
  /** Takes items that may be run once more. */
  readonly retry: (items: readonly WorkItem<P, R>[]) => void;
}

interface Context<P, R> {
  readonly name: string;
  readonly telemetry: Telemetry;
  readonly format: BatchFormat<P, R>;
}

/** Runs a batch in its executor, notes it, and answers its items. */
export function runBatch<P, R>(context: Context<P, R>, run: BatchRun<P, R>): void {
  const { items, lease } = run;
  const payloads = items.map((item) => item.payload);
  const free = (): void => {
    run.over();
    lease.done();
  };
  const fail = (error: InferometerError): void => {
    for (const item of items) item.reject(error);
    free();
  };
  let assembled: Assembled;
  try {
    assembled = context.format.assemble(payloads);
  } catch (error) {
    fail(new InferometerError('RUN_FAILED', messageOf(error), { cause: error }));
    return;
  }
  const sent = monoNow();
  lease.send(assembled.work, {
    onReply(reply) {
      const received = monoNow();
      if (reply.type === 'failed') {
        const message = `the model run of ${items.length} items failed: ${reply.message}`;
        fail(new InferometerError('RUN_FAILED', message));
        return;
      }
      // The executor gets its next batch before this one's answers are made.
      free();
      try {
        settle(context, run, assembled, { sent, received }, reply);
      } catch (error) {
        const failed = new InferometerError('RUN_FAILED', messageOf(error), { cause: error });
        for (const item of items) item.reject(failed);
      }
    },
    onCrash(cause) {
      const again = afterCrash(items, cause);
      free();
      if (again.length > 0) run.retry(again);
    },
  });
}

/** Notes the batch, shares its device time out and answers its items. */
function settle<P, R>(
  context: Context<P, R>,
  { items, reason, dispatched, lease, costs }: BatchRun<P, R>,
  { rows, width }: Assembled,
  { sent, received }: { readonly sent: MonoMs; readonly received: MonoMs },
  reply: ExecutorReply,
): void {
  const { results, times } = context.format.takeApart(
    reply,
    items.map((item) => item.payload),
  );
  const { runStart, runEnd, replied } = times;
  costs.observe(rows, width, runEnd - runStart);
  const tokens = items.map((item) => item.tokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const batch: BatchRecord = {
    id: randomBytes(6).toString('hex'),
    model: context.name,
    executor: lease.executor,
    reason,
    size: items.length,
    tokens: total,
    paddingRatio: 1 - total / (rows * width),
    dispatched,
    runStart,
    runEnd,
  };
  const owners = items.map((item) => item.trace);
  for (const trace of noteBatch(context.telemetry, batch, owners, tokens)) trace.addIterations(1);
  items.forEach((item, index) => {
    const { enqueued } = item;
    const itemTimes: ItemTimes = { enqueued, dispatched, sent, runStart, runEnd, replied, received };
    const result = results[index] as R | Error;
    if (result instanceof Error) item.reject(result);
    else item.resolve(result, itemTimes);
  });
}
