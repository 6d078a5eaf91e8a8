import { type ItemTimes, monoNow, sweepItems, type Telemetry } from '@inferometer/core';
import type { Refusal } from '../admission/refusal.ts';
import type { CallOptions } from '../call.ts';
import type { ExecutorPool } from '../executor/pool.ts';
import type { ModelOptions } from '../options.ts';
import { type BatchFormat, runBatch } from './batch-run.ts';
import { callOf } from './call-of.ts';
import { createLoneRuns } from './lone-runs.ts';
import { createBatchQueue, unplaced } from './queue.ts';
import { createRunCostModel, type RunCostModel } from './run-cost.ts';
import { runShape } from './run-shape.ts';
import { submit } from './submit.ts';
import type { WorkItem } from './work-item.ts';

/** One input of a call. */
export interface BatchInput<P> {
  readonly payload: P;
  /** Tokens, or whatever else its run time goes by, >= 1. */
  readonly tokens: number;
  /** Inputs of different groups never share a run. */
  readonly group?: string | undefined;
}

/** A model's queue, its batches and what they cost: the way of every call that can share a run with others. */
export interface BatchRuntime<P, R> {
  readonly depth: number;
  /** What its runs were seen to cost. */
  readonly costs: RunCostModel;
  /**
   * Runs inputs; those of one call may travel in several batches, beside those of other calls.
   * @param inputs shape [n], n >= 1
   * @returns shape [n], in the order of the inputs
   * @throws {InferometerError} OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, EXECUTOR_CRASHED, RUN_TIMEOUT or RUN_FAILED
   */
  run(inputs: readonly BatchInput<P>[], call?: CallOptions): Promise<R[]>;
  /** Whether a call of one input like those of late would be let in now: for a look before anything is done for it. */
  refusal(call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>): Refusal | undefined;
  /** Lets batches leave; called when an executor comes free. */
  pump(): void;
  /** Lets all that waits leave. */
  drain(): void;
}

export interface BatchRuntimeOptions<P, R> {
  readonly name: string;
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
  readonly format: BatchFormat<P, R>;
}

export function createBatchRuntime<P, R>(options: BatchRuntimeOptions<P, R>): BatchRuntime<P, R> {
  const { limits, telemetry, name, pool } = options;
  const costs = createRunCostModel();
  const lone = createLoneRuns();
  /** Who learns from a run. */
  const learnersOf = (isAlone: boolean, isSolo: boolean): Pick<RunCostModel, 'observe'> => {
    if (!isAlone) {
      lone.join();
      return costs;
    }
    const alone = lone.begin(isSolo);
    if (isSolo) return alone;
    return {
      observe(rows, width, ms) {
        costs.observe(rows, width, ms);
        alone.observe(rows, width, ms);
      },
    };
  };

  const queue = createBatchQueue<WorkItem<P, R>>({
    ...limits,
    capacity: limits.maxQueue,
    costs,
    pool,
    dispatch(items, reason, dispatched, done) {
      const isAlone = pool.canRunSolo && queue.depth === 0;
      const lease = pool.acquire(isAlone && lone.prefersSolo(runShape(items)));
      if (!lease) return false;
      runBatch(options, {
        items,
        reason,
        dispatched,
        lease,
        costs: learnersOf(isAlone, lease.isSolo),
        over: done,
        retry: (again) => queue.putBack(again),
      });
      return true;
    },
  });
  telemetry.observer.queueAdded({ model: name, capacity: queue.capacity, depth: () => queue.depth });

  return {
    get depth() {
      return queue.depth;
    },
    costs,
    refusal: (call) => queue.refusal(callOf(call, limits)),
    pump: queue.pump,
    drain: queue.drain,
    async run(inputs, call = {}) {
      const { trace } = call;
      const queued = callOf(call, limits);
      const enqueued = monoNow();
      const items: WorkItem<P, R>[] = [];
      const results = inputs.map(
        ({ payload, tokens, group }) =>
          new Promise<{ result: R; times: ItemTimes }>((resolve, reject) => {
            items.push({
              payload,
              tokens,
              group,
              enqueued,
              trace,
              deadline: queued.deadline,
              ...unplaced,
              alone: false,
              resolve: (result, times) => resolve({ result, times }),
              reject,
            });
          }),
      );
      const done = await submit(queue, options, {
        items,
        results: Promise.all(results),
        enqueued,
        queued,
        call,
      });
      trace?.replay(
        sweepItems(
          done.map(({ times }) => times),
          enqueued,
        ),
      );
      trace?.enter('postprocess');
      return done.map(({ result }) => result);
    },
  };
}
