import { randomBytes } from 'node:crypto';
import {
  type BatchRecord,
  InferometerError,
  type ItemTimes,
  type MonoMs,
  messageOf,
  noteBatch,
  type Telemetry,
} from '@inferometer/core';
import type { Work } from '../executor/pool.ts';
import type { ExecutorReply, RunSpan } from '../executor/protocol.ts';
import type { DispatchReason } from './policy.ts';
import type { RunCostModel } from './run-cost.ts';
import { type BatchPlace, runInExecutor, type TravelTimes } from './run-in-executor.ts';
import type { WorkItem } from './work-item.ts';

/** When a run was, as its executor's reply tells. */
export interface RunTimes extends RunSpan {
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

export interface BatchRun<P, R> extends BatchPlace<WorkItem<P, R>> {
  readonly items: readonly WorkItem<P, R>[];
  readonly reason: DispatchReason;
  readonly dispatched: MonoMs;
  /** Learns from the run. */
  readonly costs: Pick<RunCostModel, 'observe'>;
}

interface Context<P, R> {
  readonly name: string;
  readonly telemetry: Telemetry;
  readonly format: BatchFormat<P, R>;
}

/** Runs a batch in its executor, notes it, and answers its items. */
export function runBatch<P, R>(context: Context<P, R>, run: BatchRun<P, R>): void {
  const { items } = run;
  let assembled: Assembled;
  try {
    assembled = context.format.assemble(items.map((item) => item.payload));
  } catch (error) {
    const failed = new InferometerError('RUN_FAILED', messageOf(error), { cause: error });
    for (const item of items) item.reject(failed);
    run.over();
    run.lease.done();
    return;
  }
  runInExecutor(assembled.work, items, run, (reply, travel) =>
    settle(context, run, assembled, travel, reply),
  );
}

/** Notes the batch, shares its device time out and answers its items. */
function settle<P, R>(
  context: Context<P, R>,
  { items, reason, dispatched, lease, costs }: BatchRun<P, R>,
  { rows, width }: Assembled,
  travel: TravelTimes,
  reply: ExecutorReply,
): void {
  const { results, times } = context.format.takeApart(
    reply,
    items.map((item) => item.payload),
  );
  const { runStart, runEnd, cpuMs, device, replied } = times;
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
    device,
    cpuMs,
    inputTokens: total,
  };
  const owners = items.map((item) => item.trace);
  for (const trace of noteBatch(context.telemetry, batch, owners, tokens)) trace.addIterations(1);
  items.forEach((item, index) => {
    const { enqueued } = item;
    const itemTimes: ItemTimes = { enqueued, dispatched, runStart, runEnd, replied, ...travel };
    const result = results[index] as R | Error;
    if (result instanceof Error) item.reject(result);
    else item.resolve(result, itemTimes);
  });
}
