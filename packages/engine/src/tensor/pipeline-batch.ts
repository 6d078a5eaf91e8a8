import { deserialize } from 'node:v8';
import type { InferometerError, Mark } from '@inferometer/core';
import { runInExecutor, type TravelTimes } from '../batching/run-in-executor.ts';
import type { PipelinedReply, PipelineResult, RunFailure } from '../executor/protocol.ts';
import type { HookFailure } from '../hooks/contract.ts';
import { hookError } from '../hooks/hook-error.ts';
import { noteRun } from './note-run.ts';
import { runError } from './run-failure.ts';
import type { LeavingBatch, PipelineItem } from './tensor-item.ts';

/**
 * Runs requests through the executor's hooks and answers each: what fails for one fails for that one alone.
 * @param items shape [n], n >= 1
 * @param joins whether rows of several may share a run
 */
export function runPipelineBatch(batch: LeavingBatch, items: readonly PipelineItem[], joins: boolean): void {
  const work = { type: 'pipeline', inputs: items.map((item) => item.input), joins } as const;
  runInExecutor(work, items, batch, (reply, travel) => {
    if (reply.type !== 'pipelined') throw new Error(`the executor gave ${reply.type}, expected answers`);
    settle(batch, items, reply, travel);
  });
}

function settle(
  batch: LeavingBatch,
  items: readonly PipelineItem[],
  reply: PipelinedReply,
  travel: TravelTimes,
): void {
  reply.runs.forEach((run, index) => {
    noteRun(
      batch,
      items.filter((_, item) => reply.results[item]?.run === index),
      run,
    );
  });
  items.forEach((item, index) => {
    const result = reply.results[index] as PipelineResult;
    item.trace?.replay(marksOf(item, batch, result, reply, travel));
    item.trace?.enter('postprocess');
    const { answer } = result;
    if (answer instanceof Uint8Array) item.resolve(deserialize(answer));
    else item.reject(errorOf(answer));
  });
}

function errorOf(failure: HookFailure | RunFailure): InferometerError {
  return 'hook' in failure ? hookError(failure) : runError(failure);
}

/** When a request was in which phase; waiting for the others of its batch counts as being batched. */
function marksOf(
  { enqueued }: PipelineItem,
  { dispatched }: LeavingBatch,
  { preprocessStart, preprocessEnd, run: index }: PipelineResult,
  { runs, replied }: PipelinedReply,
  { sent, received }: TravelTimes,
): Mark[] {
  const run = index === undefined ? undefined : runs[index];
  return [
    { at: enqueued, phase: 'queue' },
    { at: dispatched, phase: 'batch' },
    { at: sent, phase: 'transfer' },
    { at: preprocessStart, phase: 'preprocess' },
    ...(run
      ? ([
          { at: preprocessEnd, phase: 'batch' },
          { at: run.runStart, phase: 'run' },
          { at: run.runEnd, phase: 'postprocess' },
        ] as const)
      : ([{ at: preprocessEnd, phase: 'postprocess' }] as const)),
    { at: replied, phase: 'transfer' },
    { at: received, phase: 'postprocess' },
  ];
}
